"""What the review must say of one edit and of its reversal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfn.marks import State
from review.comparison.difference import Difference, Kind
from review.findings import permissions, strength
from review.findings.finding import Label
from review.resource_types.holds import HOLDS
from tests.review.strength.support.platforms import Resource
from tests.review.support.committed_resources import Entries, entry, logical_id, neighbours, reviewed
from tests.review.support.patch import apply, meaning
from tests.review.support.schema_files import replacement
from tests.review.support.single_edits import Edit, Path

KEPT = ("Retain", "RetainExceptOnCreate")
"""A removal under these policies loses nothing; the review asks for a look."""
VERDICTS = ("fine", "look", "blocked")
PERMISSIONS = frozenset(finding.code for finding in permissions.FINDINGS)


def faults(edit: Edit) -> Iterator[str]:
    """Everything that the review says wrong about an edit and its reversal; empty if all is right."""
    around, name = neighbours(edit.resource.name), logical_id(edit.resource)
    before, after = ({**around, name: side} for side in (edit.before, edit.after))
    forward, backward = _Reviewed.of(name, before, after), _Reviewed.of(name, after, before)
    for direction in (forward, backward):
        yield from direction.faults(edit)
    yield from _label_faults(forward, backward)


def removal_faults(resource: Resource) -> Iterator[str]:
    """Everything that the review says wrong about the removal of a resource and its return."""
    around, name = neighbours(resource.name), logical_id(resource)
    there = {**around, name: entry(resource)}
    forward, backward = _Reviewed.of(name, there, around), _Reviewed.of(name, around, there)
    yield from forward.verdict_faults()
    kept = resource.attributes.get("DeletionPolicy", "Delete") in KEPT
    if resource.type in HOLDS and _is_less(forward.change["verdict"], "look" if kept else "blocked"):
        yield f"the removal is {forward.change['verdict']}"
    yield from _label_faults(forward, backward)


@dataclass(frozen=True)
class _Reviewed:
    """The review of one direction."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    document: Mapping[str, Any]
    change: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, before: Entries, after: Entries) -> _Reviewed:
        document = reviewed(before, after)
        (change,) = (change for change in document["changes"] if change["logicalId"] == name)
        return cls(before.get(name, {}), after.get(name, {}), document, change)

    @property
    def differences(self) -> list[Difference]:
        return [
            Difference(one["path"], one["before"], one["after"], State.CHANGED, one["flows"], Kind(one["kind"]))
            for one in self.change["properties"]
        ]

    def faults(self, edit: Edit) -> Iterator[str]:
        yield from self._replacement_faults()
        yield from self.verdict_faults()
        yield from self._path_faults(edit.path)

    def _replacement_faults(self) -> Iterator[str]:
        expected = replacement(self.change["type"], self.before["Properties"], self.after["Properties"])
        if self.change["replacement"] != expected:
            yield f"replacement {self.change['replacement']}, the schema says {expected}"
        if self.change["certainty"] != "certain":
            yield f"the change is {self.change['certainty']}"

    def verdict_faults(self) -> Iterator[str]:
        verdicts = [finding["verdict"] for finding in self.change["findings"]]
        if self.change["verdict"] != max(verdicts, key=VERDICTS.index, default="fine"):
            yield f"verdict {self.change['verdict']} of findings {verdicts}"
        least = {"yes": "blocked", "possible": "look", "no": "fine"}[self.change["replacement"]]
        if self.change["type"] in HOLDS and _is_less(self.change["verdict"], least):
            yield f"replacement {self.change['replacement']} is {self.change['verdict']}"
        if _is_less(self.document["verdict"], self.change["verdict"]):
            yield f"the review is {self.document['verdict']}, the change {self.change['verdict']}"

    def _path_faults(self, path: Path) -> Iterator[str]:
        own = [difference for difference in self.differences if not difference.flows]
        for difference in own:
            if not _is_about(difference.path, path):
                yield f"names {difference.path}"
        if meaning(apply(self.before, own)) != meaning(self.after):
            yield f"the differences do not give the edited resource: {own}"

    @property
    def labels(self) -> Counter[tuple[str, str]]:
        """How often each code has each label."""
        return Counter(
            (finding["code"], finding["label"]) for finding in self.change["findings"] if finding["label"] is not None
        )


def _is_less(verdict: str, other: str) -> bool:
    return VERDICTS.index(verdict) < VERDICTS.index(other)


def _is_about(named: str, path: Path) -> bool:
    """Whether a difference is at, above or below the edited path. Items of a list have no names, so the list counts."""
    edited = [str(step).replace("~", "~0").replace("/", "~1") for step in path]
    first_index = next((index for index, step in enumerate(path) if isinstance(step, int)), len(path))
    steps, wanted = named.split("/"), edited[:first_index]
    return steps[: len(wanted)] == wanted or wanted[: len(steps)] == steps


def _label_faults(forward: _Reviewed, backward: _Reviewed) -> Iterator[str]:
    undecided = {strength.MAY_BE_WEAKER.code}
    if permissions.UNKNOWN.code in {code for code, _ in (*forward.labels, *backward.labels)}:
        undecided |= PERMISSIONS
    there, back = (_comparable(side.labels, undecided) for side in (forward, backward))
    opposite = Counter({(code, str(Label(label).opposite)): count for (code, label), count in there.items()})
    if opposite != back:
        yield f"labels {dict(there)}, of the reversal {dict(back)}"


def _comparable(labels: Counter[tuple[str, str]], undecided: Container[str]) -> Counter[tuple[str, str]]:
    """The labels whose reversal is known, those of permissions under one code.

    A graver code stands for broader permissions, and has no reverse of its own.
    """
    result: Counter[tuple[str, str]] = Counter()
    for (code, label), count in labels.items():
        if code in undecided:
            continue
        if code in PERMISSIONS:
            result[permissions.BROADER.code, label] = 1
        else:
            result[code, label] += count
    return result
