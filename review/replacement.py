"""Which properties replace their resource, by the schemas of the resource types, and which types hold data.

cfn-lint carries CloudFormation's resource schemas with ``createOnlyProperties``. So the review knows a replacement
without a call, and can report a replacement that CloudFormation lists and will not make. Loading the schemas takes two
and a half seconds, so the review loads them only if a property of an existing resource changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import cache
from typing import Any

from cfn.types import is_custom
from review.holds import HOLDS


class Replacement(IntEnum):
    """Whether a change creates a new resource and deletes the old one, ordered by weight."""

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2


STATEFUL = frozenset(HOLDS)
"""The types whose deletion loses data, identity or evidence."""


def replaces(resource_type: str, paths: Iterable[str], region: str) -> Replacement:
    """Whether a change of some properties replaces the resource.

    Args:
        resource_type: The type of the resource.
        paths: The changed properties below Properties: ``A/B/0/C``.
        region: The region whose schemas count.

    Returns:
        POSSIBLE for a custom resource, which is replaced if its function answers with another id, and for a type without
        a schema, such as one newer than cfn-lint.
    """
    if is_custom(resource_type):
        return Replacement.POSSIBLE
    create_only = _create_only(resource_type, region)
    if create_only is None:
        return Replacement.POSSIBLE
    always, sometimes = create_only
    changed = list(paths)
    if any(_within(path, always) for path in changed):
        return Replacement.CERTAIN
    return Replacement.POSSIBLE if any(_within(path, sometimes) for path in changed) else Replacement.NO


_Patterns = frozenset[tuple[str, ...]]


def _within(path: str, patterns: _Patterns) -> bool:
    """Whether the path is at, below or above one of the patterns; a change above a property changes it too."""
    parts = tuple(part for part in path.split("/") if not part.isdigit())
    return any(
        all(part == expected for part, expected in zip(parts, pattern, strict=False))
        for pattern in patterns
        if pattern and parts
    )


@cache
def _create_only(resource_type: str, region: str) -> tuple[_Patterns, _Patterns] | None:
    """The properties of a type that always replace and those that sometimes do; None without a schema."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    manager: Any = PROVIDER_SCHEMA_MANAGER
    try:
        schema = manager.get_resource_schema(region, resource_type).schema
    except ResourceNotFoundError:
        return None
    return _paths(schema.get("createOnlyProperties")), _paths(schema.get("conditionalCreateOnlyProperties"))


def _paths(pointers: Any) -> _Patterns:
    """``/properties/A/items/B`` or ``/properties/A/*/B`` -> ("A", "B")."""
    skipped = {"properties", "items", "*", ""}
    return frozenset(tuple(part for part in pointer.split("/") if part not in skipped) for pointer in pointers or ())
