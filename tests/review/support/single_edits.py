"""Every edit of one property of a resource: another value, none, one that only CloudFormation knows, or a new property."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfn.text import is_function
from tests.review.strength.support.platforms import Resource
from tests.review.strength.support.schemas import ITEM, KEY, is_kind, properties
from tests.review.support.committed_resources import ELSEWHERE, entry

Path = tuple[str | int, ...]
ABSENT = object()
UNKNOWN = {"Fn::GetAtt": [ELSEWHERE, "Value"]}
"""What a custom resource answers, so no review without AWS knows it."""
POLICIES = ("Delete", "Retain")


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        path: The place in the resource's entry.
        kind: changed, dropped, added or unknown.
    """

    resource: Resource
    path: Path
    kind: str
    value: Any

    def __str__(self) -> str:
        return f"{self.resource.name}: {self.kind} {'/'.join(map(str, self.path))}"

    @property
    def before(self) -> dict[str, Any]:
        """The entry before the edit."""
        return entry(self.resource)

    @property
    def after(self) -> dict[str, Any]:
        """The entry after it."""
        result = copy.deepcopy(self.before)
        node: Any = result
        *parents, last = self.path
        for step in parents:
            node = node[step]
        if self.value is ABSENT:
            del node[last]
        else:
            node[last] = self.value
        return result


def edits(resource: Resource) -> Iterator[Edit]:
    """Every edit of a resource, in the order of its entry."""
    for path, value in _places(resource.properties, ("Properties",)):
        yield from _edits_of_place(resource, path, value)
    yield from _additions(resource)
    yield from _attribute_edits(resource)


def _places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every place below a value, those within functions left out."""
    if is_function(value):
        return
    steps = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, child in steps:
        yield (*path, step), child
        yield from _places(child, (*path, step))


def _edits_of_place(resource: Resource, path: Path, value: Any) -> Iterator[Edit]:
    if is_function(value):
        yield Edit(resource, path, "changed", "edited")
    elif not isinstance(value, (Mapping, list)):
        yield Edit(resource, path, "changed", _another(value, _schema(resource.type, path)))
    yield Edit(resource, path, "dropped", ABSENT)
    if isinstance(value, (Mapping, list)) or len(path) == 2:
        yield Edit(resource, path, "unknown", UNKNOWN)


def _another(value: Any, schema: Mapping[str, Any]) -> Any:
    """Another value of the same type; one that the schema lists, if it lists any."""
    others = [other for other in schema.get("enum", ()) if str(other) != str(value)]
    if others:
        return others[0]
    text = str(value)
    if text.lower() in ("true", "false"):
        other = text.lower() == "false"
        return other if isinstance(value, bool) else str(other).lower()
    if text.isdigit():
        return type(value)(int(text) + 1)
    return f"{text}-edited"


def _additions(resource: Resource) -> Iterator[Edit]:
    """Every property of the schema that an object of the resource does not have."""
    schemas = properties(resource.type)
    objects = {("Properties",): resource.properties, **dict(_places(resource.properties, ("Properties",)))}
    for path, value in objects.items():
        if isinstance(value, Mapping) and not is_function(value):
            steps = _steps(path)
            for place in schemas:
                if place[:-1] == steps and place[-1] not in (ITEM, KEY) and place[-1] not in value:
                    yield Edit(resource, (*path, place[-1]), "added", _plausible(schemas, place))


def _plausible(schemas: Mapping[tuple[str, ...], Mapping[str, Any]], place: tuple[str, ...]) -> Any:
    """A value of the type that the schema demands. Whether a service takes it is not of interest."""
    schema = schemas[place]
    if schema.get("enum"):
        return schema["enum"][0]
    if is_kind(schema, "array"):
        item = (*place, ITEM)
        return [_plausible(schemas, item) if item in schemas else "added"]
    if is_kind(schema, "boolean"):
        return True
    if is_kind(schema, "integer") or is_kind(schema, "number"):
        return schema.get("minimum", 1)
    children = [other for other in schemas if other[:-1] == place and other[-1] not in (ITEM, KEY)]
    if children:
        wanted = [child for child in children if child[-1] in schema.get("required", ())] or children[:1]
        return {child[-1]: _plausible(schemas, child) for child in wanted}
    return {"added": "added"} if is_kind(schema, "object") else "added"


def _attribute_edits(resource: Resource) -> Iterator[Edit]:
    present = entry(resource)
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        for policy in POLICIES:
            if present.get(name) != policy:
                yield Edit(resource, (name,), "changed" if name in present else "added", policy)
        if name in present:
            yield Edit(resource, (name,), "dropped", ABSENT)


def _schema(resource_type: str, path: Path) -> Mapping[str, Any]:
    return properties(resource_type).get(_steps(path), {})


def _steps(path: Path) -> tuple[str, ...]:
    """The place in the schema of a path that begins with ``Properties``."""
    return tuple(ITEM if isinstance(step, int) else step for step in path[1:])
