"""Roles, errors and stacks for the tests of the table."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud
from tests.local.support.stacks import Outcome, change, delete

ACCOUNT = "111122223333"
REGION = "us-east-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"

Statement = dict[str, Any]
Credentials = Mapping[str, str]


def document(*statements: Statement) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", condition: Any = None) -> Statement:
    """A statement of an identity policy that allows."""
    statement: Statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def deny(action: str | list[str], resource: str | list[str] = "*", condition: Any = None) -> Statement:
    """A statement that denies."""
    return {**allow(action, resource, condition), "Effect": "Deny"}


def trust(principal: Any, condition: Any = None) -> Statement:
    """The statement of a trust policy."""
    statement: Statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {**statement, "Condition": condition} if condition else statement


def unique(prefix: str) -> str:
    """A name that no other test has."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def role(cloud: EmbeddedCloud, *statements: Statement, trusted: Statement | None = None) -> str:
    """Create a role and return its ARN; the account may assume it unless ``trusted`` says otherwise."""
    iam, name = cloud.client("iam"), unique("conformance-role")
    answer = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=document(trusted or trust({"AWS": ROOT, "Service": "lambda.amazonaws.com"})),
    )
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
    return str(answer["Role"]["Arn"])


def assume(cloud: EmbeddedCloud, arn: str, *, caller: Credentials | None = None, **options: Any) -> Credentials:
    """The credentials of a session."""
    answer = cloud.client("sts", caller).assume_role(RoleArn=arn, RoleSessionName="conformance", **options)
    credentials: Credentials = answer["Credentials"]
    return credentials


def session(cloud: EmbeddedCloud, *statements: Statement) -> Credentials:
    """The credentials of a role with these statements."""
    return assume(cloud, role(cloud, *statements))


def error_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def message_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error message that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Message"])


DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}
"""How services call the same answer."""


def is_denied(call: Callable[..., Any], **arguments: Any) -> bool:
    """Whether a call ends because no policy allows it, or one denies it."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return True
    return False


@contextmanager
def deployed(
    cloud: EmbeddedCloud, template: str, parameters: dict[str, str] | None = None
) -> Iterator[tuple[str, Outcome]]:
    """A stack that lives for one test: its name, and how its creation ended."""
    name = unique("conformance")
    outcome = change(cloud, name, template, parameters)
    try:
        yield name, outcome
    finally:
        remove(cloud, name)


@contextmanager
def created(
    cloud: EmbeddedCloud, template: str, parameters: dict[str, str] | None = None
) -> Iterator[tuple[str, Outcome]]:
    """A stack whose creation succeeds."""
    with deployed(cloud, template, parameters) as (name, outcome):
        assert outcome.status == "CREATE_COMPLETE", outcome.failures
        yield name, outcome


def remove(cloud: EmbeddedCloud, stack: str) -> None:
    """Delete a stack, if it exists."""
    try:
        delete(cloud, stack)
    except ClientError as error:
        if "does not exist" not in str(error):
            raise


def events(cloud: EmbeddedCloud, stack: str) -> list[tuple[str, str]]:
    """(logical id, status) of a stack's events, the oldest first."""
    found = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]


def resources(cloud: EmbeddedCloud, stack: str) -> dict[str, str]:
    """Logical → physical ids of a stack."""
    found = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {entry["LogicalResourceId"]: entry.get("PhysicalResourceId", "") for entry in found}
