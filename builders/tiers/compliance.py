"""The compliance tier: AWS Config's recorder and delivery channel, and the rules for PCI DSS as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Allow, Principal, Statement, StringEquals
from awacs.s3 import GetBucketAcl, ListBucket, PutObject, PutObjectAcl
from troposphere import AWSObject, GetAtt, Sub
from troposphere.config import (
    ConfigRule,
    ConfigSnapshotDeliveryProperties,
    ConfigurationRecorder,
    DeliveryChannel,
    RecordingGroup,
    Scope,
    Source,
)
from troposphere.iam import Role

from builders.contract import ports
from builders.contract.names import CONFIG_BUCKET, bucket_name_text, pascal
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.iam.roles import add_role
from builders.parts import pack_rules
from builders.parts.alarms import AlarmRow, MetricRow, add_alarm, at_least
from builders.parts.buckets import BuiltBucket, add_bucket, lifecycle
from builders.parts.suppressions import suppress

HISTORY_EXPIRES_AFTER_DAYS = 2557
"""Seven years of configuration history."""


@dataclass(frozen=True)
class RuleRow:
    """A managed rule of AWS Config, and the requirement of PCI DSS 4.0.1 that it helps to prove.

    Attributes:
        stem: the name without platform and suffix.
        identifier: the rule's identifier, https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
        pci: requirement of PCI DSS 4.0.1.
        shows: what compliance with the rule means, in one sentence.
        inputs: the rule's parameters.
        types: resource types that the rule evaluates, as in AWS's conformance packs; none for account-wide and periodic
            rules.
    """

    stem: str
    identifier: str
    pci: str
    shows: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ()


_BUCKET = ("AWS::S3::Bucket",)
RULES = (
    # Encryption of stored data
    # The bucket of S3's access logs stays non-compliant, because S3 writes them under SSE-S3 only (requirement A-4).
    RuleRow("s3-default-encryption-kms", "S3_DEFAULT_ENCRYPTION_KMS", "3.5.1", "Buckets encrypt under KMS keys", types=_BUCKET),
    RuleRow("rds-storage-encrypted", "RDS_STORAGE_ENCRYPTED", "3.5.1", "Database storage is encrypted", types=("AWS::RDS::DBInstance",)),
    RuleRow("dynamodb-table-encrypted-kms", "DYNAMODB_TABLE_ENCRYPTED_KMS", "3.5.1", "Tables encrypt under KMS keys", types=("AWS::DynamoDB::Table",)),
    RuleRow("encrypted-volumes", "ENCRYPTED_VOLUMES", "3.5.1", "Attached EBS volumes are encrypted", types=("AWS::EC2::Volume",)),
    RuleRow("log-group-encrypted", "CLOUDWATCH_LOG_GROUP_ENCRYPTED", "3.5.1", "Log groups are encrypted"),
    RuleRow("sns-encrypted-kms", "SNS_ENCRYPTED_KMS", "3.5.1", "Topics encrypt under KMS keys", types=("AWS::SNS::Topic",)),
    RuleRow("secrets-under-customer-keys", "SECRETSMANAGER_USING_CMK", "3.5.1", "Secrets are under customer keys", types=("AWS::SecretsManager::Secret",)),
    RuleRow("kms-key-rotation", "CMK_BACKING_KEY_ROTATION_ENABLED", "3.7.4", "Customer keys rotate"),
    # Encryption in transit
    RuleRow("s3-tls-only", "S3_BUCKET_SSL_REQUESTS_ONLY", "4.2.1", "Buckets refuse requests without TLS", types=_BUCKET),
    RuleRow("cloudfront-https", "CLOUDFRONT_VIEWER_POLICY_HTTPS", "4.2.1", "CloudFront is reached over TLS", types=("AWS::CloudFront::Distribution",)),
    # Logging and monitoring
    RuleRow("s3-access-logging", "S3_BUCKET_LOGGING_ENABLED", "10.2.1", "Access to buckets is logged", types=_BUCKET),
    RuleRow("api-execution-logging", "API_GW_EXECUTION_LOGGING_ENABLED", "10.2.1", "API stages log their execution", types=("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage")),
    RuleRow("balancer-logging", "ELB_LOGGING_ENABLED", "10.2.1", "Load balancers log their requests", types=("AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer")),
    RuleRow("vpc-flow-logs", "VPC_FLOW_LOGS_ENABLED", "10.2.1", "VPCs log their traffic"),
    # Backup
    RuleRow("rds-backup", "DB_INSTANCE_BACKUP_ENABLED", "12.10.1", "Databases are backed up", types=("AWS::RDS::DBInstance",)),
    RuleRow("dynamodb-point-in-time-recovery", "DYNAMODB_PITR_ENABLED", "12.10.1", "Tables recover to any point in time", types=("AWS::DynamoDB::Table",)),
    # No public access
    RuleRow("s3-no-public-read", "S3_BUCKET_PUBLIC_READ_PROHIBITED", "1.4.4", "Nobody outside reads buckets", types=_BUCKET),
    RuleRow("s3-no-public-write", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "1.4.4", "Nobody outside writes to buckets", types=_BUCKET),
    RuleRow("rds-no-public-access", "RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "1.4.4", "Databases have no public address", types=("AWS::RDS::DBInstance",)),
    RuleRow("lambda-no-public-access", "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED", "1.4.4", "Nobody outside calls functions directly", types=("AWS::Lambda::Function",)),
    RuleRow("lambda-in-vpc", "LAMBDA_INSIDE_VPC", "1.3.1", "Functions run in a VPC", types=("AWS::Lambda::Function",)),
    RuleRow("default-security-group-closed", "VPC_DEFAULT_SECURITY_GROUP_CLOSED", "1.3.1", "Default security groups let nothing through", types=("AWS::EC2::SecurityGroup",)),
    RuleRow("no-open-ssh", "INCOMING_SSH_DISABLED", "1.3.1", "No security group opens SSH to the world", types=("AWS::EC2::SecurityGroup",)),
    RuleRow("api-behind-waf", "API_GW_ASSOCIATED_WITH_WAF", "6.4.2", "API stages stand behind a web ACL", types=("AWS::ApiGateway::Stage",)),
    RuleRow("cloudfront-behind-waf", "CLOUDFRONT_ASSOCIATED_WITH_WAF", "6.4.2", "CloudFront stands behind a web ACL", types=("AWS::CloudFront::Distribution",)),
    RuleRow("balancer-drops-invalid-headers", "ALB_HTTP_DROP_INVALID_HEADER_ENABLED", "6.2.4", "Load balancers drop invalid headers", types=("AWS::ElasticLoadBalancingV2::LoadBalancer",)),
    RuleRow("ec2-no-public-ip", "EC2_INSTANCE_NO_PUBLIC_IP", "1.4.4", "Instances have no public address", types=("AWS::EC2::Instance",)),
    RuleRow("ec2-imdsv2", "EC2_IMDSV2_CHECK", "2.2.6", "Instances give their metadata by session only", types=("AWS::EC2::Instance",)),
    # Identities
    RuleRow(
        "iam-password-policy", "IAM_PASSWORD_POLICY", "8.3.6", "Passwords are long, mixed and changed",
        inputs={
            "MaxPasswordAge": "90", "MinimumPasswordLength": "12", "PasswordReusePrevention": "4",
            "RequireLowercaseCharacters": "true", "RequireNumbers": "true", "RequireSymbols": "true", "RequireUppercaseCharacters": "true",
        },
    ),
    RuleRow("root-mfa", "ROOT_ACCOUNT_MFA_ENABLED", "8.4.1", "The root user signs in with a second factor"),
    RuleRow("no-admin-statements", "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", "7.2.2", "No policy allows everything on everything", types=("AWS::IAM::Policy",)),
    RuleRow("secrets-rotated-on-time", "SECRETSMANAGER_SCHEDULED_ROTATION_SUCCESS_CHECK", "8.6.3", "Secrets rotated when they should", types=("AWS::SecretsManager::Secret",)),
    # The two secrets of transactions' origin header stay non-compliant, because a deployment rotates them
    # (builders/transactions/origin_header.py). A scope contains types, or one tag that a resource must have, and no exceptions.
    # By a tag, AWS Config would no longer evaluate a secret whose tag is missing.
    # https://docs.aws.amazon.com/config/latest/APIReference/API_Scope.html
    RuleRow("secrets-rotation", "SECRETSMANAGER_ROTATION_ENABLED_CHECK", "8.6.3", "Secrets rotate; the two of transactions' origin header turn by deployment instead and stay non-compliant (docs/transactions.md)", types=("AWS::SecretsManager::Secret",)),
)  # fmt: skip


def build(platform: str) -> TierTemplate:
    """Builds recorder, delivery channel and rules.

    The root has this tier only if it manages the account's recorder. Rules evaluate the whole account, so copies of them in a
    second stack would only cost.
    """
    template = TierTemplate(platform, "AWS Config: recorder, delivery channel and the rules for PCI DSS 4.0.1.")
    bucket = add_history_bucket(template)
    role = add_config_role(template, bucket)
    channel = add_delivery_channel(template, bucket)
    recorder = add_recorder(template, role)
    for row in RULES:
        add_rule(template, row, after=[recorder, channel])
    add_delivery_alarms(template)
    return template


def add_history_bucket(template: TierTemplate) -> BuiltBucket:
    """Adds the bucket of snapshots and history, with the policy that AWS Config requires.

    Source: https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
    """
    name = bucket_name_text(template.platform, CONFIG_BUCKET)
    bucket, delivered = arns.bucket(name), arns.bucket(f"{name}/AWSLogs/${{AWS::AccountId}}/Config/*")
    service = Principal("Service", ["config.amazonaws.com"])
    from_here = statements.from_this_account()
    owner_control = StringEquals("s3:x-amz-acl", "bucket-owner-full-control")
    grants = [
        Statement(
            Sid="ConfigChecks",
            Effect=Allow,
            Principal=service,
            Action=[GetBucketAcl, ListBucket],
            Resource=[bucket],
            Condition=statements.all_of(from_here),
        ),
        Statement(
            Sid="ConfigDelivers",
            Effect=Allow,
            Principal=service,
            Action=[PutObject],
            Resource=[delivered],
            Condition=statements.all_of(from_here, owner_control),
        ),
    ]
    return add_bucket(
        template,
        "ConfigBucket",
        CONFIG_BUCKET,
        key=template.use(ports.DATA_KEY),
        log_bucket=template.use(ports.ACCESS_LOG_BUCKET),
        rules=lifecycle(expire_after_days=HISTORY_EXPIRES_AFTER_DAYS),
        grants=grants,
    )


def add_config_role(template: TierTemplate, bucket: BuiltBucket) -> Role:
    """Adds the recorder's role: AWS's own policy to read configurations, which only AWS can keep current, and the bucket.

    AWS Config sends an ACL with each file. So it needs ``s3:PutObjectAcl``, although the bucket ignores ACLs.
    Source: https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html
    """
    delivered = arns.below(bucket.arn, "/AWSLogs/${AWS::AccountId}/*")
    role = add_role(
        template,
        "ConfigRole",
        "config",
        "AWS Config records and delivers",
        trust=statements.trust_service("config", statements.from_this_account()),
        permissions=[
            statements.allow("Deliver", [PutObject, PutObjectAcl], [delivered]),
            statements.allow("CheckBucket", [GetBucketAcl, ListBucket], [bucket.arn]),
            statements.use_key("UseBucketKey", template.use(ports.DATA_KEY), "s3"),
        ],
        policies=[Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWS_ConfigRole")],
    )
    suppress(
        role,
        "AWS Config requires AWS's own policy, which follows new types (requirement T-CFG-1)",
        **pack_rules.MANAGED_POLICY,
    )
    return role


def add_recorder(template: TierTemplate, role: Role) -> ConfigurationRecorder:
    """Adds the recorder of all types, global ones included. CloudFormation starts it once the channel exists."""
    return template.add(
        ConfigurationRecorder(
            "ConfigRecorder",
            Name=template.named("config-recorder"),
            RoleARN=GetAtt(role, "Arn"),
            RecordingGroup=RecordingGroup(AllSupported=True, IncludeGlobalResourceTypes=True),
        )
    )


def add_delivery_channel(template: TierTemplate, bucket: BuiltBucket) -> DeliveryChannel:
    """Adds the channel that delivers to the bucket.

    It must not depend on the recorder, because each of the two waits until the other exists.
    """
    return template.add(
        DeliveryChannel(
            "ConfigDeliveryChannel",
            DependsOn=bucket.policy,
            Name=template.named("config-delivery"),
            S3BucketName=bucket.name,
            S3KmsKeyArn=template.use(ports.DATA_KEY),
            ConfigSnapshotDeliveryProperties=ConfigSnapshotDeliveryProperties(DeliveryFrequency="TwentyFour_Hours"),
        )
    )


def add_rule(template: TierTemplate, row: RuleRow, *, after: list[AWSObject]) -> ConfigRule:
    """Adds one managed rule. AWS Config rejects it before recorder and channel exist, so it depends on both."""
    optional: dict[str, Any] = {}
    if row.types:
        optional["Scope"] = Scope(ComplianceResourceTypes=list(row.types))
    if row.inputs:
        optional["InputParameters"] = dict(row.inputs)
    return template.add(
        ConfigRule(
            f"{pascal(row.stem)}Rule",
            DependsOn=after,
            ConfigRuleName=template.named(row.stem),
            Description=f"PCI DSS 4.0.1, {row.pci}: {row.shows}",
            Source=Source(Owner="AWS", SourceIdentifier=row.identifier),
            **optional,
        )
    )


def add_delivery_alarms(template: TierTemplate) -> None:
    """Adds alarms on failed deliveries of the account's channel, from the metrics that AWS Config publishes.

    Source: https://docs.aws.amazon.com/config/latest/developerguide/viewing-the-aws-config-metrics.html
    """
    topic = [template.use(ports.ALERT_TOPIC)]
    for title, stem, metric in (
        ("ConfigHistory", "config-history-failed", "ConfigHistoryExportFailed"),
        ("ConfigSnapshot", "config-snapshot-failed", "ConfigSnapshotExportFailed"),
    ):
        row = AlarmRow(
            title,
            stem,
            metric=MetricRow("AWS/Config", metric, {}, "Sum"),
            when=at_least(1),
            meaning="AWS Config could not deliver: look at the bucket's policy, the key's policy and the role",
        )
        add_alarm(template, row, topic)
