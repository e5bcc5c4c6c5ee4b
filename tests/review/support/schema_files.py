"""Which changes replace a resource, read from cfn-lint's schema files without the review.

It compares the values of both sides at each pointer of the schema, not differences. So a fault in how the review finds or
places a difference cannot be in both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cfn.text import is_function

ITEM = "*"
REGION = "us-east-1"

Pointer = tuple[str, ...]


@dataclass(frozen=True)
class Pointers:
    """The places whose change replaces a resource of a type, always or sometimes."""

    always: frozenset[Pointer]
    sometimes: frozenset[Pointer]


@cache
def pointers(resource_type: str) -> Pointers:
    """The pointers of a type.

    An update must keep the primary identifier, so what a template can set of it may replace the resource too:
    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html
    """
    schema = _schema(resource_type)
    identifier = _listed(schema, "primaryIdentifier") - _listed(schema, "readOnlyProperties")
    return Pointers(
        always=_listed(schema, "createOnlyProperties"),
        sometimes=_listed(schema, "conditionalCreateOnlyProperties") | identifier,
    )


def replacement(resource_type: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Whether other properties replace a resource: ``yes``, ``possible`` or ``no``.

    ``possible`` is also the answer if a function stands where an object holds a create-only property: only CloudFormation
    knows the property's value.
    """
    found = pointers(resource_type)
    answers = {_changes(pointer, before, after) for pointer in found.always}
    answers |= {"possible" for pointer in found.sometimes if _changes(pointer, before, after) != "no"}
    return next((answer for answer in ("yes", "possible") if answer in answers), "no")


def _changes(pointer: Pointer, before: Any, after: Any) -> str:
    old, new = (list(_values(side, pointer)) for side in (before, after))
    if old == new:
        return "no"
    return "possible" if any(is_hidden for is_hidden, _ in (*old, *new)) else "yes"


def _values(value: Any, pointer: Pointer) -> Iterator[tuple[bool, str]]:
    """The values at a pointer, each with whether a function hides what is at the pointer."""
    if not pointer or (is_function(value) and pointer):
        yield bool(pointer), json.dumps(_plain(value), sort_keys=True)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, pointer[1:] if pointer[0] == ITEM else pointer)
    elif isinstance(value, dict) and pointer[0] in value:
        yield from _values(value[pointer[0]], pointer[1:])


def _plain(value: Any) -> Any:
    """The value with the texts that CloudFormation passes on: 5 as "5", true as "true"."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(schema: Mapping[str, Any], key: str) -> frozenset[Pointer]:
    return frozenset(tuple(pointer.split("/")[2:]) for pointer in schema.get(key) or ())


def _schema(resource_type: str) -> Mapping[str, Any]:
    digest = _digests()[resource_type]
    schema: Mapping[str, Any] = json.loads((_folder() / "resources" / f"{digest}.json").read_text("utf-8"))
    return schema


@cache
def _digests() -> Mapping[str, str]:
    digests: Mapping[str, str] = json.loads((_folder() / "providers" / f"{REGION}.json").read_text("utf-8"))
    return digests


@cache
def _folder() -> Path:
    package = find_spec("cfnlint")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data" / "schemas"
