from __future__ import annotations

import pytest

from gate.rules.deletion_policy import DeletionPolicy
from tests.gate.support.rules import judge

pytestmark = pytest.mark.requirement("A-2")


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::RDS::DBCluster", "AWS::Logs::LogGroup"])
def test_stateful_resource_says_delete_twice(kind: str) -> None:
    found = judge(DeletionPolicy(), f"  It: {{Type: '{kind}'}}")
    assert [message.split()[0] for _, message in found] == ["DeletionPolicy", "UpdateReplacePolicy"]
    stated = f"  It: {{Type: '{kind}', DeletionPolicy: Delete, UpdateReplacePolicy: Delete}}"
    assert judge(DeletionPolicy(), stated) == []


@pytest.mark.parametrize("policy", ["Retain", "Snapshot", "RetainExceptOnCreate"])
def test_what_outlives_its_stack_is_found_on_any_type(policy: str) -> None:
    found = judge(DeletionPolicy(), f"  It: {{Type: 'AWS::EC2::VPC', DeletionPolicy: {policy}}}")
    assert found == [
        ("Resources/It/DeletionPolicy", f"DeletionPolicy is {policy}. The resource would outlive its stack")
    ]


def test_stateless_resource_needs_no_policy() -> None:
    assert judge(DeletionPolicy(), "  It: {Type: 'AWS::EC2::VPC'}") == []


@pytest.mark.parametrize("value", ["true", "!Ref Protect"])
def test_deletion_protection_is_found(value: str) -> None:
    cluster = f"""
  It:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      DeletionProtection: {value}
"""
    assert [path for path, _ in judge(DeletionPolicy(), cluster)] == ["Resources/It/Properties/DeletionProtection"]
    assert judge(DeletionPolicy(), cluster.replace(value, "false")) == []
