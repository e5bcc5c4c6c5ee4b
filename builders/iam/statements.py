"""IAM statements named by intent, authored with awacs.

Each function names what a principal wants to do, and takes the resources. It alone decides which actions that needs.

A statement on ``Resource: "*"`` is allowed only for APIs without resource-level permission. ``unscoped`` creates it and demands
the reason. ``wildcard_reasons`` writes the reason into the template's metadata, where a reviewer reads it.

The Service Authorization Reference says which actions support resource-level permissions:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awacs.cloudformation as cloudformation
import awacs.cloudwatch as cloudwatch
import awacs.dynamodb as dynamodb
import awacs.ec2 as ec2
import awacs.execute_api as execute_api
import awacs.kms as kms
import awacs.logs as logs
import awacs.rds_db as rds_db
import awacs.s3 as s3
import awacs.secretsmanager as secretsmanager
import awacs.sns as sns
import awacs.sqs as sqs
import awacs.sts as sts
import awacs.xray as xray
from awacs.aws import (
    Action,
    Allow,
    ArnEquals,
    ArnLike,
    Bool,
    Condition,
    ConditionElement,
    Deny,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringEqualsIfExists,
)
from troposphere import AWSHelperFn, If, NoValue, Ref, Sub

from builders.iam import arns

Resource = AWSHelperFn | str

ACCOUNT_ROOT = Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")


class WildcardStatement(Statement):
    """A statement on every resource, with the reason why it cannot be narrower."""

    def __init__(
        self, sid: str, reason: str, actions: Sequence[Action], conditions: Sequence[ConditionElement]
    ) -> None:
        self.reason = reason  # before awacs's constructor, which then allows policy elements only
        super().__init__(Sid=sid, Effect=Allow, Action=list(actions), Resource=["*"], **_condition(conditions))


def policy(*statements: Statement) -> PolicyDocument:
    """A policy document in the current policy language; awacs would omit the version."""
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))


def wildcard_reasons(statements: Sequence[Statement]) -> dict[str, str]:
    """Sid → reason of the statements on every resource, for the metadata of the resource with the policy."""
    return {s.properties["Sid"]: s.reason for s in statements if isinstance(s, WildcardStatement)}


def allow(
    sid: str, actions: Sequence[Action], resources: Sequence[Resource], *conditions: ConditionElement
) -> Statement:
    """An identity-based permission."""
    return Statement(Sid=sid, Effect=Allow, Action=list(actions), Resource=list(resources), **_condition(conditions))


def every_action(service: str) -> Action:
    """All actions of a service. For endpoint policies and denials only, never for the permissions of a role."""
    return Action(service, "*")


def unscoped(sid: str, reason: str, actions: Sequence[Action], *conditions: ConditionElement) -> WildcardStatement:
    """A permission on ``*`` for APIs without resource-level permission; the reason names the APIs."""
    return WildcardStatement(sid, reason, actions, conditions)


def all_of(*conditions: ConditionElement) -> Condition:
    """Joins conditions that must all hold.

    It merges conditions with the same operator, of which awacs would silently keep only the last.
    """
    merged: dict[type[ConditionElement], dict[str, Any]] = {}
    for condition in conditions:
        merged.setdefault(type(condition), {}).update(condition.get_dict())
    return Condition([operator(keys) for operator, keys in merged.items()])


def _condition(conditions: Sequence[ConditionElement]) -> dict[str, Condition]:
    return {"Condition": all_of(*conditions)} if conditions else {}


# --- Storage ---------------------------------------------------------------------------------------------------------
def read_objects(sid: str, bucket_arn: AWSHelperFn, prefix: str = "*") -> Statement:
    """Read objects under a prefix."""
    return allow(sid, [s3.GetObject], [arns.below(bucket_arn, f"/{prefix}")])


def write_objects(sid: str, bucket_arn: AWSHelperFn, *prefixes: str) -> Statement:
    """Write objects under some prefixes, each in one request."""
    return allow(sid, [s3.PutObject], [arns.below(bucket_arn, f"/{prefix}*") for prefix in prefixes])


def read_artifact(sid: str, bucket: str, key: str) -> list[Statement]:
    """Read one packaged artifact; ``bucket`` and ``key`` are placeholders, such as ``${ArtifactBucket}``.

    The artifact bucket's KMS key belongs to another stack, so the encryption context, which is the bucket, limits its use.
    """
    place = f"arn:${{AWS::Partition}}:s3:::{bucket}"
    return [
        allow(sid, [s3.GetObject], [Sub(f"{place}/{key}")]),
        allow(
            f"{sid}Key",
            [kms.Decrypt],
            [arns.arn("kms", "key/*")],
            StringEquals({"kms:ViaService": via("s3"), "kms:EncryptionContext:aws:s3:arn": Sub(place)}),
        ),
    ]


def list_objects(sid: str, bucket_arn: AWSHelperFn) -> Statement:
    """List a bucket's objects. Without this permission S3 returns 403 instead of 404 for a missing object."""
    return allow(sid, [s3.ListBucket], [bucket_arn])


