"""API Gateway's role of the account is taken from nobody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cfn.errors import Fault
from cfn.templates import load_templates
from deploy.planning.preflight.gateway_role import PARAMETER, WRITABLE, check_gateway_role
from tests.deploy.support.aws import ACCOUNT, Scripted
from tests.deploy.support.preflight import script_resource, subject

PROJECT = Path(__file__).resolve().parents[4]
TIER = """
Parameters: {Manage: {Type: String}}
Conditions: {Manages: !Equals [!Ref Manage, "true"]}
Resources:
  Role: {Type: "AWS::IAM::Role", Condition: Manages}
  Account:
    Type: AWS::ApiGateway::Account
    Condition: Manages
    Properties: {CloudWatchRoleArn: !GetAtt Role.Arn}
"""
OTHER = f"arn:aws:iam::{ACCOUNT}:role/team/other-api-log"


def script_role(scripted: Scripted, role: str | None) -> None:
    scripted["apigateway"].add_response("get_account", {"cloudwatchRoleArn": role} if role else {}, {})


def script_existence(scripted: Scripted, error: str = "") -> None:
    request = {"RoleName": "other-api-log"}
    if error:
        scripted["iam"].add_client_error("get_role", error, "no", 403, expected_params=request)
        return
    role = {
        "Path": "/team/",
        "RoleName": "other-api-log",
        "RoleId": "AROA0000000000000000",
        "Arn": OTHER,
        "CreateDate": "2026-01-01T00:00:00Z",
    }
    scripted["iam"].add_response("get_role", {"Role": role}, request)


def check(scripted: Scripted, manage: str = "true", deployed: Mapping[str, str] | None = None) -> list[Fault | str]:
    values = {PARAMETER: manage, "PostgresEngineVersion": "17.7"}
    return list(check_gateway_role(subject(scripted, values, tier=TIER, deployed=deployed)))


def test_a_stack_that_does_not_manage_the_role_calls_nothing(scripted: Scripted) -> None:
    assert check(scripted, "false") == []


def test_an_account_without_a_role_has_nothing_to_lose(scripted: Scripted) -> None:
    script_role(scripted, None)
    assert check(scripted) == []


@pytest.mark.parametrize("error", ["", "AccessDenied"], ids=["the role exists", "the caller may not ask"])
def test_a_role_that_others_use_is_not_replaced(scripted: Scripted, error: str) -> None:
    script_role(scripted, OTHER)
    script_existence(scripted, error)
    (fault,) = check(scripted)
    assert isinstance(fault, Fault)
    assert fault.name == "ManageApiGatewayAccount"
    assert f"is {OTHER}. This stack would replace it for all REST and WebSocket APIs" in fault.what
    assert "API-Gateway-Execution-Logs_* and /aws/apigateway/* only" in fault.what
    assert fault.do.startswith("Set it to false.")
    assert fault.do.endswith("op=replace,path=/cloudwatchRoleArn,value=''")


def test_a_role_that_was_deleted_has_no_user(scripted: Scripted) -> None:
    """``destroy`` leaves the account's setting, as AWS does; the next creation must not stumble over it."""
    script_role(scripted, OTHER)
    script_existence(scripted, "NoSuchEntity")
    assert check(scripted) == []


def test_a_stack_that_begins_to_manage_the_role_counts_as_new(scripted: Scripted) -> None:
    script_role(scripted, OTHER)
    script_resource(scripted, "Account", None)
    script_existence(scripted)
    (fault,) = check(scripted, deployed={PARAMETER: "false"})
    assert isinstance(fault, Fault)


def test_the_stacks_own_role_is_right(scripted: Scripted) -> None:
    script_role(scripted, f"arn:aws:iam::{ACCOUNT}:role/small-api-log")
    script_resource(scripted, "Account", "account")
    script_resource(scripted, "Role", "small-api-log")
    assert check(scripted, deployed={PARAMETER: "true"}) == []


def test_another_role_in_place_of_the_stacks_own_is_a_note(scripted: Scripted) -> None:
    script_role(scripted, OTHER)
    script_resource(scripted, "Account", "account")
    script_resource(scripted, "Role", "small-api-log")
    (note,) = check(scripted, deployed={PARAMETER: "true"})
    assert isinstance(note, str)
    assert f"something else has set {OTHER} since" in note


def test_the_message_names_the_log_groups_of_the_templates() -> None:
    template = load_templates(PROJECT / "templates" / "trading").by_name["api.yaml"].document
    statements = template["Resources"]["ApiLogPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    resources = str(next(row["Resource"] for row in statements if row["Sid"] == "WriteLogs"))
    assert all(f"log-group:{name}" in resources for name in WRITABLE)
    assert resources.count("log-group:") == len(WRITABLE)
