"""Principals of the account that a platform's parameters name. In an AWS account they exist before the platform.

A list may hold patterns of single sign-on roles. Here one example stands for each of them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping

from local.cloud import EmbeddedCloud
from local.host.settings import ACCOUNT

NOBODY = "none"
_REGION, _ENDING = "us-west-2", "0123456789abcdef"


def listed(value: str) -> list[str]:
    """The ARNs in a parameter that lists principals, with an example for each pattern; none for ``none``."""
    return [_example(entry.strip()) for entry in value.split(",") if entry.strip() != NOBODY]


def _example(arn: str) -> str:
    return arn.replace("/*/", f"/{_REGION}/").replace("?" * len(_ENDING), _ENDING).replace("*", _ENDING)


def create_role(cloud: EmbeddedCloud, arn: str) -> None:
    """Create the role with this ARN unless it exists. The account's root may assume it, and it may assume other roles."""
    _, _, path_and_name = arn.partition(":role")
    path, _, name = path_and_name.rpartition("/")
    iam = cloud.client("iam")
    trust = _policy("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(Path=f"{path}/", RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="assume", PolicyDocument=_policy("sts:AssumeRole", Resource="*"))


def assume(cloud: EmbeddedCloud, role: str, caller: str) -> Mapping[str, str]:
    """Return the credentials of a role for a caller, which is another role that the account's root may assume.

    Raises:
        botocore.exceptions.ClientError: STS rejects one of the two roles.
    """
    session = cloud.client("sts").assume_role(RoleArn=caller, RoleSessionName="caller")["Credentials"]
    answer = cloud.client("sts", session).assume_role(RoleArn=role, RoleSessionName="client")
    credentials: Mapping[str, str] = answer["Credentials"]
    return credentials


def _policy(action: str, **element: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **element}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