def empty_buckets(sid: str, bucket_names: Sequence[str]) -> list[Statement]:
    """Delete the contents of versioned buckets: versions, delete markers and incomplete uploads.

    DeleteObjects "must always" have ``s3:DeleteObject``, also for versions. Without a bucket there is no statement, because IAM
    rejects a statement without a resource.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    if not bucket_names:
        return []
    buckets = [arns.bucket(name) for name in bucket_names]
    objects = [arns.bucket(f"{name}/*") for name in bucket_names]
    return [
        allow(f"{sid}List", [s3.ListBucketVersions, s3.ListBucketMultipartUploads], buckets),
        allow(f"{sid}Delete", [s3.DeleteObject, s3.DeleteObjectVersion, s3.AbortMultipartUpload], objects),
    ]


# --- Keys ------------------------------------------------------------------------------------------------------------
def use_key(sid: str, key_arn: AWSHelperFn, *services: str) -> Statement:
    """Encrypt and decrypt under a key, only through the named services (``s3``, ``dynamodb`` …). For principals that write."""
    return _through(sid, [kms.Decrypt, kms.GenerateDataKey], key_arn, services)


def read_under_key(sid: str, key_arn: AWSHelperFn, *services: str) -> Statement:
    """Decrypt under a key, only through the named services. For principals that only read.

    Secrets Manager asks for a data key when a value is written, and for Decrypt alone when one is read. DynamoDB decrypts the
    table's key before it reads an item.
    Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html and
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    return _through(sid, [kms.Decrypt], key_arn, services)


def _through(sid: str, actions: Sequence[Action], key_arn: AWSHelperFn, services: Sequence[str]) -> Statement:
    return allow(sid, actions, [key_arn], StringEquals("kms:ViaService", [via(service) for service in services]))


def decrypt_environment(sid: str, key_arn: AWSHelperFn, function_arn: AWSHelperFn) -> Statement:
    """Decrypt one function's environment variables only, by Lambda's encryption context."""
    return allow(sid, [kms.Decrypt], [key_arn], ArnEquals("kms:EncryptionContext:aws:lambda:FunctionArn", function_arn))


def via(service: str) -> Sub:
    """The value of ``kms:ViaService`` for a service in this region."""
    return Sub(f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}")


# --- Databases and tables --------------------------------------------------------------------------------------------
def connect_database(sid: str, cluster_resource_id: AWSHelperFn, user: str) -> Statement:
    """Log in to one cluster as one database user.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
    """
    resource = Sub(
        "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Cluster}/" + user,
        Cluster=cluster_resource_id,
    )
    return allow(sid, [rds_db.connect], [resource])


def read_secret(sid: str, secret_arn: AWSHelperFn) -> Statement:
    """Read the current value of one secret."""
    return allow(sid, [secretsmanager.GetSecretValue], [secret_arn])


def rotate_secret(sid: str, secret_arn: AWSHelperFn) -> Statement:
    """Take one secret through the four steps of a rotation."""
    actions = [
        secretsmanager.DescribeSecret,
        secretsmanager.GetSecretValue,
        secretsmanager.PutSecretValue,
        secretsmanager.UpdateSecretVersionStage,
    ]
    return allow(sid, actions, [secret_arn])


