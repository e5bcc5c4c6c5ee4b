"""API Gateway's role for CloudWatch: one for all REST and WebSocket APIs of an account and region.

``AWS::ApiGateway::Account`` replaces the role of every other API without a word. The platform's role may write to its own two
prefixes of log groups only. So an API whose access log is elsewhere would lose the log without an error.

- A stack that does not manage the role yet would replace an existing one: a fault.
- A role that no longer exists serves nobody, so nothing is lost. API Gateway keeps the setting after the role's stack is
  deleted; only ``replace`` clears it.
- A stack that manages the role already does not set it again until its own role changes: another role in its place is a note.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-account.html ("To avoid
overwriting other roles, you should only have one"), https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html,
https://github.com/aws-cloudformation/rain/issues/163.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from cfn.errors import Fault
from deploy.planning.preflight.subject import Finding, PlannedResource, Subject
from deploy.session import DENIED, code_of

ACCOUNT = "AWS::ApiGateway::Account"
PARAMETER = "ManageApiGatewayAccount"
WRITABLE = ("API-Gateway-Execution-Logs_*", "/aws/apigateway/*")
"""The log groups to which the platform's role may write."""
_CLEAR = "aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=''"


def check_gateway_role(subject: Subject) -> Iterator[Finding]:
    """Compare the account's role with that of this stack."""
    for resource in subject.planned(ACCOUNT):
        current = subject.aws.client("apigateway").get_account().get("cloudwatchRoleArn")
        if not current:
            continue
        manages = subject.deployed_id(resource.path, resource.logical_id) is not None
        if manages and _name(current) == _own_role(subject, resource):
            continue
        if manages:
            yield (
                f"This stack manages API Gateway's role in {subject.aws.region}, but something else has set {current} since. "
                f"CloudFormation does not set it back. Set {PARAMETER} to false where the other role is right."
            )
        elif _exists(subject.aws.client("iam"), _name(current)):
            yield _replaced(subject, current)


def _replaced(subject: Subject, current: str) -> Fault:
    what = (
        f"API Gateway's role in {subject.aws.region} is {current}. This stack would replace it for all REST and WebSocket "
        f"APIs of the account. Its own role writes to the log groups {' and '.join(WRITABLE)} only: an API with its access "
        f"log elsewhere would lose the log without an error."
    )
    do = f"Set it to false. If this stack is to manage the role for all of them, clear the present one first: {_CLEAR}"
    return Fault(subject.file, PARAMETER, what, do)


def _name(role_arn: str) -> str:
    return role_arn.rpartition("/")[2]


def _own_role(subject: Subject, account: PlannedResource) -> str | None:
    """The name of the deployed role to which the resource refers."""
    reference = account.properties.get("CloudWatchRoleArn")
    target = reference.get("Fn::GetAtt") if isinstance(reference, dict) else None
    return subject.deployed_id(account.path, str(target[0])) if target else None


def _exists(iam: Any, role_name: str) -> bool:
    """Whether a role exists; True if the caller may not ask."""
    try:
        iam.get_role(RoleName=role_name)
    except ClientError as error:
        if code_of(error) in DENIED:
            return True
        if code_of(error) == "NoSuchEntity":
            return False
        raise
    return True
