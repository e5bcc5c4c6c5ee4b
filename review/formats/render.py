"""Prints a review: a tree as text, the same as Markdown for a pull request, and JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cfn.marks import State
from cfn.text import readable
from review.comparison.replacement import Replacement
from review.comparison.sections import SectionChange
from review.findings.finding import Remark, Verdict
from review.formats.differences import change_pieces, difference_pieces, shown_path, value_pieces
from review.formats.markdown import as_markdown
from review.formats.pieces import Item, Piece, Title, code
from review.formats.tables import row_text, tables
from review.formats.text import as_text
from review.judgement.counts import count_changes, summary_sentence
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource, ValueChange
from review.plan.codec import encode
from review.plan.model import Plan

SIGNS = {"Add": "+", "Remove": "-", "Modify": "~", "Import": "<", "Dynamic": "?"}


def review_text(review: Review, *, detailed: bool = False) -> str:
    """The review as a tree.

    Args:
        review: The review.
        detailed: Also lists each resource of a new stack, and the changes that are noise.
    """
    return as_text(_Writer(review).pieces(detailed=detailed))


def review_markdown(review: Review) -> str:
    """The review as the comment of a pull request."""
    return as_markdown(_Writer(review).pieces(detailed=False))


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
    return (
        f" (export {readable(exported.get('Name')) or exported.get('Name')})" if isinstance(exported, Mapping) else ""
    )


class _Writer:
    """Writes the chapters of a review."""

    def __init__(self, review: Review) -> None:
        self.review = review

    def pieces(self, *, detailed: bool) -> Iterator[Piece]:
        """All pieces of the review."""
        review = self.review
        plan = review.plan
        yield review.title
        planned = f"Planned {plan.created}. " if plan.created else ""
        yield f"{planned}Verdict: {verdict_sentence(review)}"
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

    def _text_only(self, *, detailed: bool) -> Iterator[Piece]:
        """What differs in the templates although CloudFormation has nothing to execute."""
        if self.review.real or self.review.sections:
            yield "The texts of the templates differ where CloudFormation changes nothing:"
            yield from self._tree(detailed=detailed)
            yield from self._sections()
        yield from self._values("Settings", self.review.settings)

    @property
    def _is_new(self) -> bool:
        return self.review.plan.kind == "CREATE"

    @property
    def _root_name(self) -> str:
        """Without AWS not the name of the stack, so that environments with the same changes have the same text."""
        return "root" if self.review.plan.is_offline else self.review.plan.stack

    # ---- before the changes -----------------------------------------------------------------------------------------

    def _warnings(self) -> Iterator[Piece]:
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

    def _list(self, title: str, items: Iterable[str]) -> Iterator[Piece]:
        listed = [Item(1, item) for item in items]
        if listed:
            yield Title(title)
            yield from listed

    # ---- resources --------------------------------------------------------------------------------------------------

    def _tree(self, *, detailed: bool) -> Iterator[Piece]:
        """Resources under their stacks; of a new stack only how many of each type, unless ``detailed``."""
        if not self.review.real:
            return
        yield Title("Resources")
        for path in sorted({change.path for change in self.review.real}):
            changes = [change for change in self.review.real if change.path == path]
            name = "/".join(path) or self._root_name
            added = [change for change in changes if _is_certain_addition(change)]
            if self._is_new and not detailed and added:
                yield Item(len(path), f"{name}: + {len(added)}: {_count_by_type(added)}")
                changes = [change for change in changes if not _is_certain_addition(change)]
            else:
                yield Item(len(path), name)
            for change in changes:
                yield from self._resource(change, len(path) + 1, change.logical_id, detailed=detailed)

    def _chapter(self, title: str, changes: Sequence[ReviewedResource]) -> Iterator[Piece]:
        """The resources of a chapter; of a new stack only how many of each type."""
        if not self._is_new:
            yield from self._resources(title, changes)
        elif changes:
            yield from self._list(title, [f"+ {len(changes)}: {_count_by_type(changes)}"])

    def _resources(self, title: str, changes: Sequence[ReviewedResource]) -> Iterator[Piece]:
        if changes:
            yield Title(title)
            for change in changes:
                yield from self._resource(change, 1, change.name)

    def _resource(self, change: ReviewedResource, depth: int, name: str, *, detailed: bool = False) -> Iterator[Piece]:
        sign = SIGNS.get(change.action, "?")
        possible = " [possible]" if change.certainty is Certainty.POSSIBLE else ""
        yield Item(depth, f"{sign} {name} {code(change.type)}{_replacement(change)}{possible}")
        for finding in change.findings:
            yield Item(depth + 2, str(finding))
        # What a removed resource was is in the deployed template; the review names it, and shows it on request.
        shown = change.certainty is not Certainty.NOISE and (detailed or change.action != "Remove")
        for table in tables(change) if shown and change.action != "Modify" else ():
            name = "rule" if table.path == "Properties" else shown_path(table.path)
            yield Item(depth + 2, f"{name}: {' | '.join(table.columns)}")
            for row in table.rows:
                yield Item(depth + 3, code(row_text(row)))
        for difference in change.differences if shown else ():
            if change.action == "Modify":
                yield from difference_pieces(difference, depth + 2)
            else:
                value = difference.before if change.action == "Remove" else difference.after
                yield from value_pieces(shown_path(difference.path), value, depth + 2)

    # ---- other sections and noise -----------------------------------------------------------------------------------

    def _sections(self) -> Iterator[Piece]:
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
                yield Title(title)
                for change in changes:
                    yield from self._section(change)

    def _section(self, change: SectionChange) -> Iterator[Piece]:
        possible = " [possible]" if change.state is State.POSSIBLE else ""
        yield Item(1, f"{SIGNS[change.action]} {change.label}{_export(change)}{possible}")
        for finding in change.findings:
            yield Item(3, str(finding))
        for difference in change.differences:
            if difference.path:
                yield from difference_pieces(difference, 3)
            else:
                yield from change_pieces("content", difference.before, difference.after, 3)

    def _noise(self, *, detailed: bool) -> Iterator[Piece]:
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

    # ---- values -----------------------------------------------------------------------------------------------------

    def _values(self, title: str, changes: Sequence[ValueChange]) -> Iterator[Piece]:
        if changes:
            yield Title(title)
        for change in changes:
            if self._is_new:
                yield from value_pieces(change.name, change.after, 1)
            else:
                yield from change_pieces(change.name, change.before, change.after, 1)

    def _name(self, change: ReviewedResource) -> str:
        return f"{change.name} {code(change.type)}"


def _replacement(change: ReviewedResource) -> str:
    words = {Replacement.CERTAIN: " REPLACED", Replacement.POSSIBLE: " may be replaced"}
    return words.get(change.replacement, "")


def _causes(change: ReviewedResource) -> str:
    causes = change.replaced_by or [difference.path for difference in change.differences]
    return f" by {', '.join(map(shown_path, causes))}" if causes else ""


def _is_certain_addition(change: ReviewedResource) -> bool:
    return change.action == "Add" and change.certainty is Certainty.CERTAIN


def _count_by_type(changes: Iterable[ReviewedResource]) -> str:
    """``6 EC2::Subnet, 1 EC2::VPC``: how many of each type, without the usual ``AWS::``."""
    numbers = Counter(change.type.removeprefix("AWS::") for change in changes)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(numbers.items()))