def read_items(sid: str, table_arn: AWSHelperFn) -> Statement:
    """Read single items by their key."""
    return allow(sid, [dynamodb.GetItem], [table_arn])


def keep_items(sid: str, table_arn: AWSHelperFn) -> Statement:
    """Read, write and delete single items by their key."""
    return allow(sid, [dynamodb.GetItem, dynamodb.PutItem, dynamodb.DeleteItem], [table_arn])


def update_items(sid: str, table_arn: AWSHelperFn) -> Statement:
    """Update and delete single items without reading them."""
    return allow(sid, [dynamodb.UpdateItem, dynamodb.DeleteItem], [table_arn])


# --- Messages --------------------------------------------------------------------------------------------------------
def consume_queue(sid: str, queue_arn: AWSHelperFn) -> Statement:
    """Receive and delete messages, as Lambda's event source mapping does with the function's role.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (execution role permissions)
    """
    return allow(sid, [sqs.ReceiveMessage, sqs.DeleteMessage, sqs.GetQueueAttributes], [queue_arn])


def postpone_messages(sid: str, queue_arn: AWSHelperFn) -> Statement:
    """Decide when SQS delivers a message again."""
    return allow(sid, [sqs.ChangeMessageVisibility], [queue_arn])


def send_messages(sid: str, queue_arn: AWSHelperFn) -> Statement:
    """Send messages to one queue."""
    return allow(sid, [sqs.SendMessage], [queue_arn])


def publish(sid: str, topic_arn: AWSHelperFn) -> Statement:
    """Publish to one topic."""
    return allow(sid, [sns.Publish], [topic_arn])


# --- Functions -------------------------------------------------------------------------------------------------------
def put_metrics(sid: str, namespace: Resource) -> WildcardStatement:
    """Publish metrics in one namespace."""
    return unscoped(
        sid,
        "a metric has no ARN that cloudwatch:PutMetricData could name; the condition holds it to one namespace",
        [cloudwatch.PutMetricData],
        StringEquals("cloudwatch:namespace", namespace),
    )


def signal_stack(sid: str) -> Statement:
    """Signal to CloudFormation whether an instance of the template's own stack has started."""
    return allow(sid, [cloudformation.SignalResource], [Ref("AWS::StackId")])


def write_logs(sid: str, log_group_arn: AWSHelperFn) -> Statement:
    """Write to one existing log group. It grants no permission to create groups, so a deleted group stays deleted."""
    return allow(sid, [logs.CreateLogStream, logs.PutLogEvents], [log_group_arn])


