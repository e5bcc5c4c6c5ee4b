"""The document, and validators of its schemas."""

from __future__ import annotations

from typing import Any

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tools.openapi.document import build

URI = "urn:document"
DOCUMENT = build()


def validator(schema_name: str) -> Any:
    """Return a validator of one of the document's schemas."""
    resource = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(URI, resource)
    reference = {"$ref": f"{URI}#/components/schemas/{schema_name}"}
    return jsonschema.Draft202012Validator(reference, registry=registry, format_checker=jsonschema.FormatChecker())
