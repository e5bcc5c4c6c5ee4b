"""What the resource types' own schemas say of replacement, identity and order.

AWS describes each resource type by a schema (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html),
and cfn-lint carries them all. ``schema_facts.json`` holds the few facts that the review needs, because importing cfn-lint
takes two and a half seconds. ``python -m tools.schema_facts`` writes it, and a test fails if it differs from the installed
cfn-lint.

The schemas of a type are the same in all regions: regions differ only in which types they have. A type that several regions
described differently would get the strictest facts of all. AWS SAM's types have none, because a transform replaces them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("schema_facts.json")

Pointer = tuple[str, ...]
"""A place below Properties without the indices of lists: ``("BlockDeviceMappings", "Ebs", "KmsKeyId")``."""


@dataclass(frozen=True)
class SchemaFacts:
    """The facts of one resource type.

    Attributes:
        create_only: The properties that CloudFormation can only change by a replacement.
        conditional_create_only: Those whose change replaces the resource sometimes.
        read_only: The attributes that no template can set.
        primary_identifier: The properties and attributes that together identify a resource.
        unordered: The lists whose order has no meaning.
    """

    create_only: frozenset[Pointer] = frozenset()
    conditional_create_only: frozenset[Pointer] = frozenset()
    read_only: frozenset[Pointer] = frozenset()
    primary_identifier: frozenset[Pointer] = frozenset()
    unordered: frozenset[Pointer] = frozenset()


@cache
def facts_of(resource_type: str) -> SchemaFacts | None:
    """The facts of a type; None for a type without a schema, such as one newer than cfn-lint."""
    fields = _table().get(resource_type)
    if fields is None:
        return None
    return SchemaFacts(**{name: frozenset(map(to_pointer, paths)) for name, paths in fields.items()})


def order_matters(resource_type: str, path: str) -> bool:
    """Whether the order of a list has a meaning.

    Args:
        resource_type: The type of the resource.
        path: The place of the list in the resource: ``Properties/SecurityGroupIngress``. Indices are left out.

    Returns:
        False only for a list whose schema says so (``insertionOrder: false``), and for the tags of a resource. Unique
        items alone make an ordered set: https://github.com/aws-cloudformation/cloudformation-resource-schema#insertionorder
    """
    section, _, place = path.partition("/")
    facts = facts_of(resource_type)
    return section != "Properties" or facts is None or to_pointer(place) not in facts.unordered


def to_pointer(path: str) -> Pointer:
    """The pointer of a path below Properties: ``Rules/0/Id`` gives ``("Rules", "Id")``."""
    return tuple(part for part in path.split("/") if part and not part.isdigit())


def is_within(pointer: Pointer, others: Iterable[Pointer]) -> bool:
    """Whether a pointer is one of the others or leads to a place below one of them."""
    return any(pointer[: len(other)] == other for other in others)


@cache
def _table() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The paths of each fact by type; read once, and only if a review needs it."""
    table: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return table
