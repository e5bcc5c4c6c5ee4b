"""What the review makes of both sides' knowledge of one resource: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State
from review.comparison.compare import Fate
from review.comparison.difference import Difference
from review.comparison.replacement import Replacement
from review.findings import general
from review.findings.finding import Remark
from review.judgement.judgement import Certainty, Context, Judgement, judge
from review.plan.model import Change, Detail
from tests.review.support.plans import claim, detail

NO, MAY, SURELY = Replacement.NO, Replacement.POSSIBLE, Replacement.CERTAIN
CERTAIN, POSSIBLE, NOISE = Certainty.CERTAIN, Certainty.POSSIBLE, Certainty.NOISE
TABLE, STACK = "AWS::DynamoDB::Table", "AWS::CloudFormation::Stack"
COMPLETE = Context(complete=True, retagged=False)
DIFFERENCE = Difference("Properties/A", 1, 2, State.CHANGED, flows=False)


def fate(action: str | None, replacement: Replacement = NO, kind: str = TABLE, **more: Any) -> Fate:
    """What the comparison says of resource X."""
    fields: dict[str, Any] = {
        "state": State.CHANGED if action else State.SAME,
        "differences": (DIFFERENCE,) if action else (),
        "replaced_by": () if replacement is NO else ("A",),
    }
    fields |= more
    return Fate((), "X", kind, "x", action, replacement=replacement, **fields)


def listed(replacement: str = "False", *details: Any, action: str = "Modify", **more: Any) -> Change:
    """What CloudFormation lists of resource X."""
    return claim("X", TABLE, action, replacement, details, **more)


FLOWING = detail("B", "Always", "Dynamic", "ParameterReference", "Arn")


@pytest.mark.parametrize(
    ("own", "claimed", "judgement"),
    [
        (fate(None), None, None),
        # only CloudFormation knows the resource
        (
            None,
            listed("True", action="Add"),
            Judgement("Add", CERTAIN, SURELY, (general.ONLY_CLOUDFORMATION.remark(),)),
        ),
        (
            None,
            listed("", action="Dynamic"),
            Judgement("Dynamic", POSSIBLE, NO, (general.ONLY_CLOUDFORMATION.remark(),)),
        ),
        # the templates show no change
        (
            fate(None),
            listed("True", FLOWING),
            Judgement(
                "Modify",
                NOISE,
                NO,
                (
                    general.VALUES_STAY.remark(),
                    general.REPLACEMENT_FALSE.remark(),
                ),
            ),
        ),
        (
            fate(None),
            listed("Conditional", detail("A")),
            Judgement(
                "Modify",
                POSSIBLE,
                MAY,
                (general.NOT_IN_TEMPLATES.remark(),),
            ),
        ),
        (
            fate(None, kind=STACK),
            listed(),
            Judgement(
                "Modify",
                NOISE,
                NO,
                (general.STACK_MIGHT_CHANGE.remark(),),
            ),
        ),
        # the templates show a change
        (fate("Modify"), listed("False", detail("A")), Judgement("Modify", CERTAIN, NO)),
        (fate("Add", state=State.POSSIBLE), listed(action="Add"), Judgement("Add", POSSIBLE, NO)),
        (fate("Modify"), None, Judgement("Modify", POSSIBLE, NO, (general.NOT_LISTED.remark(),))),
        (fate("Modify", kind=STACK), None, Judgement("Modify", CERTAIN, NO)),
        (
            fate("Modify", differences=(Difference("Metadata", 1, 2, State.CHANGED, flows=False),)),
            None,
            Judgement(
                "Modify",
                CERTAIN,
                NO,
                (general.ATTRIBUTES_ONLY.remark(),),
            ),
        ),
        (
            fate("Modify", state=State.POSSIBLE),
            listed("False", detail("A")),
            Judgement("Modify", POSSIBLE, NO, (general.KNOWN_LATER.remark(),)),
        ),
    ],
)
def test_judge(own: Fate | None, claimed: Change | None, judgement: Judgement | None) -> None:
    assert judge(own, claimed, COMPLETE) == judgement


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("value", "certainty"),
    [
        ("short", NOISE),
        ("x" * 256, NOISE),
        ("x" * 257, POSSIBLE),  # large values can be truncated, and differ behind the cut
        ("caf?", POSSIBLE),  # the answer has "?" for every character that is not ASCII
        ("{{changeSet:KNOWN_AFTER_APPLY}}-x", POSSIBLE),
    ],
)
def test_equal_values_are_the_same_only_if_cloudformation_shows_them_whole(value: str, certainty: Certainty) -> None:
    judgement = judge(fate(None), listed("False", detail("A", before=value, after=value)), COMPLETE)
    assert judgement is not None
    assert judgement.certainty is certainty


def test_missing_change_sets_of_nested_stacks_make_nothing_less_certain() -> None:
    assert judge(fate("Modify"), None, Context(complete=False, retagged=False)) == Judgement("Modify", CERTAIN, NO)


def test_new_tags_of_the_stack_reach_the_resource() -> None:
    retagged = Context(complete=True, retagged=True)
    judgement = Judgement("Modify", CERTAIN, NO, (general.STACK_TAGS.remark(),))
    assert judge(fate(None), listed("False", detail("", attribute="Tags")), retagged) == judgement
    assert judge(fate(None), listed(scope=["Tags"]), retagged) == judgement


SAYS_A = general.CLOUDFORMATION_REPLACES.remark(properties="A")
STAYS = general.REPLACEMENT_FROM_SAME_VALUES.remark()
IN_PLACE, MAY_BE_IN_PLACE = (general.CHANGES_IN_PLACE.remark(certain=certain) for certain in (True, False))
MORE, MAYBE_MORE = (general.LESSER_REPLACEMENT.remark(certain=certain, properties="A") for certain in (True, False))
SAYS_B = general.CLOUDFORMATION_REPLACES.remark(properties="B")
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


@pytest.mark.parametrize(
    ("own", "claimed", "replacement", "notes"),
    [
        (NO, listed("False"), NO, ()),
        (SURELY, listed("True"), SURELY, ()),
        (NO, listed("True", detail("A", "Always")), SURELY, (SAYS_A,)),
        (NO, listed("True", detail("A", "Always", "Dynamic")), MAY, (SAYS_A,)),
        (NO, listed("Conditional", detail("A", "Conditionally")), MAY, (SAYS_A,)),
        (NO, listed("True", detail("A"), FLOWING), NO, (STAYS,)),
        (NO, listed("True", FLOWING), NO, (STAYS,)),
        (NO, listed("True"), SURELY, ()),
        (SURELY, listed("False", detail("A", "Never")), NO, (IN_PLACE,)),
        (MAY, listed("False", detail("A", "Never")), NO, (MAY_BE_IN_PLACE,)),
        (SURELY, listed("False"), SURELY, (MORE,)),
        (SURELY, listed(""), SURELY, ()),
        (MAY, listed("False"), MAY, (MAYBE_MORE,)),
        (SURELY, listed("Conditional", detail("A", "Conditionally")), SURELY, (MORE,)),
        # what CloudFormation says of another property is no answer for this one
        (SURELY, listed("False", detail("B", "Never")), SURELY, (MORE,)),
        # B does not change in the templates, but CloudFormation has evaluated it: a dynamic reference
        (NO, listed("True", detail("A"), detail("B", "Always", before="1", after="2")), SURELY, (SAYS_B,)),
        (NO, listed("True", detail("B", "Always", "Static", "ParameterReference", "P", "1", "2")), SURELY, (SAYS_B,)),
        (NO, listed("True", detail("B", "Always", "Static", "ParameterReference", "P", "1", "1")), NO, (STAYS,)),
        (NO, listed("True", detail("B", "Always", "Dynamic", "ParameterReference", "P", "1", LATER)), NO, (STAYS,)),
    ],
)
@pytest.mark.requirement("REV-1")
def test_replacement(own: Replacement, claimed: Change, replacement: Replacement, notes: tuple[Remark, ...]) -> None:
    """The comparison's replacement against CloudFormation's, for a change of property A."""
    assert judge(fate("Modify", own), claimed, COMPLETE) == Judgement("Modify", CERTAIN, replacement, notes)


@pytest.mark.requirement("REV-1")
def test_custom_resource_may_be_replaced_whatever_cloudformation_says() -> None:
    """Only its function knows: CloudFormation replaces it if the function answers with another id."""
    claimed = listed("False", detail("A", "Never"))
    judgement = judge(fate("Modify", MAY, "Custom::Migration"), claimed, COMPLETE)
    assert judgement == Judgement("Modify", CERTAIN, MAY, (MAYBE_MORE,))


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize("replacement", ["False", "Conditional", "True"])
@pytest.mark.parametrize("evaluation", ["Static", "Dynamic"])
@pytest.mark.parametrize("recreation", ["Never", "Conditionally", "Always"])
@pytest.mark.parametrize("name", ["A", "B", None])
@pytest.mark.parametrize("own", [NO, MAY, SURELY])
def test_review_overrules_cloudformation_only_with_a_note(
    own: Replacement, name: str | None, recreation: str, evaluation: str, replacement: str
) -> None:
    details = () if name is None else (detail(name, recreation, evaluation),)
    judgement = judge(fate("Modify", own), listed(replacement, *details), COMPLETE)
    assert judgement is not None
    claimed = {"False": NO, "Conditional": MAY, "True": SURELY}[replacement]
    assert judgement.replacement is claimed or judgement.notes


@pytest.mark.requirement("REV-1")
def test_value_that_may_change_and_is_listed_is_never_noise() -> None:
    flowing = Difference("Properties/B", "b", "b", State.POSSIBLE, flows=True)
    judgement = judge(fate("Modify", state=State.POSSIBLE, differences=(flowing,)), listed("False", FLOWING), COMPLETE)
    assert judgement is not None
    assert judgement.certainty is POSSIBLE


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("listed_detail", "certainty"),
    [
        (detail("B", "Never", "Static", "ParameterReference", "P", "1", "2"), POSSIBLE),
        (detail("B", "Never", "Static", "ParameterReference", "P", "1", "1"), NOISE),
        (detail("B", "Never", "Static", "ParameterReference", "P"), NOISE),
        (detail("B", "Never", "Dynamic", "ParameterReference", "P", "1", LATER), NOISE),
    ],
)
def test_change_that_cloudformation_has_evaluated_is_not_noise(listed_detail: Detail, certainty: Certainty) -> None:
    judgement = judge(fate(None), listed("False", listed_detail), COMPLETE)
    assert judgement is not None
    assert judgement.certainty is certainty
