"""The OpenAPI document as the builders generate it, and validators of its schemas."""

from __future__ import annotations

from typing import Any

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from openapi.document import build

URI = "urn:document"
DOCUMENT = build()


def validator(name: str) -> Any:
    """A validator of one schema of the document."""
    resource = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(URI, resource)
    reference = {"$ref": f"{URI}#/components/schemas/{name}"}
    return jsonschema.Draft202012Validator(reference, registry=registry, format_checker=jsonschema.FormatChecker())
