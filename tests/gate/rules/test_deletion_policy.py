from __future__ import annotations

import pytest

from gate.rules.deletion_policy import DeletionPolicy
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("A-2")


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::RDS::DBCluster", "AWS::Logs::LogGroup"])
def test_stateful_resource_sets_both_policies_to_delete(kind: str) -> None:
    matches = run_rule(DeletionPolicy(), f"  It: {{Type: '{kind}'}}")
    assert [message.split()[0] for _, message in matches] == ["DeletionPolicy", "UpdateReplacePolicy"]
    stated = f"  It: {{Type: '{kind}', DeletionPolicy: Delete, UpdateReplacePolicy: Delete}}"
    assert run_rule(DeletionPolicy(), stated) == []


@pytest.mark.parametrize("policy", ["Retain", "Snapshot", "RetainExceptOnCreate"])
def test_other_policy_fails_on_any_type(policy: str) -> None:
    matches = run_rule(DeletionPolicy(), f"  It: {{Type: 'AWS::EC2::VPC', DeletionPolicy: {policy}}}")
    assert matches == [
        ("Resources/It/DeletionPolicy", f"DeletionPolicy is {policy}. The resource would outlive its stack")
    ]


def test_stateless_resource_needs_no_policy() -> None:
    assert run_rule(DeletionPolicy(), "  It: {Type: 'AWS::EC2::VPC'}") == []


@pytest.mark.parametrize("value", ["true", "!Ref Protect"])
def test_deletion_protection_fails(value: str) -> None:
    cluster = f"""
  It:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      DeletionProtection: {value}
"""
    assert [path for path, _ in run_rule(DeletionPolicy(), cluster)] == ["Resources/It/Properties/DeletionProtection"]
    assert run_rule(DeletionPolicy(), cluster.replace(value, "false")) == []
