from __future__ import annotations

from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest
from cfnlint.helpers import load_resource

from gate.rules.privilege_escalation import (
    ACTS_AS_OTHERS,
    CHANGES_PERMISSIONS,
    RUNS_PASSED_ROLE,
    PrivilegeEscalation,
)
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("G-1")


def messages(statements: str) -> list[str]:
    policy = f"  It: {{Type: 'AWS::IAM::ManagedPolicy', Properties: {{PolicyDocument: {{Statement: [{statements}]}}}}}}"
    return [message for _, message in run_rule(PrivilegeEscalation(), policy)]


def test_actions_of_the_tables_exist() -> None:
    """A typing error in a table would be an action that no policy contains."""
    services: dict[str, Any] = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")
    for action in (*CHANGES_PERMISSIONS, *ACTS_AS_OTHERS, *RUNS_PASSED_ROLE):
        service, _, name = action.lower().partition(":")
        assert name in services[service]["Actions"], action


@pytest.mark.parametrize("action", CHANGES_PERMISSIONS)
def test_change_of_permissions_is_reported_on_any_resource(action: str) -> None:
    assert messages(f"{{Effect: Allow, Action: '{action}', Resource: !GetAtt A.Arn}}") != []


@pytest.mark.parametrize("action", ACTS_AS_OTHERS)
def test_action_under_a_role_is_reported_on_unnamed_resources_only(action: str) -> None:
    assert messages(f"{{Effect: Allow, Action: '{action}', Resource: '*'}}") != []
    assert messages(f"{{Effect: Allow, Action: '{action}', Resource: !GetAtt A.Arn}}") == []


@pytest.mark.parametrize("action", RUNS_PASSED_ROLE)
def test_passing_a_role_is_reported_with_what_runs_under_it(action: str) -> None:
    passing = "{Effect: Allow, Action: 'iam:PassRole', Resource: !GetAtt A.Arn}"
    starting = f"{{Effect: Allow, Action: '{action}', Resource: !GetAtt A.Arn}}"
    assert messages(f"{passing}, {starting}") == [f"iam:PassRole with {action} runs code under the passed role"]
    assert messages(passing) == []


@pytest.mark.parametrize(
    "statement",
    [
        "{Effect: Deny, Action: 'iam:PutRolePolicy', Resource: '*'}",
        "{Effect: Allow, Action: 'iam:AttachRolePolicy', Resource: '*', Condition: {ArnEquals: {iam:PolicyARN: !Ref A}}}",
        "{Effect: Allow, Action: 'iam:CreateRole', Resource: '*', Condition: {StringEquals: {iam:PermissionsBoundary: !Ref A}}}",
        "{Effect: Allow, Action: 'sts:AssumeRole', Resource: !Sub 'arn:aws:iam::${A}:role/orders-*'}",
        "{Effect: Allow, Principal: {AWS: !Ref A}, Action: 'iam:PutRolePolicy', Resource: '*'}",
    ],
)
def test_bounded_statement_passes(statement: str) -> None:
    assert messages(statement) == []
