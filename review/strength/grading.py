"""Grades the change of one resource: what it makes weaker or broader, and what stronger or narrower."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any

from cfn.marks import unmarked
from review.findings.finding import Remark, ReviewFinding
from review.strength import ports
from review.strength.deletion import policy_remarks
from review.strength.rows import Presence, Row, covers
from review.strength.tables import data, encryption, filters, identity, network, operation, records, transport, watch
from review.strength.tree import Place, places

_TABLES = (data, encryption, filters, identity, network, operation, records, transport, watch)
ROWS: tuple[Row, ...] = tuple(row for table in _TABLES for row in table.ROWS)
PRESENCES: tuple[Presence, ...] = tuple(presence for table in _TABLES for presence in table.PRESENCES)

NOT_GRADED = frozenset({"Tags", "TagList", "TagSpecifications", "Description"})
"""Properties that say nothing of strength, whatever is in them."""


def grade(
    resource_type: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    attributes_before: Mapping[str, Any] | None = None,
    attributes_after: Mapping[str, Any] | None = None,
) -> tuple[Remark, ...]:
    """What a change does to the strength of the platform.

    Args:
        resource_type: The type of the resource.
        before: The resolved properties before the change, also with marks; None if the resource does not exist.
        after: The same after the change.
        attributes_before: The resolved attributes of the resource before the change: DeletionPolicy,
            UpdateReplacePolicy, UpdatePolicy. Others are ignored.
        attributes_after: The same after the change.

    Returns:
        One finding for each property and direction; the change and its reversal have opposite labels. Empty if nothing of
        strength changes.
    """
    old, new = (None if side is None else unmarked(dict(side)) for side in (before, after))
    found = [
        *_presence_remarks(resource_type, old, new),
        *(ports.remarks(resource_type, old, new) if resource_type in ports.TYPES else ()),
        *_row_remarks(resource_type, places(_graded(old), _graded(new))),
        *_attribute_remarks(resource_type, old, new, attributes_before, attributes_after),
    ]
    return tuple(dict.fromkeys(found))


def _graded(properties: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if properties is None:
        return None
    return {name: value for name, value in properties.items() if name not in NOT_GRADED}


def _presence_remarks(resource_type: str, before: Any, after: Any) -> Iterator[Remark]:
    for presence in _presences().get(resource_type, ()):
        yield from presence.remarks(resource_type, before, after)


def _row_remarks(resource_type: str, changed: Iterable[Place]) -> Iterator[Remark]:
    """The findings of the rows, the places above first.

    An object that appears or vanishes is graded as a whole: a function that leaves its VPC loses its security groups too, and
    is not narrower for that.
    """
    whole: list[tuple[str, ReviewFinding]] = []
    for place in changed:
        for row in _rows_of(resource_type, place):
            if any(row.finding is finding and place.label.startswith(f"{label}/") for label, finding in whole):
                continue
            remarks = [*row.remarks(place)]
            yield from remarks
            if remarks and place.label and None in (place.before, place.after):
                whole.append((place.label, row.finding))


def _rows_of(resource_type: str, place: Place) -> Iterator[Row]:
    typed, general = _rows().get(resource_type, {}), _rows()[""]
    last = place.path[-1] if place.path else ""
    yield from (row for row in typed.get(last, ()) if row.is_for(place))
    for row in general.get(last, ()):
        if row.is_for(place) and not covers(chain(*typed.values()), place, row.finding):
            yield row


def _attribute_remarks(
    resource_type: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    attributes_before: Mapping[str, Any] | None,
    attributes_after: Mapping[str, Any] | None,
) -> Iterator[Remark]:
    """The findings of a resource that exists on both sides."""
    if before is None or after is None:
        return
    old, new = (unmarked(dict(attributes or {})) for attributes in (attributes_before, attributes_after))
    yield from policy_remarks(resource_type, before, old, new)
    updates = places({"UpdatePolicy": old.get("UpdatePolicy")}, {"UpdatePolicy": new.get("UpdatePolicy")})
    yield from _row_remarks(resource_type, updates)


@cache
def _rows() -> Mapping[str, Mapping[str, list[Row]]]:
    """The rows by type and by the last step of their path. Those for every type have the empty name as theirs."""
    rows: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in ROWS:
        for resource_type in row.types or ("",):
            rows[resource_type][row.steps[-1] if row.steps else ""].append(row)
    return rows


@cache
def _presences() -> Mapping[str, list[Presence]]:
    presences: defaultdict[str, list[Presence]] = defaultdict(list)
    for presence in PRESENCES:
        for resource_type in presence.types:
            presences[resource_type].append(presence)
    return presences
