"""Prints a review for people: a tree as text, the same as Markdown for a pull request, and JSON for machines."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cfn.marks import State
from review import codec
from review.difference import Difference
from review.model import Plan
from review.plan_file import without_texts
from review.replacement import Replacement
from review.scripts import changed_lines, is_script, value_text
from review.verdict import Certainty, Review, Reviewed, ValueChange

SIGNS = {"Add": "+", "Remove": "-", "Modify": "~", "Import": "<", "Dynamic": "?"}
MAX_VALUE = 160
MAX_LINES = 60  # of a script that changes
DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")  # a SHA-256; twelve digits tell two apart


def text(review: Review, *, every: bool = False) -> str:
    """The review as a tree. ``every`` also lists each new resource of a new stack and each noise."""
    return "\n".join(_Writer(review, _Plain()).lines(every=every)) + "\n"


def markdown(review: Review) -> str:
    """The review for a pull request's comment."""
    return "\n".join(_Writer(review, _Marked()).lines(every=False)) + "\n"


def as_json(review: Review) -> str:
    """The review as JSON: everything but the templates' texts."""
    document: dict[str, Any] = codec.encode(review)
    document["plan"] = codec.encode(without_texts(review.plan))
    document["summary"] = counts(review)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def counts(review: Review) -> dict[str, int]:
    """How many resources are added, modified, replaced, removed, only possibly changed, and listed for nothing."""
    certain = [one for one in review.real if one.certainty is Certainty.CERTAIN]
    return {
        "add": sum(one.action == "Add" for one in certain),
        "modify": sum(one.action == "Modify" and one.replacement is not Replacement.CERTAIN for one in certain),
        "replace": sum(one.action == "Modify" and one.replacement is Replacement.CERTAIN for one in certain),
        "remove": sum(one.action == "Remove" for one in certain),
        "possible": sum(one.certainty is Certainty.POSSIBLE for one in review.real),
        "noise": len(review.of(Certainty.NOISE)),
        "loses_data": len(review.losses),
        "will_fail": len(review.obstacles),
        "warnings": sum(not one.skipped for one in review.warnings),
    }


def sentence(review: Review) -> str:
    """The counts in words."""
    said = counts(review)
    words = {"add": "to add", "modify": "to change", "replace": "to replace", "remove": "to remove"}
    parts = [f"{said[key]} {word}" for key, word in words.items() if said[key]]
    parts += [f"{said['possible']} that may change"] if said["possible"] else []
    parts = parts or ["nothing changes"]
    noise = f" ({said['noise']} more listed by the service will not change)" if said["noise"] else ""
    return f"{', '.join(parts)}{noise}."


class _Plain:
    """Marks of plain text."""

    def title(self, words: str) -> str:
        return f"\n{words}\n{'-' * len(words)}"

    def item(self, depth: int, words: str) -> str:
        return f"{'  ' * depth}{words}"

    def code(self, words: str) -> str:
        return words


class _Marked:
    """Marks of Markdown."""

    def title(self, words: str) -> str:
        return f"\n### {words}\n"

    def item(self, depth: int, words: str) -> str:
        return f"{'  ' * depth}- {words}"

    def code(self, words: str) -> str:
        return f"`{words}`" if words else ""


