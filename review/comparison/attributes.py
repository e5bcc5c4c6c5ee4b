"""Whether an attribute of a resource changes when CloudFormation updates the resource in place.

An attribute counts as unchanged only if that is known. CloudFormation's contract with the types knows two cases
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html): an update keeps the
primary identifier, and a property has exactly the value that the template gives. The ARN and the id of the resource itself
stay too. ``return_values`` has what else is known, and the exceptions. Every other attribute may change.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfn.marks import State
from cfn.types import is_custom
from review.comparison.difference import Difference
from review.resource_types.return_values import FIXED, RETURN_VALUES, UNKNOWN, Source
from review.resource_types.schema_facts import Pointer, SchemaFacts, facts_of, is_within, to_pointer


def attribute_state(resource_type: str, attribute: str, differences: Iterable[Difference]) -> State:
    """Whether an attribute changes with a resource that is updated in place.

    Args:
        resource_type: The type of the resource.
        attribute: The name of the attribute: ``Endpoint.Port``; "" for ``Ref``.
        differences: The changes of the resource. Those outside of its properties do not reach it.
    """
    source = source_of(resource_type, attribute)
    states = [_state_after(difference, source) for difference in differences if _is_of_property(difference)]
    return max(states, default=State.SAME)


def property_of(resource_type: str, attribute: str) -> Pointer | None:
    """The property whose value an attribute has; None for an attribute that no template can set."""
    facts = None if is_custom(resource_type) else facts_of(resource_type)
    if facts is None or not attribute:
        return None
    source = _reviewed(resource_type, attribute)
    if source is not None:
        return None if source.equals is None else to_pointer(source.equals)
    pointer = _pointer(attribute)
    return None if is_within(pointer, facts.read_only) else pointer


def source_of(resource_type: str, attribute: str) -> Source:
    """What an attribute depends on; ``UNKNOWN`` if every change of the resource may change it."""
    reviewed = _reviewed(resource_type, attribute)
    if reviewed is not None:
        return reviewed
    if is_custom(resource_type):
        return UNKNOWN  # its function may answer with other values, and with another id
    if not attribute:
        return FIXED
    facts = facts_of(resource_type)
    return FIXED if facts is not None and _is_fixed(resource_type, _pointer(attribute), facts) else UNKNOWN


def _reviewed(resource_type: str, attribute: str) -> Source | None:
    values = RETURN_VALUES.get(resource_type)
    return None if values is None else values.sources.get(attribute)


def _is_fixed(resource_type: str, pointer: Pointer, facts: SchemaFacts) -> bool:
    """Whether an attribute identifies the resource, so that only a replacement changes it.

    The name of a resource is not among them: many types can change it.
    """
    read_only = is_within(pointer, facts.read_only)
    if pointer in facts.primary_identifier or (is_within(pointer, facts.create_only) and not read_only):
        return True
    last = resource_type.rsplit("::", 1)[-1].lower()
    return read_only and "/".join(pointer).lower() in ("arn", "id", f"{last}arn", f"{last}id")


def _pointer(attribute: str) -> Pointer:
    return tuple(attribute.split("."))


# ---- changes --------------------------------------------------------------------------------------------------------


def _is_of_property(difference: Difference) -> bool:
    return difference.path.startswith("Properties/")


def _state_after(difference: Difference, source: Source) -> State:
    """The state of an attribute after one change of a property."""
    place = to_pointer(difference.path.removeprefix("Properties/"))
    if any(_touches(place, name) for name in source.surely):
        return difference.state
    if any(_touches(place, name) for name in source.possible):
        return min(difference.state, State.POSSIBLE)
    return State.SAME


def _touches(place: Pointer, name: str) -> bool:
    """Whether a place is at, above or below a property; every place is below ``ANY_PROPERTY``."""
    pointer = to_pointer(name)
    length = min(len(place), len(pointer))
    return place[:length] == pointer[:length]
