"""The review in numbers, and in one sentence."""

from __future__ import annotations

from collections import Counter

from review.comparison.replacement import Replacement
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review


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
