"""A resource's entry in a template: its properties and attributes, resolved, and what differs between two entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from cfn.marks import unmarked
from cfn.resolve import NO_VALUE, Scope
from review.comparison.difference import Difference, differences, path_below, path_steps
from review.resource_types.schema_facts import order_matters

_NAMES = ("Type", "Condition", "DependsOn")  # attributes that hold names, not values


def resolved_entry(scope: Scope, resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's entry, resolved. ``Condition`` and ``DependsOn`` are names, and stay as they are."""
    entry = {key: value if key in _NAMES else scope.resolve(value) for key, value in resource.items()}
    if isinstance(entry.get("DependsOn"), str):
        entry["DependsOn"] = [entry["DependsOn"]]
    return {key: value for key, value in entry.items() if value is not NO_VALUE}


def entry_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """All differences of two entries of one resource, its properties first."""
    order = partial(_order_matters, str(after.get("Type")))
    for path, old, new in _parts(before, after):
        yield from differences(old, new, path, order_matters=order)


def content_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """The content of a resource that is added or removed: one difference for each property and attribute."""
    old, new = before.get("Properties") or {}, after.get("Properties") or {}
    for name in {**old, **new}:
        yield from differences(old.get(name), unmarked(new.get(name)), path_below("Properties", name))
    for name in _attributes(before, after):
        yield from differences(before.get(name), unmarked(after.get(name)), name)


def _parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    yield "Properties", before.get("Properties") or {}, after.get("Properties") or {}
    for name in _attributes(before, after):
        yield name, before.get(name), after.get(name)


def _order_matters(resource_type: str, path: str) -> bool:
    """Whether the order of a list has a meaning: in a policy it has none, and neither has the order of dependencies."""
    steps = path_steps(path)
    return steps != ["DependsOn"] and "Statement" not in steps and order_matters(resource_type, path)


def _attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The attributes of a resource beside its type and properties: ``DependsOn``, ``DeletionPolicy`` and so on."""
    return [name for name in {**before, **after} if name not in ("Type", "Properties")]