class _Writer:
    """Writes the chapters of a review in one set of marks."""

    def __init__(self, review: Review, marks: _Plain | _Marked) -> None:
        self.review, self.marks = review, marks

    def lines(self, *, every: bool) -> Iterator[str]:
        review = self.review
        plan = review.plan
        how = "creates" if plan.kind == "CREATE" else "updates"
        yield f"{plan.platform} {plan.environment}: {how} stack {plan.stack} ({plan.account}, {plan.region})"
        if plan.unchanged:
            yield "No changes: templates and parameters are those of the last deployment. Manual changes are not checked."
            yield from self._values("Settings", review.settings)
            return
        yield sentence(review)
        if not review.service_is_whole and plan.kind == "UPDATE":
            yield "The service gave no change sets of the nested stacks; these are judged by their templates alone."
        yield from self._warnings()
        yield from self._tree(every=every)
        yield from self._chapter("IAM and key policies", [one for one in review.real if one.iam], values=not self._new)
        yield from self._chapter("Network", [one for one in review.real if one.network], values=not self._new)
        yield from self._values("Parameters", review.parameters)
        yield from self._values("Artifacts", review.artifacts)
        yield from self._values("Settings", review.settings)
        if every:
            yield from self._chapter("Listed by the service, but nothing will happen", review.of(Certainty.NOISE))

    @property
    def _new(self) -> bool:
        return self.review.plan.kind == "CREATE"

    def _warnings(self) -> Iterator[str]:
        if self.review.obstacles:
            yield self.marks.title("THIS WILL FAIL")
            for one in self.review.obstacles:
                yield self.marks.item(1, f"{self._name(one)}: {one.obstacle}")
        if self.review.warnings:
            yield self.marks.title("CloudFormation warns")
            for finding in self.review.warnings:
                yield self.marks.item(1, str(finding))
        losses = self.review.losses
        if losses:
            yield self.marks.title("DATA IS LOST")
            for one in losses:
                sure = "" if one.certainty is Certainty.CERTAIN and _surely_gone(one) else "perhaps "
                verb = "removed" if one.action == "Remove" else "replaced by an empty one"
                yield self.marks.item(1, f"{self._name(one)} is {sure}{verb}: {one.physical_id or 'no id known'}")
        others = [one for one in self.review.replaced if not one.loses_data]
        if others:
            yield self.marks.title("Replacements")
            for one in others:
                yield self.marks.item(1, f"{self._name(one)}{_replacement(one)}{self._because(one)}")
        consequences = [one for one in self.review.real if one.consequence]
        if consequences:
            yield self.marks.title("Instances")
            for one in consequences:
                yield self.marks.item(1, f"{self._name(one)}: {one.consequence}")

    def _because(self, one: Reviewed) -> str:
        causes = one.replaced_by or tuple(each.path.removeprefix("Properties/") for each in one.differences)
        return f" by {', '.join(causes[:3])}" if causes else ""

    def _tree(self, *, every: bool) -> Iterator[str]:
        """Resources under their stacks; of a new stack only how many of each type, unless ``every``."""
        yield self.marks.title("Resources")
        paths = sorted({one.path for one in self.review.real})
        for path in paths:
            inside = [one for one in self.review.real if one.path == path]
            name = "/".join(path) or self.review.plan.stack
            added = [one for one in inside if one.action == "Add" and one.certainty is Certainty.CERTAIN]
            if self._new and not every and added:
                yield self.marks.item(len(path), f"{name}: + {len(added)}: {_by_type_in_words(added)}")
                inside = [one for one in inside if one not in added]
            else:
                yield self.marks.item(len(path), name)
            for one in inside:
                yield from self._resource(one, len(path) + 1, values=True)

    def _chapter(self, title: str, found: Sequence[Reviewed], *, values: bool = True) -> Iterator[str]:
        if not found:
            return
        yield self.marks.title(title)
        if not values:
            yield self.marks.item(1, f"+ {len(found)}: {_by_type_in_words(found)}")
            return
        for one in found:
            yield from self._resource(one, 1, values=title != "Network" or bool(one.differences), full=True)

    def _resource(self, one: Reviewed, depth: int, *, values: bool, full: bool = False) -> Iterator[str]:
        name = one.name if full else one.logical_id
        sign = SIGNS.get(one.action, "?")
        unsure = " [possible]" if one.certainty is Certainty.POSSIBLE else ""
        yield self.marks.item(depth, f"{sign} {name} {self.marks.code(one.type)}{_replacement(one)}{unsure}")
        if values and one.action == "Modify":
            for difference in one.differences:
                yield from self._difference(difference, depth + 2)
        for note in one.notes:
            yield self.marks.item(depth + 2, f"({note})")

    def _difference(self, one: Difference, depth: int) -> Iterator[str]:
        path = one.path.removeprefix("Properties/")
        if one.flows:
            will = "changes" if one.state is State.CHANGED else "may change"
            yield self.marks.item(depth, f"{path}: {self.marks.code(shown(one.before))} {will} with what it refers to")
        elif is_script(one.before) or is_script(one.after):
            lines = changed_lines(one.before, one.after)
            yield self.marks.item(depth, f"{path}: these lines change")
            for line in lines[:MAX_LINES]:
                yield self.marks.item(depth + 1, self.marks.code(_line(line)))
            if len(lines) > MAX_LINES:
                yield self.marks.item(depth + 1, f"… and {len(lines) - MAX_LINES} more lines")
        else:
            before, after = shown_pair(one.before, one.after)
            yield self.marks.item(depth, f"{path}: {self.marks.code(before)} -> {self.marks.code(after)}")

    def _values(self, title: str, found: Iterable[ValueChange]) -> Iterator[str]:
        listed = list(found)
        if not listed:
            return
        yield self.marks.title(title)
        for one in listed:
            before = f"{self.marks.code(shown(one.before))} -> " if not self._new else ""
            yield self.marks.item(1, f"{one.name}: {before}{self.marks.code(shown(one.after))}")

    def _name(self, one: Reviewed) -> str:
        return f"{one.name} {self.marks.code(one.type)}"


def shown(value: Any, limit: int = MAX_VALUE) -> str:
    """A value in one line, short enough to read."""
    if value is None:
        return "(none)"
    text = value_text(value)
    words = json.dumps(value, sort_keys=True) if text is None else text
    words = DIGEST.sub(r"\1…", " ".join(words.split()))
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def _line(line: str) -> str:
    """A line of a script, its indentation kept."""
    line = DIGEST.sub(r"\1…", line)
    return line if len(line) <= MAX_VALUE else f"{line[: MAX_VALUE - 1]}…"


def shown_pair(before: Any, after: Any) -> tuple[str, str]:
    """Two values in one line each, cut so that the place where they differ is to be seen."""
    words = [shown(value, limit=sys.maxsize) for value in (before, after)]
    pairs = enumerate(zip(*words, strict=False))
    start = next((index for index, (one, other) in pairs if one != other), min(map(len, words)))
    if max(map(len, words)) > MAX_VALUE and start > MAX_VALUE // 2:
        cut = start - MAX_VALUE // 4
        words = [f"…{text[cut:]}" for text in words]
    return shown(words[0]), shown(words[1])


def _surely_gone(one: Reviewed) -> bool:
    return one.action == "Remove" or one.replacement is Replacement.CERTAIN


def _replacement(one: Reviewed) -> str:
    return {Replacement.CERTAIN: " REPLACED", Replacement.POSSIBLE: " perhaps replaced"}.get(one.replacement, "")


def _by_type_in_words(found: Iterable[Reviewed]) -> str:
    """``6 EC2::Subnet, 1 EC2::VPC``: how many of each type, the usual AWS:: left out."""
    numbers = Counter(one.type.removeprefix("AWS::") for one in found)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(numbers.items()))


def plan_summary(plan: Plan, review: Review) -> dict[str, Any]:
    """What ``plan --json`` prints."""
    return {
        "stack": plan.stack,
        "kind": plan.kind,
        "unchanged": plan.unchanged,
        "change_set": plan.change_set.id,
        "summary": counts(review),
        "artifacts": [codec.encode(one) for one in plan.artifacts],
    }
