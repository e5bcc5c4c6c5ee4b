"""What the change of one resource means, beside the change itself: the findings of its judgement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from review.comparison.compare import Fate
from review.comparison.replacement import Replacement
from review.findings import general
from review.findings.finding import Remark
from review.judgement.judgement import Certainty, Judgement
from review.judgement.stakes import stakes
from review.plan.model import Change
from review.strength import grade
from review.strength.interruptions import interruption


def consequences(fate: Fate | None, claim: Change | None, judgement: Judgement, *, is_new: bool) -> Iterator[Remark]:
    """The findings on one resource; none if nothing will happen to it.

    Args:
        fate: What the templates say; None for a resource that no template has.
        claim: What CloudFormation lists; None for a resource that it does not list.
        judgement: What will happen.
        is_new: Whether the whole stack is new.
    """
    if judgement.certainty is Certainty.NOISE:
        return
    if fate is not None:
        yield from _obstacles(fate, judgement)
    yield from stakes(fate, claim, judgement)
    if fate is not None:
        grades = _grades(fate)
        yield from filter(None, (remark.of_new_stack() for remark in grades)) if is_new else grades
        yield from _interruptions(fate, judgement)


def _obstacles(fate: Fate, judgement: Judgement) -> Iterator[Remark]:
    """Why CloudFormation will reject the change while it executes."""
    if fate.type_before is not None:
        yield general.TYPE_CHANGES.remark(before=fate.type_before, after=fate.type)
    elif fate.taken_from is not None:
        yield general.NAME_IN_USE.remark(resource=fate.taken_from)
    elif fate.fixed_name is not None and judgement.replacement is Replacement.CERTAIN:
        # CloudFormation creates the new resource before it deletes the old one, so both would have one name.
        yield general.NAME_STAYS.remark(property=fate.fixed_name)


def _grades(fate: Fate) -> Iterable[Remark]:
    """What becomes weaker or stronger."""
    if fate.type_before is not None:
        return (*_grade(fate.type_before, fate.before, None), *_grade(fate.type, None, fate.after))
    return _grade(fate.type, fate.before, fate.after)


def _grade(kind: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Remark, ...]:
    old, new = (None if entry is None else entry.get("Properties") or {} for entry in (before, after))
    return grade(kind, old, new, attributes_before=before, attributes_after=after)


def _interruptions(fate: Fate, judgement: Judgement) -> Iterator[Remark]:
    """What stops for a while: the instances of a group, or a resource that is updated in place."""
    if fate.consequence is not None:
        yield fate.consequence
    if judgement.action == "Modify" and judgement.replacement is not Replacement.CERTAIN and fate.type_before is None:
        before, after = ((entry or {}).get("Properties") or {} for entry in (fate.before, fate.after))
        interrupts = interruption(fate.type, before, after)
        if interrupts is not None:
            yield interrupts
