"""The policy of a function allows what its code calls, and nothing else (requirement A-6).

Regression: policies allowed single actions that no code needed, such as UpdateItem to a function that only puts items.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.builders.support.calls import calls_of
from tests.builders.support.policies import granted
from tests.builders.support.resources import Resource, all_resources, find_resource, resources

FUNCTIONS = list(all_resources("AWS::Lambda::Function"))
# Client and method → the actions that AWS demands for it, apart from those of KMS.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html and
# for S3 https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "dynamodb.delete_item": ("dynamodb:DeleteItem",),
    "dynamodb.get_item": ("dynamodb:GetItem",),
    "dynamodb.put_item": ("dynamodb:PutItem",),
    "dynamodb.update_item": ("dynamodb:UpdateItem",),
    "ec2.describe_security_groups": ("ec2:DescribeSecurityGroups",),
    "ec2.revoke_security_group_egress": ("ec2:RevokeSecurityGroupEgress",),
    "ec2.revoke_security_group_ingress": ("ec2:RevokeSecurityGroupIngress",),
    "logs.create_log_stream": ("logs:CreateLogStream",),
    "logs.put_log_events": ("logs:PutLogEvents",),
    "s3.abort_multipart_upload": ("s3:AbortMultipartUpload",),
    "s3.copy_object": ("s3:GetObject", "s3:PutObject"),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: the first always, the second for versions.
    "s3.delete_objects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    # Without ListBucket, S3 returns 403 for a missing object, which the code could not tell from a missing permission.
    "s3.get_object": ("s3:GetObject", "s3:ListBucket"),
    "s3.list_multipart_uploads": ("s3:ListBucketMultipartUploads",),
    "s3.list_object_versions": ("s3:ListBucketVersions",),
    "s3.put_object": ("s3:PutObject",),
    "secretsmanager.describe_secret": ("secretsmanager:DescribeSecret",),
    "secretsmanager.get_random_password": ("secretsmanager:GetRandomPassword",),
    "secretsmanager.get_secret_value": ("secretsmanager:GetSecretValue",),
    "secretsmanager.put_secret_value": ("secretsmanager:PutSecretValue",),
    "secretsmanager.update_secret_version_stage": ("secretsmanager:UpdateSecretVersionStage",),
    "sns.publish": ("sns:Publish",),
    "sqs.change_message_visibility": ("sqs:ChangeMessageVisibility",),
}
# Action → what its service asks of KMS with the caller's permissions, if the data is under a customer key.
KEY_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "dynamodb:DeleteItem": ("kms:Decrypt",),
    "dynamodb:GetItem": ("kms:Decrypt",),
    "dynamodb:PutItem": ("kms:Decrypt", "kms:GenerateDataKey"),
    "dynamodb:UpdateItem": ("kms:Decrypt", "kms:GenerateDataKey"),
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:Decrypt", "kms:GenerateDataKey"),
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "secretsmanager:PutSecretValue": ("kms:Decrypt", "kms:GenerateDataKey"),
    "sns:Publish": ("kms:Decrypt", "kms:GenerateDataKey"),
}
NO_KEY = frozenset({"balancer_logs"})
"""Functions whose objects S3 encrypts under its own key: the access logs."""
BY_CUSTOM_RESOURCE = {"dynamodb": "Custom::ApiKeyEntitlement"}
"""Service that housekeeping calls for one custom resource only → the type, which a platform may not have."""
# Statements that Lambda needs, whatever the code calls.
BY_LAMBDA = frozenset(
    {
        "WriteLogs",
        "Trace",
        "DecryptEnvironment",
        "SendDeadLetters",
        "UseQueueKey",
        "CreateNetworkInterfaces",
        "ManageNetworkInterfaces",
        "FindNetworkInterfaces",
        "ReceiveObjects",
        "TakeLogFiles",
    }
)
LOGIN = "rds-db:connect"
"""Code signs the token of a login without a call; tests/builders/trading/test_database.py compares these permissions."""


def _folder(function: Resource) -> str:
    return str(function.properties["Handler"]).partition(".")[0]


def _allowed(function: Resource) -> set[str]:
    role = find_resource(function.platform, function.properties["Role"]["Fn::GetAtt"][0])
    actions = {action for s in granted(role) if s["Sid"] not in BY_LAMBDA for action in s["Action"]}
    return actions - {LOGIN}


def _calls(function: Resource) -> set[str]:
    calls = calls_of(_folder(function))
    if _folder(function) != "housekeeping":
        return calls
    absent = {service for service, kind in BY_CUSTOM_RESOURCE.items() if not [*resources(function.platform, kind)]}
    return {call for call in calls if call.partition(".")[0] not in absent}


def _needed(function: Resource) -> set[str]:
    folder = _folder(function)
    actions = {action for call in _calls(function) for action in ACTIONS[call]}
    return actions | {key for action in actions if folder not in NO_KEY for key in KEY_ACTIONS.get(action, ())}


@pytest.mark.requirement("A-6")
@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_function_may_do_exactly_what_its_code_calls(function: Resource) -> None:
    assert _calls(function) <= set(ACTIONS), "a new call: add its actions to the table"
    assert _allowed(function) == _needed(function)


def test_every_row_is_a_call_of_some_function() -> None:
    called = set().union(*map(_calls, FUNCTIONS))
    assert set(ACTIONS) == called
    assert set(KEY_ACTIONS) <= {action for actions in ACTIONS.values() for action in actions}
