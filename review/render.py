"""Prints a review: a tree as text, the same as Markdown for a pull request, and JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cfn.marks import State
from review.codec import encode
from review.difference import Difference
from review.finding import Remark, Verdict
from review.judgement import Certainty
from review.model import Plan
from review.plan_file import without_texts
from review.replacement import Replacement
from review.reviewed import Review, ReviewedResource, ValueChange
from review.scripts import changed_lines, is_script, value_text
from review.sections import SectionChange

SIGNS = {"Add": "+", "Remove": "-", "Modify": "~", "Import": "<", "Dynamic": "?"}
MAX_VALUE = 160  # characters of a value
MAX_LINES = 60  # of a script that changes
DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")  # a SHA-256; twelve digits distinguish two


def review_text(review: Review, *, detailed: bool = False) -> str:
    """The review as a tree.

    Args:
        review: The review.
        detailed: Also lists each resource of a new stack, and the changes that are noise.
    """
    return "\n".join(_Writer(review, _PlainText()).lines(detailed=detailed)) + "\n"


def review_markdown(review: Review) -> str:
    """The review as the comment of a pull request."""
    return "\n".join(_Writer(review, _Markdown()).lines(detailed=False)) + "\n"


def review_json(review: Review) -> str:
    """The review as JSON: everything but the templates' texts."""
    document: dict[str, Any] = encode(review)
    document["plan"] = encode(without_texts(review.plan))
    # Readers of the JSON select by this property, which encode leaves out.
    for entry, change in zip(document["changes"], review.changes, strict=True):
        entry["loses_data"] = bool(change.losses)
    document["remarks"] = encode(review.remarks)
    document["summary"] = count_changes(review)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def plan_summary(review: Review) -> dict[str, Any]:
    """The plan in short, as data: its change set, its artifacts and the counts of its review."""
    plan: Plan = review.plan
    return {
        "stack": plan.stack,
        "kind": plan.kind,
        "unchanged": plan.unchanged,
        "change_set": plan.change_set.id,
        "summary": count_changes(review),
        "artifacts": [encode(artifact) for artifact in plan.artifacts],
    }


def count_changes(review: Review) -> dict[str, int]:
    """How many resources are added, modified, replaced, removed, only possibly changed, and listed for nothing."""
    certain = [change for change in review.real if change.certainty is Certainty.CERTAIN]
    modified = [change for change in certain if change.action == "Modify"]
    replaced = [change for change in modified if change.replacement is Replacement.CERTAIN]
    actions = Counter(change.action for change in certain)
    return {
        "add": actions["Add"],
        "modify": len(modified) - len(replaced),
        "replace": len(replaced),
        "remove": actions["Remove"],
        "possible": len(review.real) - len(certain),
        "noise": len(review.of(Certainty.NOISE)),
        "loses_data": len(review.losses),
        "will_fail": len(review.obstacles),
        "warnings": len([finding for finding in review.warnings if not finding.skipped]),
    }


def summary_sentence(review: Review) -> str:
    """The counts as a sentence."""
    counts = count_changes(review)
    words = {"add": "to add", "modify": "to change", "replace": "to replace", "remove": "to remove"}
    parts = [f"{counts[key]} {word}" for key, word in words.items() if counts[key]]
    parts += [f"{counts['possible']} that may change"] if counts["possible"] else []
    parts = parts or ["nothing changes"]
    noise = f" ({counts['noise']} more listed by CloudFormation will not change)" if counts["noise"] else ""
    return f"{', '.join(parts)}{noise}."


def verdict_sentence(review: Review) -> str:
    """The verdict with what it asks for."""
    words = {
        Verdict.FINE: "fine.",
        Verdict.LOOK: "look: read the lines under LOOK before you execute the plan.",
        Verdict.BLOCKED: f"blocked: executing the plan needs --allow for {', '.join(review.blocked)}.",
    }
    return words[review.verdict]