def deliver_flow_logs(log_group_arn: AWSHelperFn) -> list[Statement]:
    """Let the flow log service write to one group.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    return [
        allow("WriteFlowLogs", [logs.CreateLogStream, logs.PutLogEvents, logs.DescribeLogStreams], [log_group_arn]),
        unscoped("FindLogGroups", "logs:DescribeLogGroups has no resource-level permission", [logs.DescribeLogGroups]),
    ]


def trace(sid: str) -> WildcardStatement:
    """Send trace segments."""
    return unscoped(
        sid,
        "xray:PutTraceSegments and xray:PutTelemetryRecords have no resource-level permission",
        [xray.PutTraceSegments, xray.PutTelemetryRecords],
    )


def attach_to_vpc(
    function_arn: AWSHelperFn, groups: Sequence[AWSHelperFn], subnets: Sequence[AWSHelperFn]
) -> list[Statement]:
    """Let Lambda manage the function's network interfaces, and deny the same to the function's own code.

    Lambda creates interfaces in the function's subnets with its security groups only. No template knows the interfaces' ids
    before Lambda creates them. So the other permissions cover all of the account in this region, as in Lambda's documentation of
    ``DeleteNetworkInterface``.
    Sources: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html (execution role, and the security best
    practice with ``lambda:SourceFunctionArn``) and
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (resources of CreateNetworkInterface)

    Args:
        function_arn: the function.
        groups: ids of its security groups.
        subnets: ids of its subnets.
    """
    manage = [ec2.DeleteNetworkInterface, ec2.AssignPrivateIpAddresses, ec2.UnassignPrivateIpAddresses]
    places = [
        *(arns.arn("ec2", f"security-group/{arns.placeholder(group)}") for group in groups),
        *(arns.arn("ec2", f"subnet/{arns.placeholder(subnet)}") for subnet in subnets),
        arns.arn("ec2", "network-interface/*"),
    ]
    find = [ec2.DescribeNetworkInterfaces, ec2.DescribeSubnets]
    return [
        allow("CreateNetworkInterfaces", [ec2.CreateNetworkInterface], places),
        allow("ManageNetworkInterfaces", manage, [arns.arn("ec2", "*/*")]),
        unscoped(
            "FindNetworkInterfaces",
            "ec2:DescribeNetworkInterfaces and ec2:DescribeSubnets have no resource-level permission",
            find,
        ),
        Statement(
            Sid="DenyNetworkInterfacesToCode",
            Effect=Deny,
            Action=[ec2.CreateNetworkInterface, *manage, *find],
            Resource=["*"],
            Condition=all_of(ArnEquals("lambda:SourceFunctionArn", [function_arn])),
        ),
    ]


def invoke_api(sid: str, resource: AWSHelperFn) -> Statement:
    """Call methods of a REST API."""
    return allow(sid, [execute_api.Invoke], [resource])


# --- Trust -----------------------------------------------------------------------------------------------------------
def trust_service(service: str, *conditions: ConditionElement) -> PolicyDocument:
    """Lets a service assume a role; conditions prevent a confused deputy if the service sends their keys."""
    return policy(
        Statement(
            Sid="AssumedByService",
            Effect=Allow,
            Principal=Principal("Service", [f"{service}.amazonaws.com"]),
            Action=[sts.AssumeRole],
            **_condition(conditions),
        )
    )


class MfaUnless(Bool):
    """A session with MFA, unless a condition of the template holds.

    AWS knows of MFA only if the caller gave its code to AssumeRole or GetSessionToken. A person who signs in through single
    sign-on gives it to the identity provider, so such a session lacks the key, and ``Bool`` does not hold.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html

    Attributes:
        exemption: the name of that condition.
    """

    def __init__(self, exemption: str) -> None:
        super().__init__("aws:MultiFactorAuthPresent", "true")
        self.exemption = exemption

    def get_dict(self) -> Any:
        """The operator's keys. Without them the operator itself must be absent."""
        return If(self.exemption, NoValue, super().get_dict())


def trust_listed(principals: Ref, *, mfa: MfaUnless | None = None) -> PolicyDocument:
    """Lets the listed principals of this account assume a role, if their own policies allow it too.

    The list is a condition and not the principal of the statement. As a principal, an ARN that does not exist would fail the
    deployment, and IAM would not accept the pattern of a single sign-on role. In ``aws:PrincipalArn``, a session of a role has
    the ARN of the role.
    Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

    Args:
        principals: the list of ARNs.
        mfa: the demand for MFA.
    """
    listed = all_of(
        StringEquals("aws:PrincipalAccount", Ref("AWS::AccountId")), ArnLike("aws:PrincipalArn", principals)
    )
    return policy(
        Statement(
            Sid="AssumedWithinAccount",
            Effect=Allow,
            Principal=Principal("AWS", [ACCOUNT_ROOT]),
            Action=[sts.AssumeRole],
            Condition=Condition([*listed.conditions, *([mfa] if mfa else [])]),
        )
    )


def from_this_account() -> StringEquals:
    """The condition against a confused deputy if the calling resource's ARN is unknown."""
    return StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))


def from_this_account_if_present() -> StringEqualsIfExists:
    """The same condition, but only if the service sends ``aws:SourceAccount``.

    Lambda and API Gateway do not document that they send it when they assume a role. AWS's own samples demand it of Lambda
    (github.com/aws/agent-toolkit-for-aws, lambda-trust-policy.json). Without ``IfExists`` no function could start if the
    service omits the key.
    """
    return StringEqualsIfExists("aws:SourceAccount", Ref("AWS::AccountId"))


def from_source(*source_arns: Resource) -> list[ConditionElement]:
    """The conditions against a confused deputy: the request comes from this account and from these resources."""
    return [from_this_account(), ArnLike("aws:SourceArn", list(source_arns))]
