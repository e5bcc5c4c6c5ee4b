"""E9802: a customer-managed key encrypts data at rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

values = import_filename("_values", str(Path(__file__).parent)).values  # by path, as cfn-lint loads this file

# The property in which each type names its key. All rows of a type apply. `*` is every element of a list.
KEYS: tuple[tuple[str, str], ...] = (
    ("AWS::Athena::WorkGroup", "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey"),
    ("AWS::Backup::BackupVault", "EncryptionKeyArn"),
    ("AWS::CloudTrail::Trail", "KMSKeyId"),
    ("AWS::CodeBuild::Project", "EncryptionKey"),
    ("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId"),
    # Without a mapping, the image or the account's default decides whether the root volume is encrypted.
    ("AWS::EC2::Instance", "BlockDeviceMappings.*.Ebs.KmsKeyId"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.BlockDeviceMappings.*.Ebs.KmsKeyId"),
    ("AWS::EC2::Volume", "KmsKeyId"),
    ("AWS::ECR::Repository", "EncryptionConfiguration.KmsKey"),
    ("AWS::EFS::FileSystem", "KmsKeyId"),
    ("AWS::ElastiCache::ReplicationGroup", "KmsKeyId"),
    ("AWS::Kinesis::Stream", "StreamEncryption.KeyId"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamEncryptionConfigurationInput.KeyARN"),
    ("AWS::Lambda::Function", "KmsKeyArn"),
    ("AWS::Logs::LogGroup", "KmsKeyId"),
    ("AWS::OpenSearchService::Domain", "EncryptionAtRestOptions.KmsKeyId"),
    ("AWS::RDS::DBCluster", "KmsKeyId"),
    ("AWS::RDS::DBInstance", "KmsKeyId"),
    ("AWS::Redshift::Cluster", "KmsKeyId"),
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID",
    ),
    ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ("AWS::SQS::Queue", "KmsMasterKeyId"),
    ("AWS::SecretsManager::Secret", "KmsKeyId"),
)
# Keys that a resource needs only if another property (the first path) is present and not false.
KEYS_WITH: tuple[tuple[str, str, str], ...] = (
    ("AWS::RDS::DBCluster", "MasterUserSecret", "MasterUserSecret.KmsKeyId"),
    ("AWS::RDS::DBCluster", "ManageMasterUserPassword", "MasterUserSecret.KmsKeyId"),
    ("AWS::RDS::DBCluster", "PerformanceInsightsEnabled", "PerformanceInsightsKmsKeyId"),
    ("AWS::RDS::DBInstance", "EnablePerformanceInsights", "PerformanceInsightsKMSKeyId"),
)
# Switches without which a key has no effect.
SWITCHES: tuple[tuple[str, str], ...] = (
    ("AWS::DynamoDB::Table", "SSESpecification.SSEEnabled"),
    ("AWS::EC2::Instance", "BlockDeviceMappings.*.Ebs.Encrypted"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.BlockDeviceMappings.*.Ebs.Encrypted"),
    ("AWS::EC2::Volume", "Encrypted"),
    ("AWS::KMS::Key", "EnableKeyRotation"),
    ("AWS::RDS::DBCluster", "StorageEncrypted"),
    ("AWS::RDS::DBInstance", "StorageEncrypted"),
)


class CustomerKey(CloudFormationLintRule):
    """Checks every resource that stores data. AWS-managed keys (``alias/aws/…``) do not count."""

    id = "E9802"
    shortdesc = "Data at rest is under a customer-managed KMS key"
    description = (
        "A resource that can be encrypted names a customer-managed key, in every arm of Fn::If, and switches encryption "
        "on. A key rotates."
    )
    reason = "No customer can restrict the policy of an AWS-managed key."
    source_url = "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#customer-cmk"
    tags = ["resources", "encryption"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Orders:
            Type: AWS::Kinesis::Stream
            DeletionPolicy: Delete
            UpdateReplacePolicy: Delete
            Properties:
              ShardCount: 1
              RetentionPeriodHours: 24
              StreamEncryption: {EncryptionType: KMS, KeyId: alias/aws/kinesis}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = failing_example.replace("alias/aws/kinesis", "alias/orders")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each missing key or switch."""
        return [
            match
            for name, resource in cfn.get_resources().items()
            for match in _check(["Resources", name], resource.get("Type", ""), resource.get("Properties") or {})
        ]


def _check(path: list[str | int], kind: str, properties: dict[str, Any]) -> Iterator[RuleMatch]:
    # An instance of a cluster uses the cluster's storage, and its two properties may not differ from the cluster's.
    in_cluster = kind == "AWS::RDS::DBInstance" and "DBClusterIdentifier" in properties
    match_path = [*path, "Properties"] if properties else path
    keys = [] if in_cluster else [key for type_, key in KEYS if type_ == kind]
    keys += [key for type_, needed_by, key in KEYS_WITH if type_ == kind and _is_on(properties, needed_by)]
    for key in dict.fromkeys(keys):
        if not all(_is_customer_key(value) for value in values(properties, key)):
            yield RuleMatch(match_path, f"{key} does not name a customer-managed key")
    for type_, switch in SWITCHES:
        if type_ == kind and not in_cluster and not _is_always_on(properties, switch):
            yield RuleMatch(match_path, f"{switch} is not true")


def _is_on(properties: dict[str, Any], path: str) -> bool:
    """Whether a switch can be on. An Fn::If that may switch it on needs the key."""
    return any(value not in (None, False, "false") for value in values(properties, path))


def _is_always_on(properties: dict[str, Any], path: str) -> bool:
    """Whether a switch is on in every arm and every element."""
    return all(value not in (None, False, "false") for value in values(properties, path))


def _is_customer_key(value: Any) -> bool:
    text = value.get("Fn::Sub") if isinstance(value, dict) else value
    return value is not None and not (isinstance(text, str) and "alias/aws/" in text)
