"""The row of a table: of which types it grades what, by which measure, and which finding a change of strength is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from review.findings.finding import Remark, ReviewFinding
from review.findings.strength import MAY_BE_WEAKER
from review.strength.measures import Measure, On, at
from review.strength.order import Outcome, Rank, compare
from review.strength.tree import Place
from review.strength.values import UNKNOWN, same, shown

ANY: tuple[str, ...] = ()
"""The types of a row that holds for every type with such a property."""


class Without(Enum):
    """What it means that one side has no such resource, or no such item of a list."""

    NOT_COMPARED = "not compared"
    """There is nothing to compare: what is new is as it is, and what is removed is another finding."""
    SAFE = "safe"
    """The property is a risk, which cannot exist without the thing that has it."""
    DEFAULT = "default"
    """An item that is missing means that its settings have their defaults. For a resource: not compared."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        types: The resource types; ``ANY`` for every type that has the property.
        path: The end of the path of the property, ``A/B``; empty for the resource as a whole. A path that ends with ``*``
            is that of each item of a list.
        measure: How strong a value is.
        finding: What a change of strength is.
        without: What it means that one side has no such resource or item.
        shows: The properties that the finding prints, if the measure looks at several below the path.
    """

    types: Sequence[str]
    path: str
    measure: Measure
    finding: ReviewFinding
    without: Without = Without.NOT_COMPARED
    shows: Sequence[str] = ()
    steps: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.path.split("/")) if self.path else ())

    def is_for(self, place: Place) -> bool:
        """Whether the row grades the place."""
        return self.steps == place.path[len(place.path) - len(self.steps) :] if self.steps else not place.path

    def remarks(self, place: Place) -> Iterator[Remark]:
        """The findings of a place that differs."""
        if self.shows and place.existed and place.exists and not self._shown_differs(place):
            return
        before = self._rank(place.before, place.existed, place)
        after = self._rank(place.after, place.exists, place)
        if before is None or after is None:
            return
        outcome = compare(before, after, self.measure.bounds)
        if outcome is not Outcome.EQUAL:
            yield from remarks(self.finding, outcome, self._values(place))

    def _shown_differs(self, place: Place) -> bool:
        return any(not same(at(place.before, path), at(place.after, path)) for path in self.shows)

    def _values(self, place: Place) -> dict[str, str]:
        """What the finding prints of a place."""
        if not self.shows:
            return {"property": place.label, "before": shown(place.before), "after": shown(place.after)}
        label = f"{place.label}/" if place.label else ""
        before, after = ([shown(at(side, path)) for path in self.shows] for side in (place.before, place.after))
        changed = [number for number in range(len(self.shows)) if before[number] != after[number]]
        return {
            "property": ", ".join(label + self.shows[number] for number in changed),
            "before": ", ".join(before[number] for number in changed),
            "after": ", ".join(after[number] for number in changed),
        }

    def _rank(self, value: Any, exists: bool, place: Place) -> Rank | None:
        """The rank of one side; None if there is nothing to compare."""
        if exists:
            return self.measure.rank(value)
        if self.without is Without.SAFE:
            strongest = self.measure.bounds.strongest
            return None if strongest is UNKNOWN else strongest
        if self.without is Without.DEFAULT and place.is_item:
            return self.measure.rank(None)
        return None


def remarks(finding: ReviewFinding, outcome: Outcome, values: dict[str, str]) -> Iterator[Remark]:
    """The findings of an outcome: one for each direction."""
    if Outcome.WEAKER in outcome:
        yield finding.remark(certain=True, **values)
    if Outcome.STRONGER in outcome:
        yield finding.reversed_remark(**values)
    if Outcome.PERHAPS_WEAKER in outcome:
        yield MAY_BE_WEAKER.remark(certain=True, **values)
    if Outcome.PERHAPS_STRONGER in outcome:
        yield MAY_BE_WEAKER.reversed_remark(**values)


def always(_: Any) -> bool:
    """What holds for any properties."""
    return True


@dataclass(frozen=True)
class Presence:
    """A resource that weakens or strengthens the platform by being there.

    Attributes:
        types: The resource types.
        finding: What a change is.
        is_risk: Whether the resource is a risk, such as a route, and no protection, such as an alarm.
        applies: Whether a resource with such properties counts.
    """

    types: Sequence[str]
    finding: ReviewFinding
    is_risk: bool = False
    applies: Callable[[Any], bool] = always

    def remarks(self, resource_type: str, before: Any, after: Any) -> Iterator[Remark]:
        """The findings of a resource that is added (``before`` is None) or removed (``after`` is None)."""
        existed, exists = before is not None, after is not None
        if existed == exists or not self.applies(before if existed else after):
            return
        outcome = compare(existed != self.is_risk, exists != self.is_risk, On().bounds)
        names = {True: "present", False: "none"}
        values = {"property": resource_type, "before": names[existed], "after": names[exists]}
        yield from remarks(self.finding, outcome, values)


def covers(rows: Iterable[Row], place: Place, finding: ReviewFinding) -> bool:
    """Whether one of the rows grades the place, or one above it, and has the finding."""
    paths = [place.path[:length] for length in range(len(place.path) + 1)]
    return any(
        row.finding is finding and row.steps and any(path[len(path) - len(row.steps) :] == row.steps for path in paths)
        for row in rows
    )


Entry = tuple[str | Sequence[str], str | Sequence[str], Measure]
"""Types, paths and the measure of their values."""


def table(
    finding: ReviewFinding, *entries: Entry, without: Without = Without.NOT_COMPARED, shows: Sequence[str] = ()
) -> tuple[Row, ...]:
    """The rows of one finding: a row for each path of each entry."""
    return tuple(
        Row(_several(types), path, measure, finding, without, shows)
        for types, paths, measure in entries
        for path in _several(paths)
    )


def _several(names: str | Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names
