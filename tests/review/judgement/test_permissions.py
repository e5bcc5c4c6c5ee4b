"""Changed policies get a label and a verdict, decided without AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfn.templates import CommittedTemplates, Template, parse
from review.examples.permissions import PERMISSIONS
from review.findings.finding import Label, Verdict
from review.judgement import permissions
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan
from tests.review.support.examples import example_plan

pytestmark = pytest.mark.requirement("REV-2")

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::trades/*"}
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def role(*statements: Any, trust: Any = LAMBDA, **properties: Any) -> dict[str, Any]:
    policies = [{"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}, "Policies": policies, **properties},
    }


def bucket_policy(*statements: Any) -> dict[str, Any]:
    properties = {"Bucket": "trades", "PolicyDocument": {"Statement": list(statements)}}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties}


def side(**resources: Any) -> Side:
    text = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, **resources}})
    template = Template("root.yaml", text, parse(text))
    return Side(CommittedTemplates(template, {"root.yaml": template}))


def compared(before: Side | None, after: Side) -> Review:
    return judge_plan(offline_plan(before, after, Place()))


def findings(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Label | None, Verdict]]:
    """Code, label and verdict of the findings on permissions, of a resource that changes."""
    review = compared(side(X=before), side(X=after))
    remarks = [remark for change in review.real for remark in change.findings if remark.code.startswith("R6")]
    return [(remark.code, remark.label, remark.verdict) for remark in remarks]


LOOK = ("R601", Label.BROADER, Verdict.LOOK)
NARROWER = ("R601", Label.NARROWER, Verdict.FINE)
ADMINISTRATION = ("R603", Label.BROADER, Verdict.BLOCKED)
PUBLIC = ("R604", Label.BROADER, Verdict.BLOCKED)
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::trades/*"}
TLS_ONLY = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::trades/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip


@pytest.mark.parametrize("code", PERMISSIONS)
def test_example_has_its_finding(code: str) -> None:
    (change,) = judge_plan(example_plan(PERMISSIONS[code])).real
    assert code in [finding.code for finding in change.findings]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("s3:GetObject", ["s3:GetObject", "s3:PutObject"], LOOK),
        ("s3:GetObject", "s3:*", LOOK),
        ("s3:GetObject", "iam:PutRolePolicy", ADMINISTRATION),
        ("s3:GetObject", "*", ADMINISTRATION),
    ],
)
def test_action_that_is_added(before: Any, after: Any, expected: Any) -> None:
    wide = {"Effect": "Allow", "Resource": "*"}
    assert expected in findings(role({**wide, "Action": before}), role({**wide, "Action": after}))


def test_escalating_action_on_a_named_resource_is_no_administration() -> None:
    named = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/batch"}
    assert findings(role(READ), role(READ, named)) == [LOOK]
    assert findings(role(READ), role(READ, {**named, "Resource": "*"})) == [ADMINISTRATION]
    assert findings(role(READ), role(READ, {**named, "Resource": "arn:aws:iam::*:role/*"})) == [ADMINISTRATION]


@pytest.mark.parametrize("policy", ["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"])
def test_policy_of_aws_that_gives_administration(policy: str) -> None:
    attached = role(READ, ManagedPolicyArns=[f"arn:aws:iam::aws:policy/{policy}"])
    assert findings(role(READ), attached) == [ADMINISTRATION]


def test_administration_that_ends_is_narrower() -> None:
    """Its detachment was "may be broader", as if the text of AdministratorAccess were not known."""
    attached = role(READ, ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"])
    assert findings(attached, role(READ)) == [NARROWER]


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("NumericLessThan", "s3:TlsVersion", "1.2"),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01"),
        ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"),
    ],
)
def test_value_that_its_operator_cannot_read_may_be_broader(operator: str, key: str, value: str) -> None:
    """The review ended with a ValueError: it tried a text for the key that the other side's operator could not read."""
    before, after = (
        bucket_policy(ANYBODY, {**TLS_ONLY, "Condition": {operator: {key: text}}}) for text in (value, "unreadable")
    )
    for old, new in ((before, after), (after, before)):
        assert ("R602", Label.BROADER, Verdict.LOOK) in findings(old, new)


