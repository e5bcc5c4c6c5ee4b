"""Judges one resource: what the comparison of templates knows against what CloudFormation's change set claims.

Each change is then

- certain: the templates or parameters themselves change it, or something it refers to is surely replaced;
- possible: it depends on a value that only the deployment decides (a custom resource's answer, a conditional replacement);
- noise: CloudFormation lists it, but its values come from resources that keep theirs, so nothing will happen.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from cfn.mangled import REPLACEMENT
from cfn.marks import State
from cfn.types import STACK, is_custom
from review.comparison.compare import Fate
from review.comparison.replacement import Replacement
from review.findings import general
from review.findings.finding import Remark
from review.plan.model import Change, Detail

NEVER_TRUNCATED = 256
"""A value of at most so many characters counts as whole."""
KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What CloudFormation shows of a value, or a part of one, that it does not know before the deployment."""


class Certainty(StrEnum):
    """How sure a change is."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NOISE = "noise"


@dataclass(frozen=True)
class Judgement:
    """What will happen to a resource; ``notes`` say why."""

    action: str
    certainty: Certainty
    replacement: Replacement
    notes: tuple[Remark, ...] = ()

    def noting(self, note: Remark) -> Judgement:
        """The same judgement with one note more."""
        return replace(self, notes=(*self.notes, note))


@dataclass(frozen=True)
class Context:
    """What is the same for all resources of a plan.

    Attributes:
        complete: Whether CloudFormation gave a change set for every nested stack that it changes.
        retagged: Whether the tags of the stack change.
    """

    complete: bool
    retagged: bool


def judge(fate: Fate | None, claim: Change | None, context: Context) -> Judgement | None:
    """Judge one resource.

    Args:
        fate: What the templates say; None for a resource that no template has.
        claim: What CloudFormation lists; None for a resource that it does not list.
        context: What is the same for all resources.

    Returns:
        None if neither side changes the resource.
    """
    if fate is None:
        return None if claim is None else _known_to_cloudformation_only(claim)
    if fate.action is None:
        return None if claim is None else _without_difference(fate, claim, context)
    judgement = _with_difference(fate, claim, context)
    if fate.state is State.POSSIBLE and fate.action == "Modify":
        return judgement.noting(general.KNOWN_LATER.remark())
    return judgement


def _known_to_cloudformation_only(claim: Change) -> Judgement:
    """CloudFormation lists a resource that no template of either side has: a module or transform made it."""
    certainty = Certainty.POSSIBLE if claim.action == "Dynamic" else Certainty.CERTAIN
    return Judgement(claim.action, certainty, _claimed_replacement(claim)).noting(general.ONLY_CLOUDFORMATION.remark())


def _without_difference(fate: Fate, claim: Change, context: Context) -> Judgement:
    """CloudFormation lists a change where the comparison found none."""
    noise = Judgement(claim.action, Certainty.NOISE, Replacement.NO)
    tags_only = bool(claim.details) and all(detail.attribute == "Tags" for detail in claim.details)
    if context.retagged and (tags_only or claim.scope == ("Tags",)):
        return replace(noise, certainty=Certainty.CERTAIN).noting(general.STACK_TAGS.remark())
    if fate.type == STACK:
        return noise.noting(general.STACK_MIGHT_CHANGE.remark())
    # Without both values a direct change cannot be shown to be none; without any detail nothing can.
    direct = any(detail.source == "DirectModification" and not _same_value(detail) for detail in claim.details)
    proven = any(map(_proves_change, claim.details))
    if direct or proven or not claim.details or claim.action != "Modify":
        possible = Judgement(claim.action, Certainty.POSSIBLE, _claimed_replacement(claim))
        return possible.noting(general.NOT_IN_TEMPLATES.remark())
    noise = noise.noting(general.VALUES_STAY.remark())
    if _claimed_replacement(claim) is Replacement.NO:
        return noise
    return noise.noting(general.REPLACEMENT_FALSE.remark())


def _same_value(detail: Detail) -> bool:
    """Whether both values are known, and the same."""
    return detail.before is not None and detail.before == detail.after and _is_exact(detail.before)


def _is_exact(value: str) -> bool:
    """Whether CloudFormation shows the value itself.

    Large values can be truncated, at a length that is not documented. A "?" may stand for another character on each side:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
    """
    return len(value) <= NEVER_TRUNCATED and REPLACEMENT not in value and KNOWN_AFTER_APPLY not in value


def _proves_change(detail: Detail) -> bool:
    """Whether CloudFormation has evaluated the value already (static) and found another one.

    Of a value that comes from elsewhere only two values prove it: CloudFormation lists the parameter even if it stays.
    """
    if detail.evaluation != "Static" or _same_value(detail):
        return False
    return detail.source == "DirectModification" or None not in (detail.before, detail.after)


def _with_difference(fate: Fate, claim: Change | None, context: Context) -> Judgement:
    """The comparison found a change, which CloudFormation lists too or does not."""
    certainty = Certainty.CERTAIN if fate.state is State.CHANGED else Certainty.POSSIBLE
    judgement = Judgement(str(fate.action), certainty, fate.replacement)
    if claim is None:
        return _unlisted(fate, judgement, context)
    if fate.action != "Modify":
        return judgement
    replacement, note = _reconcile(fate, claim)
    judgement = replace(judgement, replacement=replacement)
    return judgement if note is None else judgement.noting(note)


def _unlisted(fate: Fate, judgement: Judgement, context: Context) -> Judgement:
    """CloudFormation does not list the change: it need not, or it should, or it was not asked."""
    sections = {difference.path.split("/")[0] for difference in fate.differences}
    if fate.type_before is not None:
        return judgement
    if sections == {"DependsOn"}:
        return judgement.noting(general.ORDER_ONLY.remark())
    if fate.action == "Modify" and "Properties" not in sections:
        return judgement.noting(general.ATTRIBUTES_ONLY.remark())
    if fate.type == STACK or not context.complete:
        return judgement
    return replace(judgement, certainty=Certainty.POSSIBLE).noting(general.NOT_LISTED.remark())


def _claimed_replacement(claim: Change) -> Replacement:
    return {"True": Replacement.CERTAIN, "Conditional": Replacement.POSSIBLE}.get(claim.replacement, Replacement.NO)


def _reconcile(fate: Fate, claim: Change) -> tuple[Replacement, Remark | None]:
    """Decide between the comparison's replacement and CloudFormation's.

    CloudFormation is right about a property that changes on its own (static). Of a value that comes from elsewhere the
    comparison knows more.

    Returns:
        The replacement, and a note wherever it is not the one that CloudFormation lists.
    """
    claimed, own = _claimed_replacement(claim), fate.replacement
    if claimed is own:
        return own, None
    return _lesser_claim(fate, claim) if claimed < own else _greater_claim(fate, claim)


def _lesser_claim(fate: Fate, claim: Change) -> tuple[Replacement, Remark | None]:
    """CloudFormation lists no replacement, or one that is less certain."""
    certain = fate.replacement is Replacement.CERTAIN
    details = _details_of(claim, {cause.split("/")[0] for cause in fate.replaced_by})
    in_place = bool(details) and all(detail.requires_recreation == "Never" for detail in details)
    if in_place and not is_custom(fate.type):
        return _claimed_replacement(claim), general.CHANGES_IN_PLACE.remark(certain=certain)
    if not claim.replacement or not fate.replaced_by:
        return fate.replacement, None  # CloudFormation says nothing, or the type changes
    causes = ", ".join(fate.replaced_by)
    return fate.replacement, general.LESSER_REPLACEMENT.remark(certain=certain, properties=causes)


def _greater_claim(fate: Fate, claim: Change) -> tuple[Replacement, Remark | None]:
    """CloudFormation lists a replacement, or a more certain one."""
    claimed, own = _claimed_replacement(claim), fate.replacement
    if not claim.details:
        return claimed, None  # without a reason nothing can be checked
    changing = {
        difference.path.split("/")[1] for difference in fate.differences if difference.path.startswith("Properties/")
    }
    changing |= {detail.name for detail in claim.details if _proves_change(detail)}
    details = _details_of(claim, changing)
    replacing = [detail for detail in details if detail.requires_recreation in ("Always", "Conditionally")]
    if not replacing:
        return own, general.REPLACEMENT_FROM_SAME_VALUES.remark()
    names = ", ".join(sorted({detail.name for detail in replacing}))
    static = any(detail.requires_recreation == "Always" and detail.evaluation == "Static" for detail in replacing)
    replacement = claimed if static else max(own, Replacement.POSSIBLE)
    return replacement, general.CLOUDFORMATION_REPLACES.remark(properties=names)


def _details_of(claim: Change, properties: Collection[str]) -> list[Detail]:
    return [detail for detail in claim.details if detail.attribute == "Properties" and detail.name in properties]
