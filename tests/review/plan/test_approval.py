"""The approval of a plan, beside the plan file."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.examples import EXAMPLES
from review.judgement.verdict import judge_plan
from review.plan.approval import Approval, approval_path, load_approval, parse_approval, save_approval
from review.plan.plan_file import plan_digest
from tests.review.support.examples import example_plan
from tests.review.support.plans import make_plan

pytestmark = pytest.mark.requirement("REV-2")
PLAN = make_plan({"root.yaml": "Resources: {X: {Type: 'AWS::SNS::Topic'}}"})
APPROVAL = Approval(plan_digest(PLAN), "2026-01-01T00:00:00+00:00", "me", "arn:aws:iam::111122223333:user/me", ("A/B",))


def test_approval_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "trading-dev.plan.json"
    assert load_approval(path) is None
    save_approval(path, APPROVAL)
    assert load_approval(path) == APPROVAL
    assert approval_path(path).name == "trading-dev.plan.approval.json"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"plan": 1}', ""])
def test_broken_approval_allows_nothing(text: str) -> None:
    assert parse_approval(text) is None


def test_approval_counts_for_no_other_plan() -> None:
    assert APPROVAL.is_for(PLAN)
    assert not APPROVAL.is_for(make_plan({"root.yaml": "Resources: {Y: {Type: 'AWS::SNS::Topic'}}"}))


@pytest.mark.parametrize(
    ("example", "names"),
    [("R101", 1), ("R104", 1), ("R201", 1), ("R202", 1), ("R211", 1), ("R210", 0), ("R216", 0), ("R306", 0)],
)
def test_blocked_changes_are_named(example: str, names: int) -> None:
    review = judge_plan(example_plan(EXAMPLES[example]))
    assert len(review.blocked) == names
    assert set(review.blocked) <= {change.name for change in review.real}
