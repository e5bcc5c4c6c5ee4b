"""Walks two sides of a resource together and gives every place with the value on each side.

Items of a list are matched by what names them, so that a rule that moves is still the same rule. A list of pairs, such as
``{Key, Value}`` of a load balancer's attributes, is read as the mapping that it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from review.strength.values import canonical, is_function, same

ITEM = "*"
"""The last step of the path of an item of a list."""

_PAIRS = (
    ("Key", "Value"),
    ("Name", "Value"),
    ("ParameterName", "ParameterValue"),
    ("ParameterKey", "ParameterValue"),
    ("Namespace", "OptionName", "Value"),
)
# What names an item in the lists of CloudFormation. A combination comes before its parts.
_NAMES = (
    ("ResourcePath", "HttpMethod"),
    ("HttpMethod", "Path"),
    ("Name",),
    ("RuleName",),
    ("Id",),
    ("ID",),
    ("PathPattern",),
    ("DeviceName",),
    ("VirtualName",),
    ("DeviceIndex",),
    ("IndexName",),
    ("AttributeName",),
    ("AllocationIdentifier",),
    ("Region",),
    ("RegionName",),
    ("LogType",),
    ("TargetName",),
    ("ListenerPort",),
    ("LoadBalancerPort",),
    ("HeaderName",),
    ("Field",),
    ("ProviderName",),
    ("StreamName",),
    ("RuleGroupName",),
    ("ResourceArn",),
    ("ArnOfRule",),
)


@dataclass(frozen=True)
class Place:
    """One place of a resource.

    Attributes:
        path: The steps to it without the positions in lists; the path of an item itself ends with ``*``.
        label: The place as a finding prints it.
        before: The value before the change, or None.
        after: The value after the change, or None.
        existed: Whether the resource, and the item of a list that the place is in, existed before.
        exists: Whether they exist after the change.
        is_item: Whether a side lacks an item of a list, and not the whole resource.
    """

    path: tuple[str, ...]
    label: str
    before: Any
    after: Any
    existed: bool = True
    exists: bool = True
    is_item: bool = False

    @property
    def differs(self) -> bool:
        """Whether the values differ, or one of the sides lacks what the place is in."""
        return self.existed != self.exists or not same(self.before, self.after)


def places(before: Any, after: Any, *, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """Every place at which two sides differ, the whole first. A side that does not exist is None."""
    yield from _walk(Place(path, "/".join(path), before, after, before is not None, after is not None))


def _walk(place: Place) -> Iterator[Place]:
    if not place.differs:
        return
    yield place
    before, after = _mapping(place.before), _mapping(place.after)
    if before is not None or after is not None:
        for key in [*(before or {}), *(key for key in after or {} if key not in (before or {}))]:
            yield from _walk(_step(place, str(key), _child(place.before, before, key), _child(place.after, after, key)))
    elif _is_list_of_mappings(place.before) or _is_list_of_mappings(place.after):
        yield from _walk_items(place)


def _step(place: Place, key: str, before: Any, after: Any) -> Place:
    path = (*place.path[:-1], key) if place.path[-1:] == (ITEM,) else (*place.path, key)
    label = f"{place.label}/{key}" if place.label else key
    return replace(place, path=path, label=label, before=before, after=after)


def _child(side: Any, mapping: Mapping[str, Any] | None, key: str) -> Any:
    """The value of a key. What is inside of a function that is not resolved is not resolved either."""
    return mapping.get(key) if mapping is not None else side if is_function(side) else None


def _mapping(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return None if is_function(value) else value
    return _pairs(value)


def _pairs(value: Any) -> Mapping[str, Any] | None:
    """The mapping that a list of pairs stands for; None for another list."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return None
    for *names, content in _PAIRS:
        fields = {*names, content}
        if all(isinstance(item, Mapping) and set(item) == fields for item in value):
            return {":".join(canonical(item[name]) for name in names): item[content] for item in value}
    return None


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value)


def _walk_items(place: Place) -> Iterator[Place]:
    matched = [*_matched(_list(place.before), _list(place.after))]
    for number, (name, before, after) in enumerate(matched):
        # A function in place of a list may have the item.
        old = place.before if is_function(place.before) else before
        new = place.after if is_function(place.after) else after
        item = replace(
            place,
            path=(*place.path, ITEM),
            label=f"{place.label}/{name or number}",
            before=old,
            after=new,
            existed=place.existed and old is not None,
            exists=place.exists and new is not None,
            is_item=place.is_item or (place.existed and place.exists and (old is None) != (new is None)),
        )
        yield from _walk(item)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


_Match = tuple[str, Any, Any]


def _matched(before: Sequence[Any], after: Sequence[Any]) -> Iterator[_Match]:
    """The items of two lists in pairs: by name if each has a name of its own, or else equal ones and then by position."""
    old_names, new_names = _names(before), _names(after)
    if old_names is not None and new_names is not None:
        old, new = dict(zip(old_names, before, strict=True)), dict(zip(new_names, after, strict=True))
        for name in dict.fromkeys([*old_names, *new_names]):
            yield name, old.get(name), new.get(name)
        return
    rest = [*after]
    left: list[Any] = []
    for item in before:
        twin = next((number for number, other in enumerate(rest) if same(item, other)), None)
        if twin is None:
            left.append(item)
        else:
            rest.pop(twin)
    for number in range(max(len(left), len(rest))):
        one, other = (side[number] if number < len(side) else None for side in (left, rest))
        yield "", one, other


def _names(items: Sequence[Any]) -> list[str] | None:
    """The name of each item; None if an item has none or two have the same."""
    names = [_name(item) for item in items]
    known = [name for name in names if name is not None]
    return known if len(known) == len(set(known)) == len(items) else None


def _name(item: Any) -> str | None:
    if not isinstance(item, Mapping):
        return None
    for keys in _NAMES:
        if all(key in item for key in keys):
            return " ".join(canonical(item[key]) for key in keys)
    return None
