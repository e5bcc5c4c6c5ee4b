from __future__ import annotations

import pytest

from gate.rules.wildcard_resource import WildcardResource
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("A-6")


def policy(action: str, resource: str = "'*'", effect: str = "Allow") -> str:
    return f"""
  It:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
          - Effect: {effect}
            {action}
            Resource: {resource}
"""


@pytest.mark.parametrize(
    "action", ["s3:GetObject", "S3:getobject", "sqs:*", "kms:Decrypt", "'*'", "[s3:ListAllMyBuckets, s3:GetObject]"]
)
def test_action_with_resource_level_permissions_fails(action: str) -> None:
    matches = run_rule(WildcardResource(), policy(f"Action: {action}"))
    assert [path for path, _ in matches] == ["Resources/It/Properties/PolicyDocument/Statement/0"]


@pytest.mark.parametrize("action", ["xray:PutTraceSegments", "kms:GenerateRandom", "ec2:DescribeNetworkInterfaces"])
def test_action_without_resource_level_permissions_passes(action: str) -> None:
    assert run_rule(WildcardResource(), policy(f"Action: {action}")) == []


def test_metrics_pass_only_with_a_condition_on_their_namespace() -> None:
    limited = """Action: cloudwatch:PutMetricData
            Condition: {StringEquals: {cloudwatch:namespace: Trading}}"""
    assert run_rule(WildcardResource(), policy(limited)) == []
    assert len(run_rule(WildcardResource(), policy("Action: cloudwatch:PutMetricData"))) == 1


def test_not_action_in_an_allow_statement_fails() -> None:
    assert len(run_rule(WildcardResource(), policy("NotAction: iam:*"))) == 1


def test_deny_on_every_resource_passes() -> None:
    assert run_rule(WildcardResource(), policy("NotAction: iam:*", effect="Deny")) == []


def test_wildcard_in_a_list_fails() -> None:
    assert len(run_rule(WildcardResource(), policy("Action: s3:GetObject", "[!GetAtt Raw.Arn, '*']"))) == 1


def test_wildcard_inside_an_arn_passes() -> None:
    assert run_rule(WildcardResource(), policy("Action: s3:GetObject", "!Sub '${Raw.Arn}/*'")) == []


def test_inline_policy_of_a_role_is_checked() -> None:
    role = """
  It:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '*'}}
"""
    matches = run_rule(WildcardResource(), role)
    assert [path for path, _ in matches] == ["Resources/It/Properties/Policies/0/PolicyDocument/Statement"]


def test_key_policy_is_not_checked() -> None:
    key = """
  It:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*', Resource: '*'}]}
"""
    assert run_rule(WildcardResource(), key) == []