def _export(change: SectionChange) -> str:
    entry = change.after if change.after is not None else change.before
    exported = entry.get("Export") if change.section == "Output" and isinstance(entry, Mapping) else None
    return f" (export {short_text(exported.get('Name'))})" if isinstance(exported, Mapping) else ""


class _PlainText:
    """The marks of plain text."""

    def title(self, words: str) -> str:
        return f"\n{words}\n{'-' * len(words)}"

    def item(self, depth: int, words: str) -> str:
        return f"{'  ' * depth}{words}"

    def code(self, words: str) -> str:
        return words


class _Markdown:
    """The marks of Markdown."""

    def title(self, words: str) -> str:
        return f"\n### {words}\n"

    def item(self, depth: int, words: str) -> str:
        return f"{'  ' * depth}- {words}"

    def code(self, words: str) -> str:
        return f"`{words}`" if words else ""


class _Writer:
    """Writes the chapters of a review in one set of marks."""

    def __init__(self, review: Review, marks: _PlainText | _Markdown) -> None:
        self.review, self.marks = review, marks

    def lines(self, *, detailed: bool) -> Iterator[str]:
        """All lines of the review."""
        review = self.review
        plan = review.plan
        verb = "creates" if plan.kind == "CREATE" else "updates"
        yield f"{plan.platform} {plan.environment}: {verb} stack {plan.stack} ({plan.account}, {plan.region})"
        yield f"Planned {plan.created}. Verdict: {verdict_sentence(review)}"
        if plan.unchanged:
            yield "No changes: templates and parameters are those of the last deployment. Manual changes are not checked."
            yield from self._text_only(detailed=detailed)
            return
        yield summary_sentence(review)
        yield from map(str, review.gaps)
        yield from self._warnings()
        yield from self._tree(detailed=detailed)
        yield from self._sections()
        yield from self._chapter("IAM and key policies", [change for change in review.real if change.iam])
        yield from self._chapter("Network", [change for change in review.real if change.network])
        yield from self._values("Parameters", review.parameters)
        yield from self._values("Artifacts", review.artifacts)
        yield from self._values("Settings", review.settings)
        yield from self._noise(detailed=detailed)

    def _text_only(self, *, detailed: bool) -> Iterator[str]:
        """What differs in the templates although CloudFormation has nothing to execute."""
        if self.review.real or self.review.sections:
            yield "The texts of the templates differ where CloudFormation changes nothing:"
            yield from self._tree(detailed=detailed)
            yield from self._sections()
        yield from self._values("Settings", self.review.settings)

    @property
    def _is_new(self) -> bool:
        return self.review.plan.kind == "CREATE"

    # ---- before the changes -----------------------------------------------------------------------------------------

    def _warnings(self) -> Iterator[str]:
        review = self.review
        yield from self._list("THIS WILL FAIL", self._named(lambda change: change.obstacles))
        yield from self._list("CloudFormation warns", (str(warning.remark) for warning in review.warnings))
        yield from self._list("DATA IS LOST", self._named(lambda change: change.losses, " "))
        yield from self._list("BLOCKED", self._graded(Verdict.BLOCKED))
        yield from self._list("LOOK", self._graded(Verdict.LOOK))
        replaced = [change for change in review.replaced if not change.losses]
        replacements = [f"{self._name(change)}{_replacement(change)}{_causes(change)}" for change in replaced]
        yield from self._list("Replacements", replacements)
        yield from self._list("Instances", self._named(lambda change: change.instances))

    def _named(self, of: Callable[[ReviewedResource], Iterable[Remark]], separator: str = ": ") -> Iterator[str]:
        """The findings of the resources, each behind the name of its resource."""
        for change in self.review.real:
            for finding in of(change):
                yield f"{self._name(change)}{separator}{finding}"

    def _graded(self, verdict: Verdict) -> Iterator[str]:
        """All findings of a verdict that no other chapter lists."""
        yield from self._named(lambda change: [finding for finding in change.graded if finding.verdict is verdict])
        for section in self.review.sections:
            for finding in section.findings:
                if finding.verdict is verdict:
                    yield f"{section.label}: {finding}"
        for setting in self.review.settings:
            for finding in setting.findings:
                if finding.verdict is verdict:
                    yield f"{setting.name}: {finding}"

    def _list(self, title: str, items: Iterable[str]) -> Iterator[str]:
        listed = [self.marks.item(1, item) for item in items]
        if listed:
            yield self.marks.title(title)
            yield from listed

    # ---- resources --------------------------------------------------------------------------------------------------

    def _tree(self, *, detailed: bool) -> Iterator[str]:
        """Resources under their stacks; of a new stack only how many of each type, unless ``detailed``."""
        if not self.review.real:
            return
        yield self.marks.title("Resources")
        for path in sorted({change.path for change in self.review.real}):
            changes = [change for change in self.review.real if change.path == path]
            name = "/".join(path) or self.review.plan.stack
            added = [change for change in changes if _is_certain_addition(change)]
            if self._is_new and not detailed and added:
                yield self.marks.item(len(path), f"{name}: + {len(added)}: {_count_by_type(added)}")
                changes = [change for change in changes if not _is_certain_addition(change)]
            else:
                yield self.marks.item(len(path), name)
            for change in changes:
                yield from self._resource(change, len(path) + 1, change.logical_id, detailed=detailed)

    def _chapter(self, title: str, changes: Sequence[ReviewedResource]) -> Iterator[str]:
        """The resources of a chapter; of a new stack only how many of each type."""
        if not self._is_new:
            yield from self._resources(title, changes)
        elif changes:
            yield from self._list(title, [f"+ {len(changes)}: {_count_by_type(changes)}"])

    def _resources(self, title: str, changes: Sequence[ReviewedResource]) -> Iterator[str]:
        if changes:
            yield self.marks.title(title)
            for change in changes:
                yield from self._resource(change, 1, change.name)

    def _resource(self, change: ReviewedResource, depth: int, name: str, *, detailed: bool = False) -> Iterator[str]:
        sign = SIGNS.get(change.action, "?")
        possible = " [possible]" if change.certainty is Certainty.POSSIBLE else ""
        yield self.marks.item(depth, f"{sign} {name} {self.marks.code(change.type)}{_replacement(change)}{possible}")
        for finding in change.findings:
            yield self.marks.item(depth + 2, str(finding))
        # What a removed resource was is in the deployed template; the review names it, and shows it on request.
        shown = change.certainty is not Certainty.NOISE and (detailed or change.action != "Remove")
        for difference in change.differences if shown else ():
            yield from self._difference(difference, depth + 2)

    # ---- other sections and noise -----------------------------------------------------------------------------------

    def _sections(self) -> Iterator[str]:
        """Outputs in a chapter of their own, because other stacks import them; then all other sections."""
        sections = self.review.sections
        outputs = [change for change in sections if change.section == "Output"]
        others = [change for change in sections if change.section != "Output"]
        for title, changes in (("Outputs", outputs), ("Other sections of the templates", others)):
            if changes and self._is_new:
                counts = Counter(change.section for change in changes)
                yield from self._list(
                    title, [", ".join(f"+ {number} {word}" for word, number in sorted(counts.items()))]
                )
            elif changes:
                yield self.marks.title(title)
                for change in changes:
                    yield from self._section(change)

    def _section(self, change: SectionChange) -> Iterator[str]:
        possible = " [possible]" if change.state is State.POSSIBLE else ""
        yield self.marks.item(1, f"{SIGNS[change.action]} {change.label}{_export(change)}{possible}")
        for finding in change.findings:
            yield self.marks.item(3, str(finding))
        for difference in change.differences:
            yield from self._difference(difference, 3)

    def _noise(self, *, detailed: bool) -> Iterator[str]:
        """What CloudFormation lists and the review overrules: each resource behind the reason."""
        noise = self.review.of(Certainty.NOISE)
        title = "Listed by CloudFormation, but nothing will happen"
        if detailed:
            yield from self._resources(title, noise)
            return
        by_reason: dict[tuple[Remark, ...], list[str]] = {}
        for change in noise:
            by_reason.setdefault(change.notes, []).append(change.name)
        reasons = ("; ".join(map(str, notes)) for notes in by_reason)
        yield from self._list(
            title, (f"{', '.join(names)}: {reason}" for reason, names in zip(reasons, by_reason.values(), strict=True))
        )

    def _difference(self, difference: Difference, depth: int) -> Iterator[str]:
        path = difference.path.removeprefix("Properties/") or "content"
        before, after = difference.before, difference.after
        if difference.flows:
            verb = "changes" if difference.state is State.CHANGED else "may change"
            value = self.marks.code(short_text(before))
            yield self.marks.item(depth, f"{path}: {value} {verb} with what it refers to")
        elif is_script(before) or is_script(after):
            lines = changed_lines(before, after)
            yield self.marks.item(depth, f"{path}: these lines change")
            for line in lines[:MAX_LINES]:
                yield self.marks.item(depth + 1, self.marks.code(_short_line(line)))
            if len(lines) > MAX_LINES:
                yield self.marks.item(depth + 1, f"… and {len(lines) - MAX_LINES} more lines")
        else:
            old, new = short_pair(before, after)
            yield self.marks.item(depth, f"{path}: {self.marks.code(old)} -> {self.marks.code(new)}")

    # ---- values -----------------------------------------------------------------------------------------------------

    def _values(self, title: str, changes: Iterable[ValueChange]) -> Iterator[str]:
        yield from self._list(title, map(self._value, changes))

    def _value(self, change: ValueChange) -> str:
        before = "" if self._is_new else f"{self.marks.code(short_text(change.before))} -> "
        return f"{change.name}: {before}{self.marks.code(short_text(change.after))}"

    def _name(self, change: ReviewedResource) -> str:
        return f"{change.name} {self.marks.code(change.type)}"


