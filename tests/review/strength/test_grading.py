"""The grading of a resource: what exists on one side only, what is unknown, and any edit of both platforms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfn.marks import State, marked
from review.findings import strength
from review.findings.finding import Direction, Label, Verdict
from review.strength import grade
from review.strength.values import is_function
from tests.review.strength.support.changes import REMOVED, changed, summary
from tests.review.strength.support.platforms import Resource, resources

CLUSTER = "AWS::RDS::DBCluster"
UNKNOWN = {"Fn::ImportValue": "other-stack"}


# ---- what exists on one side only -----------------------------------------------------------------------------------


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("resource_type", "finding"),
    [
        ("AWS::CloudTrail::Trail", strength.AUDIT_TRAIL),
        ("AWS::EC2::FlowLog", strength.AUDIT_TRAIL),
        ("AWS::Backup::BackupPlan", strength.BACKUP),
        ("AWS::CloudWatch::CompositeAlarm", strength.ALARMS),
        ("AWS::Config::ConfigRule", strength.CONFIG_RULES),
        ("AWS::GuardDuty::Detector", strength.DETECTION),
        ("AWS::SecretsManager::RotationSchedule", strength.ROTATION),
        ("AWS::WAFv2::WebACLAssociation", strength.WEB_FILTER),
        ("AWS::Logs::SubscriptionFilter", strength.ALARMS),
        ("AWS::ApiGateway::UsagePlan", strength.LIMITS),
    ],
)
def test_removal_of_a_protection_is_weaker_and_its_creation_stronger(resource_type: str, finding: Any) -> None:
    (remark,) = grade(resource_type, {}, None)
    assert (remark.code, remark.verdict, remark.label) == (finding.code, finding.verdict, Label.WEAKER)
    (remark,) = grade(resource_type, None, {})
    assert (remark.code, remark.verdict, remark.label) == (finding.code, Verdict.FINE, Label.STRONGER)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    "resource_type", ["AWS::EC2::Route", "AWS::EC2::VPCPeeringConnection", "AWS::RAM::ResourceShare"]
)
def test_creation_of_a_way_in_or_out_is_broader(resource_type: str) -> None:
    (remark,) = grade(resource_type, None, {})
    assert (remark.verdict, remark.label) == (Verdict.LOOK, Label.BROADER)
    (remark,) = grade(resource_type, {}, None)
    assert (remark.verdict, remark.label) == (Verdict.FINE, Label.NARROWER)


@pytest.mark.requirement("REV-2")
def test_policy_that_denies_is_missed_and_one_that_only_allows_is_not() -> None:
    denies = {"PolicyDocument": {"Statement": [{"Effect": "Deny", "Action": "s3:*"}]}}
    allows = {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}}
    (remark,) = grade("AWS::S3::BucketPolicy", denies, None)
    assert (remark.code, remark.label) == (strength.AUTHORISATION.code, Label.WEAKER)
    assert grade("AWS::S3::BucketPolicy", allows, None) == ()
    assert grade("AWS::S3::BucketPolicy", denies, allows) == (), "changes of documents are not graded here"


@pytest.mark.requirement("REV-2")
def test_new_resource_is_not_weaker_than_none_unless_it_exposes_something() -> None:
    assert grade("AWS::DynamoDB::Table", None, {"TableName": "t"}) == ()
    assert grade("AWS::RDS::DBInstance", None, {"PubliclyAccessible": False}) == ()
    (remark,) = grade("AWS::RDS::DBInstance", None, {"PubliclyAccessible": True})
    assert (remark.verdict, remark.label) == (Verdict.BLOCKED, Label.BROADER)
    (remark,) = grade("AWS::RDS::DBInstance", None, {"PubliclyAccessible": UNKNOWN})
    assert (remark.verdict, remark.label) == (Verdict.LOOK, Label.WEAKER)


@pytest.mark.requirement("REV-2")
def test_item_that_is_removed_is_not_compared_unless_its_settings_fall_back() -> None:
    volumes = {"BlockDeviceMappings": [{"DeviceName": "/dev/a", "Ebs": {"Encrypted": True}}]}
    assert grade("AWS::EC2::Instance", volumes, {}) == ()
    settings = {"MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", "LoggingLevel": "ERROR"}]}
    assert summary(grade("AWS::ApiGateway::Stage", settings, {})).codes == {strength.LOGGING.code}


@pytest.mark.requirement("REV-2")
def test_new_behaviour_that_allows_plain_text_is_weaker() -> None:
    def distribution(*behaviours: tuple[str, str]) -> dict[str, Any]:
        listed = [{"PathPattern": path, "ViewerProtocolPolicy": policy} for path, policy in behaviours]
        return {"DistributionConfig": {"CacheBehaviors": listed}}

    one, two = distribution(("/a", "https-only")), distribution(("/b", "allow-all"), ("/a", "https-only"))
    (remark,) = grade("AWS::CloudFront::Distribution", one, two)
    assert (remark.code, remark.label) == (strength.TLS.code, Label.WEAKER)
    (remark,) = grade("AWS::CloudFront::Distribution", two, one)
    assert remark.label is Label.STRONGER


# ---- what is unknown ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"StorageEncrypted": True}, {"StorageEncrypted": UNKNOWN}),
        ({"BackupRetentionPeriod": 7}, {"BackupRetentionPeriod": UNKNOWN}),
        ({"BackupRetentionPeriod": UNKNOWN}, {"BackupRetentionPeriod": 7}),
        ({"BackupRetentionPeriod": UNKNOWN}, {"BackupRetentionPeriod": {"Ref": "Days"}}),
        ({"BackupRetentionPeriod": 7}, {"BackupRetentionPeriod": "{{resolve:ssm:/days}}"}),
        ({"KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}, {"KmsKeyId": UNKNOWN}),
        ({"EnableCloudwatchLogsExports": ["audit"]}, {"EnableCloudwatchLogsExports": UNKNOWN}),
    ],
)
def test_unknown_value_may_be_weaker(before: Any, after: Any) -> None:
    (remark,) = grade(CLUSTER, before, after)
    assert (remark.code, remark.verdict, remark.label) == (strength.MAY_BE_WEAKER.code, Verdict.LOOK, Label.WEAKER)
    assert grade(CLUSTER, after, after) == ()


@pytest.mark.requirement("REV-2")
def test_unknown_value_instead_of_the_weakest_is_not_weaker() -> None:
    (remark,) = grade(CLUSTER, {"StorageEncrypted": False}, {"StorageEncrypted": UNKNOWN})
    assert (remark.code, remark.verdict, remark.label) == (strength.MAY_BE_WEAKER.code, Verdict.FINE, Label.STRONGER)


@pytest.mark.requirement("REV-2")
def test_unknown_object_makes_all_that_is_in_it_unknown() -> None:
    table = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    (remark,) = grade("AWS::DynamoDB::Table", table, {"PointInTimeRecoverySpecification": UNKNOWN})
    assert remark.sentence == (
        "may be weaker: PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled true -> "
        '{"Fn::ImportValue": "other-stack"}'
    )


@pytest.mark.requirement("REV-2")
def test_marks_are_no_change_and_what_is_in_them_is_compared() -> None:
    before = {"KmsKeyId": "key-1", "BackupRetentionPeriod": 7}
    flowing = {"KmsKeyId": marked("key-1", State.POSSIBLE), "BackupRetentionPeriod": marked(1, State.CHANGED)}
    (remark,) = grade(CLUSTER, before, flowing)
    assert remark.sentence == "weaker backup: BackupRetentionPeriod 7 -> 1"


@pytest.mark.requirement("REV-2")
def test_whole_values_are_in_the_sentence() -> None:
    """The review cut a value at 160 characters, which hid the principal."""
    topics = [f"arn:aws:sns:us-east-1:111122223333:alerts-of-desk-{number}" for number in range(9)]
    (remark,) = grade("AWS::CloudWatch::Alarm", {"AlarmActions": topics}, {"AlarmActions": topics[:8]})
    assert all(topic in remark.sentence for topic in topics)


# ---- attributes -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REV-2")
def test_update_policy_that_waits_for_no_signal_is_weaker() -> None:
    waits = {"UpdatePolicy": {"AutoScalingRollingUpdate": {"WaitOnResourceSignals": True, "MinInstancesInService": 2}}}
    hurries = {"UpdatePolicy": {"AutoScalingRollingUpdate": {"WaitOnResourceSignals": False}}}
    remarks = grade("AWS::AutoScaling::AutoScalingGroup", {}, {}, attributes_before=waits, attributes_after=hurries)
    assert [remark.sentence.split(" ", 2)[2] for remark in remarks] == [
        "UpdatePolicy/AutoScalingRollingUpdate/WaitOnResourceSignals true -> false",
        "UpdatePolicy/AutoScalingRollingUpdate/MinInstancesInService 2 -> none",
    ]
    assert summary(remarks).codes == {strength.AVAILABILITY.code}


# ---- every edit of both platforms -----------------------------------------------------------------------------------

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> list[Path]:
    """The path of every property and item, the inner ones too, but nothing inside of a function."""
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict) and not is_function(value):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [deeper for key, child in children for deeper in [(*path, key), *paths(child, (*path, key))]]


def is_definite(label: Label | None, code: str) -> bool:
    return label is not None and code != strength.MAY_BE_WEAKER.code


NEW_VALUES = st.one_of(
    st.just(REMOVED),
    st.booleans(),
    st.integers(-1, 4000),
    st.sampled_from(
        ["", "*", "none", "NONE", "0.0.0.0/0", "Enabled", "Disabled", "disabled", "optional", "alias/aws/x"]
    ),
    st.just(UNKNOWN),
    st.just([]),
    st.just({}),
)
GRADED = tuple(resource for resource in resources() if paths(resource.properties))


@st.composite
def edits(draw: st.DrawFn) -> tuple[Resource, dict[str, Any]]:
    """A resource of a platform, and its properties with one edit."""
    resource = draw(st.sampled_from(GRADED))
    path = draw(st.sampled_from(paths(resource.properties)))
    return resource, changed(resource.properties, path, draw(NEW_VALUES))


@pytest.mark.requirement("REV-2")
@given(edits())
def test_edit_of_any_property_has_a_verdict_and_its_reversal_the_opposite_labels(edit: tuple[Resource, Any]) -> None:
    resource, after = edit
    there, back = (
        [remark for remark in remarks if is_definite(remark.label, remark.code)]
        for remarks in (
            grade(resource.type, resource.properties, after),
            grade(resource.type, after, resource.properties),
        )
    )
    assert {(remark.code, remark.label) for remark in there} == {
        (remark.code, remark.label.opposite) for remark in back if remark.label
    }
    weaker = {remark.verdict for remark in there if remark.label and remark.label.direction is Direction.WEAKER}
    assert Verdict.FINE not in weaker


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("resource", GRADED, ids=lambda resource: str(resource.name))
def test_no_change_and_another_order_are_no_finding(resource: Resource) -> None:
    properties = resource.properties
    assert grade(resource.type, properties, dict(reversed([*properties.items()]))) == ()
    unordered = {"SecurityGroupIds", "VpcSecurityGroupIds", "AlarmActions", "LoadBalancerAttributes", "SubnetIds"}
    turned = {key: value[::-1] if key in unordered else value for key, value in properties.items()}
    unordered_by_code = {remark.code for remark in grade(resource.type, properties, turned)}
    assert unordered_by_code <= {strength.MAY_BE_WEAKER.code}, "an endpoint's subnets have no order"


@pytest.mark.requirement("REV-2")
def test_object_that_vanishes_is_graded_as_a_whole() -> None:
    """A function that left its VPC was narrower too, because its security groups went with the VPC."""
    inside = {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "SubnetIds": ["subnet-1"]}}
    assert [(one.code, one.label) for one in grade("AWS::Lambda::Function", inside, {})] == [("R411", Label.BROADER)]
    assert [(one.code, one.label) for one in grade("AWS::Lambda::Function", {}, inside)] == [("R411", Label.NARROWER)]
    more = {"VpcConfig": {**inside["VpcConfig"], "SecurityGroupIds": ["sg-1", "sg-2"]}}
    assert [(one.code, one.label) for one in grade("AWS::Lambda::Function", inside, more)] == [("R411", Label.BROADER)]
