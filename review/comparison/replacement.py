"""Which changes replace their resource, by the schemas of the resource types, and which types hold data.

The schemas name the create-only properties (``review.resource_types.schema_facts``). So the review knows a replacement without
a call, and can report a replacement that CloudFormation lists and will not make.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any

from cfn.text import is_function
from cfn.types import is_custom
from review.comparison.difference import Difference
from review.resource_types.holds import HOLDS
from review.resource_types.schema_facts import Pointer, SchemaFacts, facts_of, to_pointer


class Replacement(IntEnum):
    """Whether a change creates a new resource and deletes the old one, ordered by weight."""

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2


STATEFUL = frozenset(HOLDS)
"""The types whose deletion loses data, identity or evidence."""


def replaces(resource_type: str, differences: Iterable[Difference]) -> Replacement:
    """Whether some changes replace the resource, if they happen.

    Args:
        resource_type: The type of the resource.
        differences: The changes. Only those of properties count.

    Returns:
        POSSIBLE for a custom resource, which is replaced if its function answers with another id, and for a type without
        a schema, such as one newer than cfn-lint.
    """
    facts = None if is_custom(resource_type) else facts_of(resource_type)
    if facts is None:
        return Replacement.POSSIBLE
    sometimes = _sometimes_create_only(facts)
    weights = [Replacement.NO]
    for difference in differences:
        weights += [_changes(difference, pointer) for pointer in facts.create_only]
        weights += [min(_changes(difference, pointer), Replacement.POSSIBLE) for pointer in sometimes]
    return max(weights)


def _sometimes_create_only(facts: SchemaFacts) -> frozenset[Pointer]:
    """The properties whose change may replace the resource.

    An update must keep the primary identifier, so a property that is part of it cannot always change in place:
    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html
    """
    return facts.conditional_create_only | (facts.primary_identifier - facts.read_only)


# ---- the value at a pointer -----------------------------------------------------------------------------------------

_UNKNOWN = object()


def _changes(difference: Difference, pointer: Pointer) -> Replacement:
    """Whether a difference changes the value at a pointer: CERTAIN, NO, or POSSIBLE where the value is not known."""
    section, _, path = difference.path.partition("/")
    place = to_pointer(path)
    if section != "Properties":
        return Replacement.NO
    if place[: len(pointer)] == pointer:
        return Replacement.CERTAIN
    if place != pointer[: len(place)]:
        return Replacement.NO
    below = pointer[len(place) :]
    before, after = (list(_values_at(value, below)) for value in (difference.before, difference.after))
    if difference.flows or _UNKNOWN in before or _UNKNOWN in after:
        return Replacement.POSSIBLE
    return Replacement.NO if before == after else Replacement.CERTAIN


def _values_at(value: Any, pointer: Pointer) -> Iterator[Any]:
    """The values at a pointer below a value, in a list those of each item; ``_UNKNOWN`` below a function."""
    if isinstance(value, list):
        for item in value:
            yield from _values_at(item, pointer)
    elif value is None or not pointer:
        yield from () if value is None else (value,)
    elif isinstance(value, dict) and not is_function(value):
        yield from _values_at(value.get(pointer[0]), pointer[1:])
    else:
        yield _UNKNOWN
