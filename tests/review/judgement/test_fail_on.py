"""The exit code that a review gives to a pipeline."""

from __future__ import annotations

import pytest

from review.errors import ReviewError
from review.examples import EXAMPLES
from review.findings.general import FINDINGS
from review.judgement.fail_on import FailOn, exit_code
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from tests.review.support.examples import example_plan
from tests.review.support.plans import change_set, claim, make_plan

pytestmark = pytest.mark.requirement("REV-2")


def review_of(code: str) -> Review:
    """The review of the plan that is the example of a finding."""
    return judge_plan(example_plan(EXAMPLES[code]))


# R201 is blocked, R210 is to be looked at, R207 and R315 are fine.
@pytest.mark.parametrize(
    ("example", "option", "code"),
    [
        ("R201", None, 0),
        ("R201", "blocked", 5),
        ("R201", "look", 5),
        ("R201", "R201", 5),
        ("R201", "R210,R201", 5),
        ("R201", "R210", 0),
        ("R210", "blocked", 0),
        ("R210", "look", 4),
        ("R210", "R210", 4),
        ("R207", "look", 0),
        ("R207", "R207", 4),
        ("R207", " R101 , R207", 4),
        ("R216", "look", 4),  # a setting
        ("R213", "R213", 4),  # an output
        ("R208", "R208", 4),  # CloudFormation's own validation
    ],
)
def test_exit_code_follows_from_the_heaviest_finding_that_fails(example: str, option: str | None, code: int) -> None:
    assert exit_code(review_of(example), FailOn.parse(option) if option else None) == code


def test_change_that_will_not_happen_fails_nothing() -> None:
    """R305 and R306 are notes on what CloudFormation lists and the review overrules."""
    assert exit_code(review_of("R306"), FailOn.parse("R305,R306")) == 0


def test_plan_that_only_adds_is_fine() -> None:
    template = "Resources: {X: {Type: 'AWS::SNS::Topic'}}"
    plan = make_plan({"root.yaml": template}, claims=change_set(claim("X", "AWS::SNS::Topic", "Add")))
    assert exit_code(judge_plan(plan), FailOn.parse("look")) == 0


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("R999", "R999"),
        ("R201,R999,blocked", "R999, blocked"),
        ("Blocked", "Blocked"),
        ("fine", "fine"),
        ("", "an empty word"),
        ("R201,", "an empty word"),
    ],
)
def test_unknown_word_is_an_error_that_says_where_the_codes_are(option: str, named: str) -> None:
    with pytest.raises(ReviewError) as caught:
        FailOn.parse(option)
    assert f": {named} is no verdict and no code" in caught.value.what
    assert "docs/rules.md" in caught.value.do
    assert caught.value.exit_code == 2


def test_every_code_of_the_catalogue_is_known() -> None:
    codes = [finding.code for finding in FINDINGS]
    assert FailOn.parse(",".join(codes)).codes == set(codes)
