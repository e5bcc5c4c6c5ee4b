from __future__ import annotations

import pytest

from gate.rules.customer_key import KEYS, CustomerKey
from tests.gate.support.rules import judge

pytestmark = pytest.mark.requirement("A-4")

BUCKET = """
  Raw:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: KIND, KMSMasterKeyID: !Ref Key}
"""


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in KEYS}))
def test_resource_without_key_is_found(kind: str) -> None:
    found = judge(CustomerKey(), f"  It:\n    Type: {kind}\n")
    assert any("does not name a customer-managed key" in message for _, message in found)


def test_bucket_under_a_customer_key_passes() -> None:
    assert judge(CustomerKey(), BUCKET.replace("KIND", "aws:kms")) == []


def test_bucket_is_judged_by_every_arm_of_a_condition() -> None:
    bucket = BUCKET.replace("!Ref Key", "!If [Own, !Ref Key, !Ref 'AWS::NoValue']").replace("KIND", "aws:kms")
    assert len(judge(CustomerKey(), bucket)) == 1


@pytest.mark.parametrize("key", ["alias/aws/sns", "!Sub arn:aws:kms:${AWS::Region}:${AWS::AccountId}:alias/aws/sns"])
def test_key_that_aws_manages_does_not_count(key: str) -> None:
    topic = f"  It:\n    Type: AWS::SNS::Topic\n    Properties:\n      KmsMasterKeyId: {key}\n"
    assert len(judge(CustomerKey(), topic)) == 1


def test_named_key_without_the_switch_is_found() -> None:
    cluster = "  It:\n    Type: AWS::RDS::DBCluster\n    Properties:\n      KmsKeyId: !Ref Key\n"
    assert [message for _, message in judge(CustomerKey(), cluster)] == ["StorageEncrypted is not true"]


def test_managed_secret_and_insights_of_a_cluster_need_keys() -> None:
    cluster = """
  It:
    Type: AWS::RDS::DBCluster
    Properties:
      KmsKeyId: !Ref Key
      StorageEncrypted: true
      ManageMasterUserPassword: true
      PerformanceInsightsEnabled: !If [Big, true, false]
"""
    messages = [message for _, message in judge(CustomerKey(), cluster)]
    assert [message.split()[0] for message in messages] == ["MasterUserSecret.KmsKeyId", "PerformanceInsightsKmsKeyId"]


def test_instance_of_a_cluster_needs_no_storage_key_of_its_own() -> None:
    instance = """
  It:
    Type: AWS::RDS::DBInstance
    Properties: {DBClusterIdentifier: !Ref Cluster, EnablePerformanceInsights: false}
"""
    assert judge(CustomerKey(), instance) == []


def test_key_without_rotation_is_found() -> None:
    key = "  It:\n    Type: AWS::KMS::Key\n    Properties: {EnableKeyRotation: false}\n"
    assert [message for _, message in judge(CustomerKey(), key)] == ["EnableKeyRotation is not true"]


@pytest.mark.requirement("X-WEB-1")
@pytest.mark.parametrize(
    ("mappings", "expected"),
    [
        ("[{Ebs: {Encrypted: true, KmsKeyId: !Ref Key}}]", []),
        ("[{Ebs: {KmsKeyId: !Ref Key}}]", ["Encrypted"]),
        ("[{Ebs: {Encrypted: true, KmsKeyId: !Ref Key}}, {Ebs: {Encrypted: true}}]", ["KmsKeyId"]),
        ("[{Ebs: {Encrypted: !If [Own, true, false], KmsKeyId: !Ref Key}}]", ["Encrypted"]),
        ("!Ref AWS::NoValue", ["KmsKeyId", "Encrypted"]),
    ],
)
def test_every_volume_that_a_template_launches_is_encrypted(mappings: str, expected: list[str]) -> None:
    """Without a mapping the root volume is as the image has it, and Amazon's images are not encrypted."""
    data = f"{{LaunchTemplateData: {{BlockDeviceMappings: {mappings}}}}}"
    messages = [m for _, m in judge(CustomerKey(), f"  It: {{Type: 'AWS::EC2::LaunchTemplate', Properties: {data}}}")]
    assert [message.split()[0].rsplit(".", 1)[1] for message in messages] == expected
