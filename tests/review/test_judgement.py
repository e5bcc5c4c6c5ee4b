"""What the review makes of both sides' knowledge of one resource: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State
from review.compare import Fate
from review.difference import Difference
from review.finding import Remark
from review.judgement import Certainty, Context, Judgement, judge
from review.model import Change
from review.replacement import Replacement
from tests.review.support.plans import claim, detail

NO, MAY, SURELY = Replacement.NO, Replacement.POSSIBLE, Replacement.CERTAIN
CERTAIN, POSSIBLE, NOISE = Certainty.CERTAIN, Certainty.POSSIBLE, Certainty.NOISE
TABLE, STACK = "AWS::DynamoDB::Table", "AWS::CloudFormation::Stack"
COMPLETE = Context(complete=True, retagged=False)
DIFFERENCE = Difference("Properties/A", 1, 2, State.CHANGED, flows=False)


def fate(action: str | None, replacement: Replacement = NO, kind: str = TABLE, **more: Any) -> Fate:
    """What the comparison says of resource X."""
    fields = {"state": State.CHANGED if action else State.SAME, "differences": (DIFFERENCE,) if action else ()} | more
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
            Judgement("Add", CERTAIN, SURELY, (Remark("R301", "only CloudFormation lists it"),)),
        ),
        (
            None,
            listed("", action="Dynamic"),
            Judgement("Dynamic", POSSIBLE, NO, (Remark("R301", "only CloudFormation lists it"),)),
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
                    Remark("R305", "every value that it takes from elsewhere stays the same"),
                    Remark("R306", "the replacement that CloudFormation lists is false"),
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
                (Remark("R304", "CloudFormation lists a change that the templates do not show"),),
            ),
        ),
        (
            fate(None, kind=STACK),
            listed(),
            Judgement(
                "Modify",
                NOISE,
                NO,
                (Remark("R303", "the nested stack is listed because its template or inputs might change"),),
            ),
        ),
        # the templates show a change
        (fate("Modify"), listed("False", detail("A")), Judgement("Modify", CERTAIN, NO)),
        (fate("Add", state=State.POSSIBLE), listed(action="Add"), Judgement("Add", POSSIBLE, NO)),
        (fate("Modify"), None, Judgement("Modify", POSSIBLE, NO, (Remark("R309", "CloudFormation does not list it"),))),
        (fate("Modify", kind=STACK), None, Judgement("Modify", CERTAIN, NO)),
        (
            fate("Modify", differences=(Difference("Metadata", 1, 2, State.CHANGED, flows=False),)),
            None,
            Judgement(
                "Modify",
                CERTAIN,
                NO,
                (Remark("R308", "only attributes of the template change; the resource does not"),),
            ),
        ),
        (
            fate("Modify", state=State.POSSIBLE),
            listed("False", detail("A")),
            Judgement(
                "Modify", POSSIBLE, NO, (Remark("R307", "depends on a value that is known only while deploying"),)
            ),
        ),
    ],
)
def test_judge(own: Fate | None, claimed: Change | None, judgement: Judgement | None) -> None:
    assert judge(own, claimed, COMPLETE) == judgement


def test_missing_change_sets_of_nested_stacks_make_nothing_less_certain() -> None:
    assert judge(fate("Modify"), None, Context(complete=False, retagged=False)) == Judgement("Modify", CERTAIN, NO)


def test_new_tags_of_the_stack_reach_the_resource() -> None:
    retagged = Context(complete=True, retagged=True)
    judgement = Judgement("Modify", CERTAIN, NO, (Remark("R302", "the stack's tags change"),))
    assert judge(fate(None), listed("False", detail("", attribute="Tags")), retagged) == judgement
    assert judge(fate(None), listed(scope=["Tags"]), retagged) == judgement


SAYS_A = Remark("R312", "CloudFormation says of A that a change may replace the resource")
STAYS = Remark("R311", "the replacement that CloudFormation lists comes from values that stay the same")
IN_PLACE = Remark("R310", "its schema says that it is replaced, CloudFormation says that it changes in place")


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
        (NO, listed("True"), SURELY, (STAYS,)),
        (SURELY, listed("False", detail("A", "Never")), NO, (IN_PLACE,)),
        (SURELY, listed("False"), SURELY, ()),
        (SURELY, listed("Conditional", detail("A", "Conditionally")), SURELY, ()),
    ],
)
def test_replacement(own: Replacement, claimed: Change, replacement: Replacement, notes: tuple[Remark, ...]) -> None:
    """The comparison's replacement against CloudFormation's, for a change of property A."""
    assert judge(fate("Modify", own), claimed, COMPLETE) == Judgement("Modify", CERTAIN, replacement, notes)
