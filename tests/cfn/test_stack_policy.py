"""Stack policies as CloudFormation reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfn.stack_policy import StackPolicy

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
TABLE = "AWS::DynamoDB::Table"


def allows(action: str, *statements: dict[str, Any]) -> bool:
    return StackPolicy.parse(json.dumps({"Statement": statements})).allows(action, "Sessions", TABLE)


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({"Action": "Update:Delete"}, True),
        ({"Action": ["Update:Replace", "Update:Delete"]}, False),
        ({"Action": "Update:*"}, False),
        ({"NotAction": "Update:Modify"}, False),
        ({"NotAction": "Update:Replace"}, True),
        ({"Action": "Update:*", "Resource": "LogicalResourceId/Other"}, True),
        ({"Action": "Update:*", "Resource": "LogicalResourceId/Sess*"}, False),
        ({"Action": "Update:*", "Condition": {"StringEquals": {"ResourceType": [TABLE]}}}, False),
        ({"Action": "Update:*", "Condition": {"StringEquals": {"ResourceType": "AWS::S3::Bucket"}}}, True),
        ({"Action": "Update:*", "Condition": {"StringLike": {"ResourceType": "AWS::DynamoDB::*"}}}, False),
    ],
)
def test_denial_outweighs_what_else_is_allowed(statement: dict[str, Any], allowed: bool) -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Resource": "*", **statement}
    assert allows("Update:Replace", ALLOW, denial) is allowed


def test_not_resource_excludes_what_it_names() -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "NotResource": "LogicalResourceId/Sessions"}
    assert allows("Update:Replace", ALLOW, denial)


def test_what_nothing_allows_is_denied() -> None:
    assert not allows("Update:Modify", {**ALLOW, "Resource": "LogicalResourceId/Other"})
