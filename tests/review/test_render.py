"""Values and reviews as a person reads them: input and output."""

from __future__ import annotations

from typing import Any

import pytest

from cfn.marks import State, marked
from review.counts import count_changes, summary_sentence
from review.render import MAX_VALUE, review_markdown, review_text, short_pair, short_text
from review.reviewed import Review
from review.verdict import judge_plan
from tests.review.support.plans import change_set, claim, deployed, make_plan

DIGEST = "0123456789ab" + "c" * 52


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(none)"),
        ("a  b\n c", "a b c"),
        (True, "true"),
        (["a", 1], '["a", 1]'),
        ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
        ({"Ref": "B"}, "${B}"),
        (marked({"Fn::GetAtt": ["B", "Arn"]}, State.CHANGED), "${B.Arn}"),
        (f"functions/x/{DIGEST}.zip", "functions/x/0123456789ab….zip"),
        ("x" * 200, "x" * (MAX_VALUE - 1) + "…"),
    ],
)
def test_short_text(value: Any, text: str) -> None:
    assert short_text(value) == text


@pytest.mark.parametrize(
    ("before", "after", "pair"),
    [
        ("a", "b", ("a", "b")),
        (None, 3, ("(none)", "3")),
        ({"Ref": "A"}, "x", ("${A}", "x")),
        (
            "x" * 100 + "old" + "y" * 100,
            "x" * 100 + "new",
            ("…" + "x" * 40 + "old" + "y" * 100, "…" + "x" * 40 + "new"),
        ),
    ],
)
def test_short_pair(before: Any, after: Any, pair: tuple[str, str]) -> None:
    assert short_pair(before, after) == pair


def test_long_values_are_cut_around_the_difference() -> None:
    before, after = short_pair("x" * 300 + "old" + "y" * 300, "x" * 300 + "new" + "y" * 300)
    assert "old" in before
    assert "new" in after
    assert len(before) <= MAX_VALUE


def test_digests_are_short_enough_to_read() -> None:
    assert short_text("functions/x/" + "0123456789ab" + "c" * 52 + ".zip") == "functions/x/0123456789ab….zip"


TABLE = "AWS::DynamoDB::Table"
OLD = """
Resources:
  Kept: {Type: AWS::DynamoDB::Table, Properties: {TableName: kept, BillingMode: PROVISIONED}}
  Gone: {Type: AWS::DynamoDB::Table, Properties: {TableName: gone}}
"""
NEW = """
Resources:
  Kept: {Type: AWS::DynamoDB::Table, Properties: {TableName: kept, BillingMode: PAY_PER_REQUEST}}
  Topic: {Type: AWS::SNS::Topic}
"""


def small_review() -> Review:
    """One resource changes, one is removed, one is added."""
    changes = change_set(
        claim("Kept", TABLE), claim("Gone", TABLE, "Remove", ""), claim("Topic", "AWS::SNS::Topic", "Add", "")
    )
    return judge_plan(make_plan({"root.yaml": NEW}, deployed("small-dev", OLD), claims=changes))


def test_review_text() -> None:
    assert (
        review_text(small_review())
        == """\
small dev: updates stack small-dev (111122223333, us-east-1)
Planned 2026-01-01T00:00:00+00:00. Verdict: blocked: executing the plan needs --allow for Gone.
1 to add, 1 to change, 1 to remove.

DATA IS LOST
------------
  Gone AWS::DynamoDB::Table is removed: Gone-id (R201)

Resources
---------
small-dev
  ~ Kept AWS::DynamoDB::Table
      BillingMode: PROVISIONED -> PAY_PER_REQUEST
  + Topic AWS::SNS::Topic
  - Gone AWS::DynamoDB::Table
      is removed: Gone-id (R201)
"""
    )


def test_review_markdown() -> None:
    assert (
        review_markdown(small_review())
        == """\
small dev: updates stack small-dev (111122223333, us-east-1)
Planned 2026-01-01T00:00:00+00:00. Verdict: blocked: executing the plan needs --allow for Gone.
1 to add, 1 to change, 1 to remove.

### DATA IS LOST

  - Gone `AWS::DynamoDB::Table` is removed: Gone-id (R201)

### Resources

- small-dev
  - ~ Kept `AWS::DynamoDB::Table`
      - BillingMode: `PROVISIONED` -> `PAY_PER_REQUEST`
  - + Topic `AWS::SNS::Topic`
  - - Gone `AWS::DynamoDB::Table`
      - is removed: Gone-id (R201)
"""
    )


def test_count_changes() -> None:
    counts = count_changes(small_review())
    assert {key: count for key, count in counts.items() if count} == {
        "add": 1,
        "modify": 1,
        "remove": 1,
        "loses_data": 1,
    }


def test_summary_sentence_of_a_plan_that_changes_nothing() -> None:
    same = make_plan({"root.yaml": OLD}, deployed("small-dev", OLD))
    assert summary_sentence(judge_plan(same)) == "nothing changes."
