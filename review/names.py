"""Names that templates give to resources: CloudFormation cannot make two resources of one name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cfn.types import name_path
from review.difference import Difference

# Types for which the review uses the conventions and not the table. The versions of a layer share one name, so a new
# version does not need another.
_BY_CONVENTION = frozenset(
    {
        "AWS::Backup::BackupPlan",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Glue::Database",
        "AWS::Lambda::LayerVersion",
    }
)


def name_property(resource_type: str, properties: Any) -> str | None:
    """The property with which the template names the resource, as a path: ``TableName``; None if it has no name."""
    path = () if resource_type in _BY_CONVENTION else name_path(resource_type)
    candidates = [path] if path else _conventions(resource_type)
    return next(("/".join(path) for path in candidates if _at(properties, path) is not None), None)


def _conventions(resource_type: str) -> list[tuple[str, ...]]:
    last = resource_type.rsplit("::", 1)[-1]
    return [(f"{last}Name",), (f"{last}Identifier",), ("Name",)]


def name_of(resource_type: str, properties: Any) -> Any:
    """The name in the template; None if CloudFormation chooses it."""
    name = name_property(resource_type, properties)
    return None if name is None else _at(properties, name.split("/"))


def fixed_name(resource_type: str, properties: Any, differences: Iterable[Difference]) -> str | None:
    """The property that names the resource, if none of the differences changes it."""
    name = name_property(resource_type, properties)
    if name is None:
        return None
    changing = {f"Properties/{name}", f"Properties/{name.split('/')[0]}"}
    return None if any(difference.path in changing for difference in differences) else name


def _at(properties: Any, path: Sequence[str]) -> Any:
    value = properties
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
