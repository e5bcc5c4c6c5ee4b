"""The review shows what is added, what is kept, the order of creation and a change of type: nothing is hidden."""

from __future__ import annotations

import pytest

from review.comparison.replacement import Replacement
from review.findings.finding import Verdict
from review.formats.render import review_text
from review.judgement.verdict import judge_plan
from review.plan.model import Plan
from tests.review.support.plans import change_set, claim, deployed, make_plan

pytestmark = pytest.mark.requirement("REV-1")

TOPIC = "  T: {Type: AWS::SNS::Topic}\n"
ROLE = """\
  Helper:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sts:AssumeRole'}]}
"""


def plan_of(before: str, after: str, *changes: object) -> Plan:
    """An update of resources, as CloudFormation lists it."""
    return make_plan(
        {"root.yaml": f"Resources:\n{after}"},
        deployed("small-dev", f"Resources:\n{before}"),
        claims=change_set(*changes),  # type: ignore[arg-type]
    )


def test_added_resource_is_shown_with_its_content() -> None:
    """Incident: a role that anybody may assume, with AdministratorAccess, was one line."""
    text = review_text(judge_plan(plan_of(TOPIC, TOPIC + ROLE, claim("Helper", "AWS::IAM::Role", "Add", ""))))
    assert "+ Helper AWS::IAM::Role" in text
    assert "AdministratorAccess" in text
    assert "AssumeRolePolicyDocument: effect | action | principal\n        + Allow | sts:AssumeRole | *\n" in text


def test_added_rule_of_a_security_group_is_a_row() -> None:
    door = "  Door: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: sg-1, IpProtocol: -1, CidrIp: 0.0.0.0/0}}\n"
    text = review_text(
        judge_plan(plan_of(TOPIC, TOPIC + door, claim("Door", "AWS::EC2::SecurityGroupIngress", "Add", "")))
    )
    assert "direction | protocol | ports | peer\n" in text
    assert "+ in | all | all | 0.0.0.0/0\n" in text


def test_change_of_order_alone_is_shown() -> None:
    """Incident: destroying depends on this order, and the review said that nothing changes."""
    ordered = "  P: {Type: AWS::SNS::Topic, DependsOn: T}\n"
    text = review_text(judge_plan(plan_of(TOPIC + ordered, TOPIC + ordered.replace(", DependsOn: T", ""))))
    assert "~ P AWS::SNS::Topic" in text
    assert "DependsOn" in text
    assert "only the order of creation and deletion changes" in text


@pytest.mark.parametrize("form", ["DependsOn: T", "DependsOn: [T]"])
def test_both_forms_of_depends_on_are_the_same(form: str) -> None:
    before = TOPIC + "  P: {Type: AWS::SNS::Topic, DependsOn: T}\n"
    assert not judge_plan(plan_of(before, before.replace("DependsOn: T", form))).real


def test_change_of_type_will_fail_and_loses_what_the_old_type_holds() -> None:
    """Incident: a bucket that became a topic was a replacement without loss."""
    store = "  Store: {Type: AWS::S3::Bucket}\n"
    review = judge_plan(plan_of(store, store.replace("S3::Bucket", "SNS::Topic"), claim("Store", "AWS::SNS::Topic")))
    (change,) = review.real
    assert [finding.code for finding in change.findings] == ["R104", "R202"]
    assert (change.verdict, change.replacement) == (Verdict.BLOCKED, Replacement.CERTAIN)
    assert "THIS WILL FAIL" in review_text(review)


def test_topic_that_becomes_a_queue_loses_nothing() -> None:
    store = "  Store: {Type: AWS::SNS::Topic}\n"
    review = judge_plan(plan_of(store, store.replace("SNS::Topic", "SQS::Queue"), claim("Store", "AWS::SQS::Queue")))
    assert [finding.code for change in review.real for finding in change.findings] == ["R104"]


@pytest.mark.parametrize(
    ("policy", "listed", "code", "verdict"),
    [
        ("Delete", "Delete", "R201", Verdict.BLOCKED),
        ("Retain", "Retain", "R210", Verdict.LOOK),
        ("RetainExceptOnCreate", "Retain", "R210", Verdict.LOOK),
        ("Snapshot", "Snapshot", "R211", Verdict.BLOCKED),
        ("Retain", "", "R210", Verdict.LOOK),
        ("Snapshot", "", "R211", Verdict.BLOCKED),
    ],
)
def test_removal_says_what_is_kept(policy: str, listed: str, code: str, verdict: Verdict) -> None:
    volume = f"  Gone: {{Type: AWS::EC2::Volume, DeletionPolicy: {policy}, Properties: {{Size: 1}}}}\n"
    removal = claim("Gone", "AWS::EC2::Volume", "Remove", "", policy=listed)
    (change,) = judge_plan(plan_of(TOPIC + volume, TOPIC, removal)).real
    assert [(finding.code, finding.verdict) for finding in change.findings] == [(code, verdict)]


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("Retain", "Retain", "R212"),
        ("Snapshot", "Snapshot", "R212"),
        ("Delete", "Delete", "R202"),
        ("Retain", "Delete", "R202"),
        ("Delete", "Retain", "R202"),
    ],
)
def test_replacement_says_what_is_kept(before: str, after: str, code: str) -> None:
    table = "  X: {Type: AWS::DynamoDB::Table, UpdateReplacePolicy: %s, Properties: {TableName: %s}}\n"
    replaced = claim("X", "AWS::DynamoDB::Table", replacement="True")
    (change,) = judge_plan(plan_of(table % (before, "a"), table % (after, "b"), replaced)).real
    assert code in [finding.code for finding in change.findings]


@pytest.mark.parametrize(
    ("kind", "properties", "code"),
    [
        ("AWS::RDS::DBCluster", "{Engine: aurora-mysql}", "R211"),
        ("AWS::RDS::DBInstance", "{Engine: mysql}", "R211"),
        ("AWS::RDS::DBInstance", "{Engine: aurora-mysql, DBClusterIdentifier: a}", "R201"),
        ("AWS::DynamoDB::Table", "{TableName: a}", "R201"),
    ],
)
def test_default_of_the_deletion_policy(kind: str, properties: str, code: str) -> None:
    gone = f"  Gone: {{Type: '{kind}', Properties: {properties}}}\n"
    (change,) = judge_plan(plan_of(TOPIC + gone, TOPIC, claim("Gone", kind, "Remove", ""))).real
    assert [finding.code for finding in change.findings] == [code]


def test_resource_that_is_kept_and_holds_no_data_is_named() -> None:
    gone = "  Gone: {Type: AWS::SNS::Subscription, DeletionPolicy: Retain}\n"
    claims = claim("Gone", "AWS::SNS::Subscription", "Remove", "", policy="Retain")
    (change,) = judge_plan(plan_of(TOPIC + gone, TOPIC, claims)).real
    assert "R315" in [finding.code for finding in change.findings]


def test_texts_that_differ_are_shown_where_cloudformation_has_nothing_to_change() -> None:
    nothing = change_set(status="FAILED", reason="The submitted information didn't contain changes.")
    before = "Description: a\nResources:\n" + TOPIC
    plan = make_plan({"root.yaml": before.replace(": a", ": b")}, deployed("small-dev", before), claims=nothing)
    text = review_text(judge_plan(plan))
    assert "No changes" in text
    assert "~ Description" in text
