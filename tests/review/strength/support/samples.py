"""A strong and a weak value for each row of the tables, at the place that the schema says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from review.strength.measures import (
    Allows,
    Altered,
    Key,
    Less,
    Levels,
    Measure,
    Members,
    Missing,
    More,
    Off,
    On,
    Present,
    Unordered,
)
from review.strength.rows import Row
from review.strength.tree import ITEM as ITEM_STEP
from tests.review.strength.support.schemas import ITEM, KEY, Path, is_kind, places_by_name, properties

PAIRS = (
    ("Key", "Value"),
    ("Name", "Value"),
    ("ParameterName", "ParameterValue"),
    ("ParameterKey", "ParameterValue"),
    ("Namespace", "OptionName", "Value"),
)
ABSENT = object()


@dataclass(frozen=True)
class Values:
    """A strong and a weak value of a measure, and whether a person has to say which of two is stronger."""

    strong: Any
    weak: Any
    ordered: bool = True


def values(measure: Measure) -> Values | None:
    """Values of a measure; None for one that a function grades, which has tests of its own."""
    match measure:
        case On():
            return Values(True, False)
        case Off():
            return Values(False, True)
        case Present():
            return Values("arn:of:something", ABSENT)
        case Missing():
            return Values(ABSENT, "arn:of:something")
        case Key():
            return Values("arn:aws:kms:us-east-1:111122223333:key/1", ABSENT)
        case More():
            return Values(7, 3)
        case Less():
            return Values(3, 7)
        case Levels(words=words):
            strong, weak = words[-1].split("|")[0], words[0].split("|")[0]
            return Values(strong if len(words) > 1 else "another", weak or ABSENT)
        case Members():
            return Values(["a", "b"], ["a"])
        case Allows():
            return Values(["a"], ["a", "b"])
        case Unordered() | Altered():
            return Values("one", "another", ordered=False)
    return None


def places(resource_type: str, row: Row) -> Iterator[Path]:
    """The full paths, by the schema, of what a row grades."""
    wanted = tuple(step for step in row.steps if step != ITEM_STEP)
    for path, schema in properties(resource_type).items():
        plain = tuple(step for step in path if step not in (ITEM, KEY))
        if plain[-len(wanted) :] == wanted:
            yield path
        yield from _inside(resource_type, path, plain, schema, wanted)


def _inside(resource_type: str, path: Path, plain: Path, schema: Mapping[str, Any], wanted: Path) -> Iterator[Path]:
    """The paths of names that are in no schema: of a mapping with free names, a list of pairs, or JSON."""
    for length in range(1, len(wanted)):
        if plain[-length:] != wanted[:length] or path[-1:] == (ITEM,):
            continue
        if _is_open(properties(resource_type), path, schema):
            yield (*path, *wanted[length:])


def _is_open(below: Mapping[Path, Any], path: Path, schema: Mapping[str, Any]) -> bool:
    """Whether a property may have names that are not in the schema."""
    if (*path, KEY) in below or any({(*path, ITEM, name) for name in pair} <= below.keys() for pair in PAIRS):
        return True
    return is_kind(schema, "object") and not any(other[: len(path)] == path and other != path for other in below)


def types_of(row: Row) -> Sequence[str]:
    """The types of a row; of one for every type, those that have the property."""
    if row.types:
        return row.types
    return list(dict.fromkeys(name for name, path in places_by_name().get(row.steps[-1], ())))


def document(path: Path, value: Any) -> dict[str, Any]:
    """Properties with a value at a path."""
    content = value
    for step in reversed(path):
        if step == ITEM:
            content = [] if content is ABSENT else [{**content, **_IDENTITY} if isinstance(content, dict) else content]
        elif content is ABSENT:
            content = {}
        else:
            content = {step if step != KEY else "any": content}
    return {} if content is ABSENT else dict(content)


_IDENTITY = {"Id": "the-one"}
