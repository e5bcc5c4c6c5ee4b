"""Who may do what: identity, resource, trust and session policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import (
    ACCOUNT,
    REGION,
    Credentials,
    Statement,
    allow,
    assume,
    created,
    deny,
    document,
    error_of,
    is_denied,
    resources,
    role,
    session,
    trust,
    unique,
)

pytestmark = pytest.mark.emulator


class Queues:
    """Two queues to be allowed or denied."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.cloud, self.prefix = cloud, unique("guarded")
        sqs = cloud.client("sqs")
        self.one = sqs.create_queue(QueueName=f"{self.prefix}-one")["QueueUrl"]
        self.two = sqs.create_queue(QueueName=f"{self.prefix}-two")["QueueUrl"]

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.prefix}-{name}"

    def may_read(self, credentials: Credentials, url: str | None = None) -> bool:
        return not is_denied(self.cloud.client("sqs", credentials).get_queue_attributes, QueueUrl=url or self.one)

    def allowed(self, *statements: Statement) -> bool:
        """Whether a role with these statements may read the first queue."""
        return self.may_read(session(self.cloud, *statements))

    def close(self) -> None:
        for url in (self.one, self.two):
            self.cloud.client("sqs").delete_queue(QueueUrl=url)


READ = "sqs:GetQueueAttributes"


@pytest.fixture(scope="module")
def queues(cloud: EmbeddedCloud) -> Iterator[Queues]:
    both = Queues(cloud)
    yield both
    both.close()


def test_without_allow_a_call_is_denied(queues: Queues) -> None:
    assert not queues.allowed(allow("sqs:SendMessage"))


def test_explicit_deny_wins(queues: Queues) -> None:
    assert queues.allowed(allow("sqs:*"))
    assert not queues.allowed(allow("sqs:*"), deny(READ))


