from __future__ import annotations

import pytest

from gate.rules.wildcard_resource import WildcardResource
from tests.gate.support.rules import judge

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
def test_action_that_can_be_limited_is_found(action: str) -> None:
    found = judge(WildcardResource(), policy(f"Action: {action}"))
    assert [path for path, _ in found] == ["Resources/It/Properties/PolicyDocument/Statement/0"]


@pytest.mark.parametrize("action", ["xray:PutTraceSegments", "kms:GenerateRandom", "ec2:DescribeNetworkInterfaces"])
def test_action_without_resource_level_permission_passes(action: str) -> None:
    assert judge(WildcardResource(), policy(f"Action: {action}")) == []


def test_metrics_are_limited_by_their_namespace() -> None:
    limited = """Action: cloudwatch:PutMetricData
            Condition: {StringEquals: {cloudwatch:namespace: Trading}}"""
    assert judge(WildcardResource(), policy(limited)) == []
    assert len(judge(WildcardResource(), policy("Action: cloudwatch:PutMetricData"))) == 1


def test_allowing_everything_but_some_actions_is_found() -> None:
    assert len(judge(WildcardResource(), policy("NotAction: iam:*"))) == 1


def test_denial_on_everything_passes() -> None:
    assert judge(WildcardResource(), policy("NotAction: iam:*", effect="Deny")) == []


def test_wildcard_within_a_list_is_found() -> None:
    assert len(judge(WildcardResource(), policy("Action: s3:GetObject", "[!GetAtt Raw.Arn, '*']"))) == 1


def test_wildcard_within_an_arn_is_none() -> None:
    assert judge(WildcardResource(), policy("Action: s3:GetObject", "!Sub '${Raw.Arn}/*'")) == []


def test_inline_policy_of_a_role_is_judged() -> None:
    role = """
  It:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '*'}}
"""
    found = judge(WildcardResource(), role)
    assert [path for path, _ in found] == ["Resources/It/Properties/Policies/0/PolicyDocument/Statement"]


def test_policy_of_a_key_is_left_alone() -> None:
    key = """
  It:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*', Resource: '*'}]}
"""
    assert judge(WildcardResource(), key) == []
