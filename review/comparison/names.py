"""Names that templates give to resources: CloudFormation cannot make two resources of one name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cfn.marks import unmarked
from cfn.names import NAMINGS, value_at
from review.comparison.difference import Difference

# The versions of a layer share its name, so a new version needs no other name.
_SHARES_ITS_NAME = "AWS::Lambda::LayerVersion"


def name_property(resource_type: str, properties: Any) -> str | None:
    """The property with which the template names the resource, as a path: ``TableName``; None if it has no name."""
    return next((path for path in _paths(resource_type) if value_at(properties, path) is not None), None)


def _paths(resource_type: str) -> tuple[str, ...]:
    """The properties that can name a resource: from the table, or for a type that it lacks, by AWS's conventions."""
    if resource_type == _SHARES_ITS_NAME:
        return ()
    if resource_type in NAMINGS:
        return NAMINGS[resource_type].paths
    last = resource_type.rsplit("::", 1)[-1]
    return (f"{last}Name", f"{last}Identifier", "Name")


def _parent(resource_type: str) -> str:
    """The property with the resource inside which the name is unique; empty for a name of an account or a region."""
    return NAMINGS[resource_type].within if resource_type in NAMINGS else ""


def name_of(resource_type: str, properties: Any) -> str | None:
    """The name in the template. None if CloudFormation chooses it, or if only the deployment knows it.

    A name that is unique only inside another resource follows the id of that resource: ``a1b2c3/live`` for a stage.
    """
    path, parent = name_property(resource_type, properties), _parent(resource_type)
    name = None if path is None else value_at(properties, path)
    if not isinstance(name, str):
        return None
    return f"{unmarked(value_at(properties, parent))}/{name}" if parent else name


def fixed_name(resource_type: str, properties: Any, differences: Iterable[Difference]) -> str | None:
    """The property that names the resource, if none of the differences changes it.

    A name is also free if the resource moves into another one inside which the name is unique.
    """
    name = name_property(resource_type, properties)
    if name is None:
        return None
    changing = {f"Properties/{path}" for path in (name, name.split("/")[0], _parent(resource_type))}
    return None if any(difference.path in changing for difference in differences) else name
