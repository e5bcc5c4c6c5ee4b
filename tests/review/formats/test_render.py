"""Reviews as a person reads them: input and output."""

from __future__ import annotations

import json

import pytest

from review.formats.document import review_json
from review.formats.render import review_markdown, review_text
from review.judgement.counts import count_changes, summary_sentence
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from tests.review.support.plans import change_set, claim, deployed, make_plan

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
Planned `2026-01-01T00:00:00+00:00`. Verdict: blocked: executing the plan needs `--allow` for Gone.
1 to add, 1 to change, 1 to remove.

### DATA IS LOST

- Gone `AWS::DynamoDB::Table` is removed: Gone-id (R201)

### Resources

- small-dev
  - `~` Kept `AWS::DynamoDB::Table`
    - BillingMode: `PROVISIONED` -> `PAY_PER_REQUEST`
  - `+` Topic `AWS::SNS::Topic`
  - `-` Gone `AWS::DynamoDB::Table`
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


def review_of(before: str, after: str, kind: str = "AWS::IAM::ManagedPolicy") -> Review:
    """The review of one resource X whose properties change."""
    old, new = (f"Resources: {{X: {{Type: '{kind}', Properties: {properties}}}}}" for properties in (before, after))
    return judge_plan(make_plan({"root.yaml": new}, deployed("small-dev", old), claims=change_set(claim("X", kind))))


GRANT = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::trades/*"}
LONG_GRANT = {
    "Action": [f"s3:{verb}Object" for verb in ("Get", "Put", "Delete", "Restore", "Replicate")],
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
    "Effect": "Allow",
    "Principal": "*",
    "Resource": "arn:aws:s3:::trades/*",
}


def policy(*statements: object, name: str = "one") -> str:
    return json.dumps({"PolicyDocument": {"Version": "2012-10-17", "Id": name, "Statement": statements}})


@pytest.mark.requirement("REV-1")
def test_new_statement_is_shown_whole() -> None:
    """The review showed the beginning of Action, and never Effect, Principal and Resource."""
    review = review_of(policy(GRANT), policy(GRANT, LONG_GRANT))
    lines = [
        "+Effect: Allow",
        '+Principal: "*"',
        "+Action:",
        "+  - s3:GetObject",
        "+  - s3:PutObject",
        "+  - s3:DeleteObject",
        "+  - s3:RestoreObject",
        "+  - s3:ReplicateObject",
        "+Resource: arn:aws:s3:::trades/*",
        "+Condition:",
        "+  StringEquals:",
        "+    aws:PrincipalOrgID: o-1",
    ]
    text = [line.strip() for line in review_text(review).splitlines()]
    assert text[text.index("PolicyDocument/Statement/1: added") + 1 :][: len(lines)] == lines
    markdown = [line.strip() for line in review_markdown(review).splitlines()]
    assert markdown[markdown.index("- PolicyDocument/Statement/1: added") + 1 :][: len(lines) + 2] == [
        "```diff",
        *lines,
        "```",
    ]


@pytest.mark.requirement("REV-1")
def test_both_changes_of_a_policy_that_is_a_text_are_shown() -> None:
    """The second change was more than 160 characters behind the first one, and was not shown."""
    closed = {**LONG_GRANT, "Principal": {"AWS": "111122223333"}}
    before, after = ({"PolicyDocument": json.dumps(document)} for document in (
        {"Id": "one", "Statement": [closed]}, {"Id": "two", "Statement": [LONG_GRANT]}
    ))  # fmt: skip
    text = review_text(review_of(json.dumps(before), json.dumps(after), "AWS::Logs::ResourcePolicy"))
    assert "PolicyDocument/Id: one -> two\n" in text
    assert 'PolicyDocument/Statement/0/Principal: {"AWS": "111122223333"} -> *\n' in text


@pytest.mark.requirement("REV-1")
def test_another_order_is_called_so() -> None:
    """One permission was shown as added, and one as removed."""
    first, second = (
        {**GRANT, "Action": ["s3:PutObject", "s3:GetObject"]},
        {**GRANT, "Action": ["s3:GetObject", "s3:PutObject"]},
    )
    review = review_of(policy(first), policy(second))
    order = '["s3:PutObject", "s3:GetObject"] -> ["s3:GetObject", "s3:PutObject"]'
    note = "(the same elements in another order, which has no meaning here)"
    assert f"PolicyDocument/Statement/0/Action: {order} {note}\n" in review_text(review)
    (difference,) = json.loads(review_json(review))["changes"][0]["properties"]
    assert (difference["kind"], difference["orderMatters"]) == ("order", False)


@pytest.mark.requirement("REV-1")
def test_texts_of_a_template_are_neither_control_characters_nor_markup() -> None:
    """A DisplayName wiped the line above from the terminal, and was printed in bold outside of its code span."""
    name = "\x1b[2A\x1b[2K` **Reviewed by security: no findings**"
    review = review_of('{DisplayName: ""}', json.dumps({"DisplayName": name}), "AWS::SNS::Topic")
    assert r'DisplayName: "" -> \x1b[2A\x1b[2K` **Reviewed by security: no findings**' in review_text(review)
    assert r'DisplayName: `""` -> ``\x1b[2A\x1b[2K` **Reviewed by security: no findings**``' in review_markdown(review)


def test_parameter_and_setting_are_shown_whole() -> None:
    template = "Parameters: {Text: {Type: String, Default: a}}\nResources: {X: {Type: 'AWS::SNS::Topic'}}"
    stack_policy = json.dumps(
        {"Statement": [{**GRANT, "Action": "Update:*", "Resource": "LogicalResourceId/Database"}]}
    )
    plan = make_plan(
        {"root.yaml": template}, deployed("s", template, {"Text": "a"}), {"Text": "b" * 101}, stack_policy=stack_policy
    )
    text = review_text(judge_plan(plan))
    assert f"  Text: changes\n    -a\n    +{'b' * 101}\n" in text
    assert '    +Statement:\n    +  - Effect: Allow\n    +    Principal: "*"\n' in text