def test_policy_whose_text_is_unknown_may_be_broader() -> None:
    attached = role(READ, ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"])
    assert findings(role(READ), attached) == [("R602", Label.BROADER, Verdict.LOOK)]


@pytest.mark.parametrize(
    "edit",
    [
        lambda statement: {**statement, "Action": ["s3:GetObject"]},
        lambda statement: {**statement, "Sid": "Read"},
        lambda statement: {**statement, "Action": ["s3:getobject", "s3:GetObject"]},
    ],
)
def test_same_meaning_has_no_label(edit: Any) -> None:
    assert findings(role(READ), role(edit(READ))) == []


@pytest.mark.parametrize(
    ("kind", "name", "action"),
    [("AWS::ApiGateway::RestApi", "Policy", "execute-api:Invoke"), ("AWS::KMS::Key", "KeyPolicy", "kms:Decrypt")],
)
def test_first_policy_that_lets_everybody_in_is_public(kind: str, name: str, action: str) -> None:
    """An API without a policy that got one for everybody was "may be broader": its default was not known."""
    allow = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    own = {**allow, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
    without, opened, closed = (
        {"Type": kind, "Properties": properties}
        for properties in ({}, {name: {"Statement": [allow]}}, {name: {"Statement": [own]}})
    )
    assert findings(without, opened) == [PUBLIC]
    assert findings(without, closed) == [("R602", Label.BROADER, Verdict.LOOK)]


def test_weakening_and_its_reversal_have_opposite_labels() -> None:
    narrow, wide = role(READ), role({**READ, "Resource": "*"})
    assert findings(narrow, wide) == [LOOK]
    assert findings(wide, narrow) == [NARROWER]


def test_exchange_of_permissions_has_both_labels() -> None:
    assert findings(role(READ), role({**READ, "Action": "s3:PutObject"})) == [LOOK, NARROWER]


def test_boundary_that_ends_is_broader() -> None:
    bounded = role({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, PermissionsBoundary={"Ref": "Boundary"})
    boundary = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [READ]}}}
    without = role({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    review = compared(side(X=bounded, Boundary=boundary), side(X=without, Boundary=boundary))
    assert [remark.code for change in review.real for remark in change.findings if remark.label is Label.BROADER] == [
        "R601"
    ]


def test_denial_that_is_dropped_is_broader_even_without_an_allow() -> None:
    """CheckNoNewAccess alone misses it: the document allows nothing before and after."""
    assert findings(
        bucket_policy(TLS_ONLY, READ | {"Principal": {"AWS": "111122223333"}}), bucket_policy(TLS_ONLY)
    ) == [NARROWER]
    weaker = {**TLS_ONLY, "Action": "s3:PutObject"}
    assert findings(bucket_policy(TLS_ONLY), bucket_policy(weaker)) == [LOOK]
    assert findings(bucket_policy(weaker), bucket_policy(TLS_ONLY)) == [NARROWER]


def test_resource_that_opens_to_everybody_is_blocked() -> None:
    assert findings(bucket_policy(TLS_ONLY), bucket_policy(TLS_ONLY, ANYBODY)) == [PUBLIC]


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:alerts"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    ],
)
def test_condition_on_the_caller_makes_it_less_than_public(condition: Any) -> None:
    limited = {**ANYBODY, "Condition": condition}
    assert findings(bucket_policy(TLS_ONLY), bucket_policy(TLS_ONLY, limited)) == [LOOK]


def test_condition_that_everybody_meets_is_public() -> None:
    limited = {**ANYBODY, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    assert findings(bucket_policy(TLS_ONLY), bucket_policy(TLS_ONLY, limited)) == [PUBLIC]


def test_trust_of_another_account_is_broader_and_of_everybody_public() -> None:
    other = {**LAMBDA, "Principal": {"AWS": "arn:aws:iam::444455556666:role/partner"}}
    assert findings(role(READ), role(READ, trust=other)) == [LOOK, NARROWER]
    assert PUBLIC in findings(role(READ), role(READ, trust={**LAMBDA, "Principal": {"AWS": "*"}}))


def test_new_role_and_policy_are_graded_as_broader() -> None:
    review = compared(side(), side(X=role(READ)))
    codes = {remark.code for change in review.real for remark in change.findings}
    assert codes == {"R601"}
    assert review.verdict is Verdict.LOOK


def test_new_stack_has_nothing_that_is_broader_than_before() -> None:
    review = compared(None, side(X=role(READ), Y=bucket_policy(ANYBODY)))
    remarks = {remark.code: remark.verdict for change in review.real for remark in change.findings}
    assert remarks == {"R604": Verdict.LOOK}


def test_removed_role_is_narrower() -> None:
    assert compared(side(X=role(READ)), side()).verdict is Verdict.FINE


def test_denials_of_a_removed_role_are_no_loss() -> None:
    """Regression: the removal of a role was broader, because the role's own denials end with it."""
    denial = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    review = compared(side(X=role(READ, denial)), side())
    assert {remark.label for change in review.real for remark in change.findings if remark.code == "R601"} == {
        Label.NARROWER
    }


def test_change_without_a_policy_compares_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("nothing was to compare")

    monkeypatch.setattr(permissions, "comparisons", fail)
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}
    changed = {**queue, "Properties": {"VisibilityTimeout": 60}}
    assert len(compared(side(X=queue), side(X=changed)).real) == 1


def test_example_of_everybody_names_no_invented_account() -> None:
    review = compared(side(X=bucket_policy(TLS_ONLY)), side(X=bucket_policy(TLS_ONLY, ANYBODY)))
    sentences = [remark.sentence for change in review.real for remark in change.findings]
    assert any("to a principal of any account" in sentence for sentence in sentences)
    assert not any("999999999999" in sentence for sentence in sentences)
