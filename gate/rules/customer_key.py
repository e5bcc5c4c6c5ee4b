"""E9802: data at rest is under a customer-managed key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# Where each type names its key. Every row of a type must hold; `*` is every element of a list.
KEYS: tuple[tuple[str, str], ...] = (
    ("AWS::Athena::WorkGroup", "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey"),
    ("AWS::Backup::BackupVault", "EncryptionKeyArn"),
    ("AWS::CloudTrail::Trail", "KMSKeyId"),
    ("AWS::CodeBuild::Project", "EncryptionKey"),
    ("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId"),
    # Without a mapping of its own the root volume is encrypted as the image or the account's default has it, or not.
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
# Keys that are needed only where the property beside them (same type, first path) is present and not false.
KEYS_WITH: tuple[tuple[str, str, str], ...] = (
    ("AWS::RDS::DBCluster", "MasterUserSecret", "MasterUserSecret.KmsKeyId"),
    ("AWS::RDS::DBCluster", "ManageMasterUserPassword", "MasterUserSecret.KmsKeyId"),
    ("AWS::RDS::DBCluster", "PerformanceInsightsEnabled", "PerformanceInsightsKmsKeyId"),
    ("AWS::RDS::DBInstance", "EnablePerformanceInsights", "PerformanceInsightsKMSKeyId"),
)
# Switches without which a named key does nothing.
SWITCHES: tuple[tuple[str, str], ...] = (
    ("AWS::DynamoDB::Table", "SSESpecification.SSEEnabled"),
    ("AWS::EC2::Instance", "BlockDeviceMappings.*.Ebs.Encrypted"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.BlockDeviceMappings.*.Ebs.Encrypted"),
    ("AWS::EC2::Volume", "Encrypted"),
    ("AWS::KMS::Key", "EnableKeyRotation"),
    ("AWS::RDS::DBCluster", "StorageEncrypted"),
    ("AWS::RDS::DBInstance", "StorageEncrypted"),
)
_NO_VALUE = {"Ref": "AWS::NoValue"}


class CustomerKey(CloudFormationLintRule):
    """Every resource that stores data names a customer key; AWS-managed keys (`alias/aws/…`) do not count."""

    id = "E9802"
    shortdesc = "Data at rest is under a customer-managed KMS key"
    description = (
        "A type that can be encrypted names its key, and the key rotates. An AWS-managed key has a policy that nobody "
        "can narrow, so it does not count."
    )
    source_url = "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#customer-cmk"
    tags = ["resources", "encryption"]  # noqa: RUF012 - cfn-lint's own declaration

    def match(self, cfn: Template) -> list[RuleMatch]:
        """One finding for each missing key or switch."""
        return [
            match
            for name, resource in cfn.get_resources().items()
            for match in _check(["Resources", name], resource.get("Type", ""), resource.get("Properties") or {})
        ]


def _check(path: list[str | int], kind: str, properties: dict[str, Any]) -> Iterator[RuleMatch]:
    # Storage of a cluster's instance is the cluster's: there the two properties are not even allowed to differ.
    in_cluster = kind == "AWS::RDS::DBInstance" and "DBClusterIdentifier" in properties
    where = [*path, "Properties"] if properties else path
    keys = [] if in_cluster else [key for type_, key in KEYS if type_ == kind]
    keys += [key for type_, needed_by, key in KEYS_WITH if type_ == kind and _is_on(properties, needed_by)]
    for key in dict.fromkeys(keys):
        if not all(_is_customer_key(value) for value in _values(properties, key.split("."))):
            yield RuleMatch(where, f"{key} names no customer-managed key")
    for type_, switch in SWITCHES:
        if type_ == kind and not in_cluster and not _is_always_on(properties, switch):
            yield RuleMatch(where, f"{switch} is not true")


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """All values that a path can have, over both arms of Fn::If; None stands for absent."""
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        for arm in value["Fn::If"][1:]:
            yield from _values(arm, steps)
    elif value == _NO_VALUE or value is None:
        yield None
    elif not steps:
        yield value
    elif steps[0] == "*":
        elements = value if isinstance(value, list) and value else [None]
        for element in elements:
            yield from _values(element, steps[1:])
    else:
        yield from _values(value.get(steps[0]) if isinstance(value, dict) else None, steps[1:])


def _is_on(properties: dict[str, Any], path: str) -> bool:
    """Whether a switch is set in any case (an Fn::If that may be false still needs its key when it is true)."""
    return any(value not in (None, False, "false") for value in _values(properties, path.split(".")))


def _is_always_on(properties: dict[str, Any], path: str) -> bool:
    """Whether a switch is set in every case and in every element."""
    return all(value not in (None, False, "false") for value in _values(properties, path.split(".")))


def _is_customer_key(value: Any) -> bool:
    text = value.get("Fn::Sub") if isinstance(value, dict) else value
    return value is not None and not (isinstance(text, str) and "alias/aws/" in text)