ROLE_WITH_POLICY = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Ref Policy]
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "sts:AssumeRole"}]
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sqs:GetQueueAttributes", Resource: "*"}]}
Outputs: {Role: {Value: !GetAtt Role.Arn}}
"""


def test_managed_policy_counts_like_an_inline_one(cloud: EmbeddedCloud, queues: Queues) -> None:
    with created(cloud, ROLE_WITH_POLICY) as (_, outcome):
        credentials = assume(cloud, outcome.outputs["Role"])
        assert queues.may_read(credentials)
        assert is_denied(cloud.client("sqs", credentials).send_message, QueueUrl=queues.one, MessageBody="x")


def test_resource_element_limits_the_allow(cloud: EmbeddedCloud, queues: Queues) -> None:
    credentials = session(cloud, allow(READ, queues.arn("one")))
    assert queues.may_read(credentials, queues.one)
    assert not queues.may_read(credentials, queues.two)


def test_action_wildcard_matches_within_its_service(cloud: EmbeddedCloud, queues: Queues) -> None:
    credentials = session(cloud, allow("sqs:Get*"))
    assert queues.may_read(credentials)
    assert is_denied(cloud.client("sqs", credentials).send_message, QueueUrl=queues.one, MessageBody="x")
    assert is_denied(cloud.client("sns", credentials).list_topics)


def test_wildcard_in_an_arn_matches_a_prefix(queues: Queues) -> None:
    assert queues.allowed(allow(READ, f"arn:aws:sqs:*:*:{queues.prefix}*"))
    assert not queues.allowed(allow(READ, "arn:aws:sqs:*:*:another*"))


def test_string_equals_is_case_sensitive(queues: Queues) -> None:
    assert queues.allowed(allow(READ, condition={"StringEquals": {"aws:RequestedRegion": REGION}}))
    assert not queues.allowed(allow(READ, condition={"StringEquals": {"aws:RequestedRegion": REGION.upper()}}))


def test_missing_key_fails_a_condition(queues: Queues) -> None:
    assert not queues.allowed(allow(READ, condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}))


def test_if_exists_passes_a_missing_key(queues: Queues) -> None:
    assert queues.allowed(allow(READ, condition={"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}))


def test_negated_operator_matches_a_missing_key(queues: Queues) -> None:
    assert not queues.allowed(allow(READ), deny(READ, condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}))


def test_arn_like_matches_parts_with_wildcards(queues: Queues) -> None:
    def principal(pattern: str) -> Statement:
        return allow(READ, condition={"ArnLike": {"aws:PrincipalArn": pattern}})

    assert queues.allowed(principal(f"arn:aws:iam::{ACCOUNT}:role/conformance-*"))
    assert not queues.allowed(principal(f"arn:aws:iam::{ACCOUNT}:user/conformance-*"))
    assert not queues.allowed(principal("arn:aws:iam::999999999999:role/*"))


def test_several_values_are_alternatives(queues: Queues) -> None:
    region = {"aws:RequestedRegion": ["eu-central-1", REGION]}
    assert queues.allowed(allow(READ, condition={"StringEquals": region}))
    both = {**region, "aws:PrincipalAccount": "999999999999"}
    assert not queues.allowed(allow(READ, condition={"StringEquals": both}))


def test_secure_transport_is_true_over_tls(queues: Queues) -> None:
    assert queues.allowed(allow(READ), deny("*", condition={"Bool": {"aws:SecureTransport": "false"}}))
    assert not queues.allowed(allow(READ), deny("*", condition={"Bool": {"aws:SecureTransport": "true"}}))


def test_principal_account_is_the_callers(queues: Queues) -> None:
    assert queues.allowed(allow(READ, condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}))
    assert not queues.allowed(allow(READ, condition={"StringEquals": {"aws:PrincipalAccount": "999999999999"}}))


def test_resource_account_is_the_owners(queues: Queues) -> None:
    assert queues.allowed(allow(READ, condition={"StringEquals": {"aws:ResourceAccount": ACCOUNT}}))
    assert not queues.allowed(allow(READ, condition={"StringEquals": {"aws:ResourceAccount": "999999999999"}}))


def test_requested_region_is_the_endpoints(queues: Queues) -> None:
    foreign = {"StringNotEquals": {"aws:RequestedRegion": REGION}}
    assert queues.allowed(allow(READ), deny("*", condition=foreign))
    assert not queues.allowed(allow(READ), deny("*", condition={"StringEquals": {"aws:RequestedRegion": REGION}}))


def test_principal_arn_of_a_session_is_the_role(cloud: EmbeddedCloud, queues: Queues) -> None:
    arn = role(cloud)
    condition = {"ArnEquals": {"aws:PrincipalArn": arn}}
    cloud.client("iam").put_role_policy(
        RoleName=arn.rsplit("/", 1)[1], PolicyName="self", PolicyDocument=document(allow(READ, condition=condition))
    )
    assert queues.may_read(assume(cloud, arn))


def user(cloud: EmbeddedCloud, *statements: Statement, path: str = "/") -> tuple[str, Credentials]:
    """The ARN and the access key of a user with these statements."""
    iam, name = cloud.client("iam"), unique("conformance-user")
    arn = iam.create_user(UserName=name, Path=path)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*statements))
    credentials: Credentials = iam.create_access_key(UserName=name)["AccessKey"]
    return str(arn), credentials


def test_principal_arn_of_a_user_is_its_own(cloud: EmbeddedCloud, queues: Queues) -> None:
    pattern = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/people/*"}}
    _, inside = user(cloud, allow(READ, condition=pattern), path="/people/")
    _, outside = user(cloud, allow(READ, condition=pattern))
    assert queues.may_read(inside)
    assert not queues.may_read(outside)


def test_principal_arn_takes_patterns(cloud: EmbeddedCloud, queues: Queues) -> None:
    iam, name = cloud.client("iam"), unique("AWSReservedSSO_Analyst")
    pattern = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analyst-????????"
    statement = allow(READ, condition={"ArnLike": {"aws:PrincipalArn": pattern}})
    for path, is_matching in (("/aws-reserved/sso.amazonaws.com/eu-west-1/", True), ("/", False)):
        arn = iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=document(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
        )["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(statement))
        assert queues.may_read(assume(cloud, arn)) is is_matching
        iam.delete_role_policy(RoleName=name, PolicyName="inline")
        iam.delete_role(RoleName=name)


WITH_MFA = {"aws:MultiFactorAuthPresent": "true"}


def test_session_without_mfa_is_no_match(queues: Queues) -> None:
    assert not queues.allowed(allow(READ, condition={"Bool": WITH_MFA}))


def test_access_key_has_no_mfa_key(cloud: EmbeddedCloud, queues: Queues) -> None:
    _, strict = user(cloud, allow(READ, condition={"Bool": WITH_MFA}))
    _, lenient = user(cloud, allow(READ, condition={"BoolIfExists": WITH_MFA}))
    assert not queues.may_read(strict)
    assert queues.may_read(lenient)


# -- resource policies ------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(cloud: EmbeddedCloud) -> Iterator[str]:
    """A bucket with one object."""
    s3, name = cloud.client("s3"), unique("guarded")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="key", Body=b"x")
    yield name
    s3.delete_bucket_policy(Bucket=name)
    s3.delete_object(Bucket=name, Key="key")
    s3.delete_bucket(Bucket=name)


def bucket_policy(cloud: EmbeddedCloud, name: str, effect: str, arn: str) -> None:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": arn},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    cloud.client("s3").put_bucket_policy(Bucket=name, Policy=document(statement))


def test_resource_policy_alone_suffices_within_the_account(cloud: EmbeddedCloud, bucket: str) -> None:
    arn = role(cloud)
    credentials = assume(cloud, arn)
    assert is_denied(cloud.client("s3", credentials).get_object, Bucket=bucket, Key="key")
    bucket_policy(cloud, bucket, "Allow", arn)
    assert not is_denied(cloud.client("s3", credentials).get_object, Bucket=bucket, Key="key")


def test_deny_in_a_resource_policy_wins(cloud: EmbeddedCloud, bucket: str) -> None:
    arn = role(cloud, allow("s3:GetObject"))
    credentials = assume(cloud, arn)
    assert not is_denied(cloud.client("s3", credentials).get_object, Bucket=bucket, Key="key")
    bucket_policy(cloud, bucket, "Deny", arn)
    assert is_denied(cloud.client("s3", credentials).get_object, Bucket=bucket, Key="key")


# -- roles and sessions -----------------------------------------------------------------------------------------------


def test_trust_policy_names_who_may_assume(cloud: EmbeddedCloud) -> None:
    caller = role(cloud, allow("sts:AssumeRole"))
    credentials = assume(cloud, caller)
    closed = role(cloud, trusted=trust({"Service": "ec2.amazonaws.com"}))
    opened = role(cloud, trusted=trust({"AWS": caller}))
    sts = cloud.client("sts", credentials)
    assert is_denied(sts.assume_role, RoleArn=closed, RoleSessionName="second")
    assert not is_denied(sts.assume_role, RoleArn=opened, RoleSessionName="second")


def test_trust_policy_conditions_count(cloud: EmbeddedCloud) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "right"}}
    arn = role(cloud, trusted=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, condition))
    credentials = session(cloud, allow("sts:AssumeRole"))
    sts = cloud.client("sts", credentials)
    assert is_denied(sts.assume_role, RoleArn=arn, RoleSessionName="second")
    assert is_denied(sts.assume_role, RoleArn=arn, RoleSessionName="second", ExternalId="wrong")
    assert not is_denied(sts.assume_role, RoleArn=arn, RoleSessionName="second", ExternalId="right")


def test_assuming_needs_permission_too(cloud: EmbeddedCloud) -> None:
    target = role(cloud, trusted=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    without = cloud.client("sts", session(cloud, allow("sts:AssumeRole", f"{target}-other")))
    with_permission = cloud.client("sts", session(cloud, allow("sts:AssumeRole", target)))
    assert is_denied(without.assume_role, RoleArn=target, RoleSessionName="second")
    assert not is_denied(with_permission.assume_role, RoleArn=target, RoleSessionName="second")


def test_session_policy_intersects(cloud: EmbeddedCloud, queues: Queues) -> None:
    arn = role(cloud, allow(READ))
    assert queues.may_read(assume(cloud, arn))
    assert not queues.may_read(assume(cloud, arn, Policy=document(allow("sqs:SendMessage"))))
    assert not queues.may_read(assume(cloud, role(cloud), Policy=document(allow(READ))))


def test_session_has_the_assumed_role_arn(cloud: EmbeddedCloud) -> None:
    arn = role(cloud)
    identity = cloud.client("sts", assume(cloud, arn)).get_caller_identity()
    name = arn.rsplit("/", 1)[1]
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/conformance"
    assert identity["Account"] == ACCOUNT


def test_unknown_access_key_is_rejected(cloud: EmbeddedCloud) -> None:
    stranger = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wrong"}
    assert error_of(cloud.client("sts", stranger).get_caller_identity) == "InvalidClientTokenId"


def test_role_with_policies_cannot_be_deleted(cloud: EmbeddedCloud) -> None:
    iam, name = cloud.client("iam"), role(cloud, allow(READ)).rsplit("/", 1)[1]
    assert error_of(iam.delete_role, RoleName=name) in ("DeleteConflict", "DeleteConflictException")
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)


def test_role_name_is_unique(cloud: EmbeddedCloud) -> None:
    iam, name = cloud.client("iam"), role(cloud).rsplit("/", 1)[1]
    arguments = {"AssumeRolePolicyDocument": document(trust({"Service": "lambda.amazonaws.com"}))}
    assert error_of(iam.create_role, RoleName=name, **arguments) == "EntityAlreadyExists"
    assert error_of(iam.create_role, RoleName=name, Path="/other/", **arguments) == "EntityAlreadyExists"
    assert error_of(iam.create_role, RoleName=name.upper(), **arguments) == "EntityAlreadyExists"


def test_missing_role_is_not_found(cloud: EmbeddedCloud) -> None:
    iam, name = cloud.client("iam"), role(cloud).rsplit("/", 1)[1]
    assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name
    assert error_of(iam.get_role, RoleName=f"{name}-gone") == "NoSuchEntity"


def test_inline_policy_is_replaced_by_name(cloud: EmbeddedCloud, queues: Queues) -> None:
    arn = role(cloud, allow(READ))
    iam, name = cloud.client("iam"), arn.rsplit("/", 1)[1]
    iam.put_role_policy(RoleName=name, PolicyName="other", PolicyDocument=document(allow("sqs:SendMessage")))
    assert queues.may_read(assume(cloud, arn))
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(allow("sqs:ListQueues")))
    assert not queues.may_read(assume(cloud, arn))
    assert sorted(iam.list_role_policies(RoleName=name)["PolicyNames"]) == ["inline", "other"]


PROFILE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}]
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
  Linked:
    Type: AWS::IAM::ServiceLinkedRole
    Properties: {AWSServiceName: autoscaling.amazonaws.com, CustomSuffix: conformance}
"""


@pytest.fixture(scope="module")
def profile(cloud: EmbeddedCloud) -> Iterator[dict[str, str]]:
    with created(cloud, PROFILE) as (stack, _):
        yield resources(cloud, stack)


def test_instance_profile_carries_its_role(cloud: EmbeddedCloud, profile: dict[str, str]) -> None:
    found: Any = cloud.client("iam").get_instance_profile(InstanceProfileName=profile["Profile"])["InstanceProfile"]
    assert [entry["RoleName"] for entry in found["Roles"]] == [profile["Role"]]


def test_service_linked_role_has_a_fixed_name(cloud: EmbeddedCloud, profile: dict[str, str]) -> None:
    name = "AWSServiceRoleForAutoScaling_conformance"
    assert profile["Linked"] == name
    found = cloud.client("iam").get_role(RoleName=name)["Role"]
    assert found["Path"] == "/aws-service-role/autoscaling.amazonaws.com/"
    assert "autoscaling.amazonaws.com" in json.dumps(found["AssumeRolePolicyDocument"])
