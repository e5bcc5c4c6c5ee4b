"""Prints a review: a tree as text, the same as Markdown for a pull request, and JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from review import findings
from review.codec import encode
from review.formats.differences import change_pieces, difference_pieces, shown_path, value_pieces
from review.formats.markdown import as_markdown
from review.formats.pieces import Item, Piece, Title, code
from review.formats.text import as_text
from review.judgement import Certainty
from review.model import Plan
from review.plan_file import without_texts
from review.replacement import Replacement
from review.verdict import Review, ReviewedResource, ValueChange

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


def review_json(review: Review) -> str:
    """The review as JSON: everything but the templates' texts."""
    document: dict[str, Any] = encode(review)
    document["plan"] = encode(without_texts(review.plan))
    # Readers of the JSON select by this property, which encode leaves out.
    for entry, change in zip(document["changes"], review.changes, strict=True):
        entry["loses_data"] = change.loses_data
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


class _Writer:
    """Writes the chapters of a review."""

    def __init__(self, review: Review) -> None:
        self.review = review

    def pieces(self, *, detailed: bool) -> Iterator[Piece]:
        """All pieces of the review."""
        review = self.review
        plan = review.plan
        verb = "creates" if plan.kind == "CREATE" else "updates"
        yield f"{plan.platform} {plan.environment}: {verb} stack {plan.stack} ({plan.account}, {plan.region})"
        if plan.unchanged:
            yield "No changes: templates and parameters are those of the last deployment. Manual changes are not checked."
            yield from self._values("Settings", review.settings)
            return
        yield summary_sentence(review)
        if review.lacks_change_sets:
            yield str(findings.NO_NESTED_CHANGE_SETS.remark())
        yield from self._warnings()
        yield from self._tree(detailed=detailed)
        yield from self._chapter("IAM and key policies", [change for change in review.real if change.iam])
        yield from self._chapter("Network", [change for change in review.real if change.network])
        yield from self._values("Parameters", review.parameters)
        yield from self._values("Artifacts", review.artifacts)
        yield from self._values("Settings", review.settings)
        if detailed:
            title = "Listed by CloudFormation, but nothing will happen"
            yield from self._resources(title, review.of(Certainty.NOISE))

    @property
    def _is_new(self) -> bool:
        return self.review.plan.kind == "CREATE"

    # ---- before the changes -----------------------------------------------------------------------------------------

    def _warnings(self) -> Iterator[Piece]:
        review = self.review
        obstacles = [f"{self._name(change)}: {change.obstacle}" for change in review.obstacles]
        losses = [f"{self._name(change)} {change.loss}" for change in review.losses]
        replaced = [change for change in review.replaced if not change.loses_data]
        replacements = [f"{self._name(change)}{_replacement(change)}{_causes(change)}" for change in replaced]
        consequences = [f"{self._name(change)}: {change.consequence}" for change in review.real if change.consequence]
        yield from self._list("THIS WILL FAIL", obstacles)
        yield from self._list("CloudFormation warns", (str(warning.remark) for warning in review.warnings))
        yield from self._list("DATA IS LOST", losses)
        yield from self._list("Replacements", replacements)
        yield from self._list("Instances", consequences)

    def _list(self, title: str, items: Iterable[str]) -> Iterator[Piece]:
        listed = [Item(1, item) for item in items]
        if listed:
            yield Title(title)
            yield from listed

    # ---- resources --------------------------------------------------------------------------------------------------

    def _tree(self, *, detailed: bool) -> Iterator[Piece]:
        """Resources under their stacks; of a new stack only how many of each type, unless ``detailed``."""
        yield Title("Resources")
        for path in sorted({change.path for change in self.review.real}):
            changes = [change for change in self.review.real if change.path == path]
            name = "/".join(path) or self.review.plan.stack
            added = [change for change in changes if _is_certain_addition(change)]
            if self._is_new and not detailed and added:
                yield Item(len(path), f"{name}: + {len(added)}: {_count_by_type(added)}")
                changes = [change for change in changes if not _is_certain_addition(change)]
            else:
                yield Item(len(path), name)
            for change in changes:
                yield from self._resource(change, len(path) + 1, change.logical_id)

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

    def _resource(self, change: ReviewedResource, depth: int, name: str) -> Iterator[Piece]:
        sign = SIGNS.get(change.action, "?")
        possible = " [possible]" if change.certainty is Certainty.POSSIBLE else ""
        yield Item(depth, f"{sign} {name} {code(change.type)}{_replacement(change)}{possible}")
        if change.action == "Modify":
            for difference in change.differences:
                yield from difference_pieces(difference, depth + 2)
        for note in change.notes:
            yield Item(depth + 2, str(note))

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
    return f" by {', '.join(map(shown_path, causes[:3]))}" if causes else ""


def _is_certain_addition(change: ReviewedResource) -> bool:
    return change.action == "Add" and change.certainty is Certainty.CERTAIN


def _count_by_type(changes: Iterable[ReviewedResource]) -> str:
    """``6 EC2::Subnet, 1 EC2::VPC``: how many of each type, without the usual ``AWS::``."""
    numbers = Counter(change.type.removeprefix("AWS::") for change in changes)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(numbers.items()))
