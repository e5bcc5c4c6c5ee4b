"""Changes of one resource, and what a set of findings says."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from review.findings.finding import Direction, Label, Remark, Verdict

REMOVED = object()
"""The value of a property that is removed."""

Path = Sequence[str | int]


def changed(properties: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The properties with another value at a path; without it if the value is ``REMOVED``."""
    copied: Any = copy.deepcopy(dict(properties))
    *parents, last = path
    node = copied
    for step in parents:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[_index(node, step)]
    last = _index(node, last)
    if value is REMOVED:
        del node[last]
    else:
        node[last] = value
    return dict(copied)


def _index(node: Any, step: str | int) -> str | int:
    """The position of a policy statement that the step names by its Sid; any other step itself."""
    if isinstance(node, list) and isinstance(step, str):
        return next(index for index, statement in enumerate(node) if statement.get("Sid") == step)
    return step


def steps(path: str) -> list[str | int]:
    """The steps of a path; a number is a position in a list, a name within a list the Sid of a statement."""
    return [int(step) if step.isdigit() else step for step in path.split("/")]


@dataclass(frozen=True)
class Summary:
    """What findings say in short: their codes, directions, labels and the heaviest verdict."""

    codes: frozenset[str]
    directions: frozenset[Direction]
    labels: frozenset[Label]
    verdict: Verdict


def summary(remarks: Iterable[Remark]) -> Summary:
    """The summary of findings, all of which have a label."""
    listed = list(remarks)
    labels = frozenset(remark.label for remark in listed if remark.label is not None)
    assert len([remark for remark in listed if remark.label is None]) == 0
    return Summary(
        codes=frozenset(remark.code for remark in listed),
        directions=frozenset(label.direction for label in labels),
        labels=labels,
        verdict=max((remark.verdict for remark in listed), default=Verdict.FINE),
    )