def short_text(value: Any, limit: int = MAX_VALUE) -> str:
    """A value in one line of at most ``limit`` characters."""
    if value is None:
        return "(none)"
    text = value_text(value)
    words = json.dumps(value, sort_keys=True) if text is None else text
    words = DIGEST.sub(r"\1…", " ".join(words.split()))
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def short_pair(before: Any, after: Any) -> tuple[str, str]:
    """Two values in one line each, cut so that the place where they differ is visible."""
    texts = [short_text(value, limit=sys.maxsize) for value in (before, after)]
    pairs = enumerate(zip(*texts, strict=False))
    start = next((index for index, (old, new) in pairs if old != new), min(map(len, texts)))
    if max(map(len, texts)) > MAX_VALUE and start > MAX_VALUE // 2:
        cut = start - MAX_VALUE // 4
        texts = [f"…{text[cut:]}" for text in texts]
    return short_text(texts[0]), short_text(texts[1])


def _short_line(line: str) -> str:
    """A line of a script with its indentation."""
    line = DIGEST.sub(r"\1…", line)
    return line if len(line) <= MAX_VALUE else f"{line[: MAX_VALUE - 1]}…"


def _replacement(change: ReviewedResource) -> str:
    words = {Replacement.CERTAIN: " REPLACED", Replacement.POSSIBLE: " may be replaced"}
    return words.get(change.replacement, "")


def _causes(change: ReviewedResource) -> str:
    causes = change.replaced_by or [difference.path.removeprefix("Properties/") for difference in change.differences]
    return f" by {', '.join(causes[:3])}" if causes else ""


def _is_certain_addition(change: ReviewedResource) -> bool:
    return change.action == "Add" and change.certainty is Certainty.CERTAIN


def _count_by_type(changes: Iterable[ReviewedResource]) -> str:
    """``6 EC2::Subnet, 1 EC2::VPC``: how many of each type, without the usual ``AWS::``."""
    numbers = Counter(change.type.removeprefix("AWS::") for change in changes)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(numbers.items()))
