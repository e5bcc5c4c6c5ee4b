from __future__ import annotations

import pytest

from gate.rules.customer_key import KEYS, CustomerKey
from tests.gate.support.rules import run_rule

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
def test_resource_without_a_key_fails(kind: str) -> None:
    matches = run_rule(CustomerKey(), f"  It:\n    Type: {kind}\n")
    assert any("does not name a customer-managed key" in message for _, message in matches)


def test_bucket_under_a_customer_key_passes() -> None:
    assert run_rule(CustomerKey(), BUCKET.replace("KIND", "aws:kms")) == []


def test_every_arm_of_a_bucket_is_checked() -> None:
    bucket = BUCKET.replace("!Ref Key", "!If [Own, !Ref Key, !Ref 'AWS::NoValue']").replace("KIND", "aws:kms")
    assert len(run_rule(CustomerKey(), bucket)) == 1


@pytest.mark.parametrize("key", ["alias/aws/sns", "!Sub arn:aws:kms:${AWS::Region}:${AWS::AccountId}:alias/aws/sns"])
def test_aws_managed_key_fails(key: str) -> None:
    topic = f"  It:\n    Type: AWS::SNS::Topic\n    Properties:\n      KmsMasterKeyId: {key}\n"
    assert len(run_rule(CustomerKey(), topic)) == 1


def test_key_without_its_switch_fails() -> None:
    cluster = "  It:\n    Type: AWS::RDS::DBCluster\n    Properties:\n      KmsKeyId: !Ref Key\n"
    assert [message for _, message in run_rule(CustomerKey(), cluster)] == ["StorageEncrypted is not true"]


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
    messages = [message for _, message in run_rule(CustomerKey(), cluster)]
    assert [message.split()[0] for message in messages] == ["MasterUserSecret.KmsKeyId", "PerformanceInsightsKmsKeyId"]


def test_instance_of_a_cluster_needs_no_storage_key_of_its_own() -> None:
    instance = """
  It:
    Type: AWS::RDS::DBInstance
    Properties: {DBClusterIdentifier: !Ref Cluster, EnablePerformanceInsights: false}
"""
    assert run_rule(CustomerKey(), instance) == []


def test_key_without_rotation_fails() -> None:
    key = "  It:\n    Type: AWS::KMS::Key\n    Properties: {EnableKeyRotation: false}\n"
    assert [message for _, message in run_rule(CustomerKey(), key)] == ["EnableKeyRotation is not true"]


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
def test_every_volume_of_a_launch_template_is_encrypted(mappings: str, expected: list[str]) -> None:
    """Without a mapping, the image decides on the root volume's encryption. Amazon's images are not encrypted."""
    data = f"{{LaunchTemplateData: {{BlockDeviceMappings: {mappings}}}}}"
    messages = [
        m for _, m in run_rule(CustomerKey(), f"  It: {{Type: 'AWS::EC2::LaunchTemplate', Properties: {data}}}")
    ]
    assert [message.split()[0].rsplit(".", 1)[1] for message in messages] == expected
