"""The properties of resource types, as cfn-lint's schemas have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"
ITEM, KEY = "*", "{}"
"""The step into a list, and the step into a mapping with free names."""

Path = tuple[str, ...]
_COMBINATIONS = ("oneOf", "anyOf", "allOf")


@cache
def types() -> frozenset[str]:
    """All resource types."""
    return frozenset(PROVIDER_SCHEMA_MANAGER.get_resource_types(REGION))


@cache
def properties(resource_type: str) -> Mapping[Path, Mapping[str, Any]]:
    """Every property of a type with its schema, by its path. What is read only is left out."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    read_only = {tuple(pointer.split("/")[2:]) for pointer in schema.get("readOnlyProperties", [])}
    found = _below(schema, {"properties": schema["properties"]}, (), frozenset())
    return {path: content for path, content in found if path not in read_only}


def _below(
    root: Mapping[str, Any], node: Mapping[str, Any], path: Path, seen: frozenset[str]
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    reference = node.get("$ref", "")
    node = _resolved(root, node)
    if path:
        yield path, node
    if reference in seen:
        return
    seen |= {reference} - {""}
    for name, child in _children(root, node).items():
        yield from _below(root, child, (*path, name), seen)


def _children(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    children = dict(node.get("properties", {}))
    for combination in _COMBINATIONS:
        for option in node.get(combination, []):
            children = {**_resolved(root, option).get("properties", {}), **children}
    if isinstance(node.get("items"), Mapping):
        children[ITEM] = node["items"]
    for child in node.get("patternProperties", {}).values():
        children[KEY] = child
    return {name: child for name, child in children.items() if isinstance(child, Mapping)}


def _resolved(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while str(node.get("$ref", "")).startswith("#/"):
        target: Any = root
        for step in node["$ref"][2:].split("/"):
            target = target[step]
        node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
    return node


@cache
def places_by_name() -> Mapping[str, tuple[tuple[str, Path], ...]]:
    """Every place of every type, by the last name of its path."""
    found: dict[str, list[tuple[str, Path]]] = {}
    for resource_type in sorted(types()):
        for path in properties(resource_type):
            if path[-1] not in (ITEM, KEY):
                found.setdefault(path[-1], []).append((resource_type, path))
    return {name: tuple(places) for name, places in found.items()}


def is_kind(schema: Mapping[str, Any], kind: str) -> bool:
    """Whether a property may be of a JSON type, such as ``boolean``."""
    kinds = schema.get("type", [])
    return kind in ([kinds] if isinstance(kinds, str) else kinds)
