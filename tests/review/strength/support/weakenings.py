"""Weakenings of the committed platforms, as rows: those that the first review had in no chapter, and those of policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from review.findings import permissions, strength
from review.findings.finding import ReviewFinding
from tests.review.strength.support.changes import REMOVED


@dataclass(frozen=True)
class Weakening:
    """A weakening of a resource of a platform: an edit of a path, or the removal of the resource.

    Attributes:
        resource: The platform, the tier and the logical id.
        path: The edited property; empty if the resource is removed.
        value: Its new value.
        finding: What the review must find.
    """

    resource: str
    path: str
    value: Any
    finding: ReviewFinding

    def __str__(self) -> str:
        return f"{self.resource}-{self.path or 'removed'}"


def removed(name: str, finding: ReviewFinding) -> Weakening:
    return Weakening(name, "", None, finding)


OPEN_RULE = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "0.0.0.0/0"}

OPEN_POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}]}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
PARTNER = {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]}

WEAKENINGS = [
    # Encryption
    Weakening("trading/Tables/UserSessionsTable", "SSESpecification", REMOVED, strength.ENCRYPTION),
    Weakening("trading/Tables/UserSessionsTable", "SSESpecification/KMSMasterKeyId", REMOVED, strength.ENCRYPTION),
    Weakening("trading/Database/DatabaseCluster", "StorageEncrypted", False, strength.ENCRYPTION),
    Weakening("trading/Database/DatabaseCluster", "KmsKeyId", REMOVED, strength.ENCRYPTION),
    Weakening("trading/Storage/RawBucket", "BucketEncryption", REMOVED, strength.ENCRYPTION),
    Weakening(
        "trading/Storage/RawBucket",
        "BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault",
        {"SSEAlgorithm": "AES256"},
        strength.ENCRYPTION,
    ),
    Weakening("trading/Storage/ObjectQueue", "KmsMasterKeyId", REMOVED, strength.ENCRYPTION),
    Weakening("trading/Alerts/AlertTopic", "KmsMasterKeyId", "alias/aws/sns", strength.ENCRYPTION),
    Weakening("trading/Functions/IngestFunction", "KmsKeyArn", REMOVED, strength.ENCRYPTION),
    Weakening("trading/Network/FlowLogGroup", "KmsKeyId", REMOVED, strength.ENCRYPTION),
    Weakening("transactions/Secrets/DatabaseSecret", "KmsKeyId", REMOVED, strength.ENCRYPTION),
    Weakening(
        "transactions/Web/WebLaunchTemplate",
        "LaunchTemplateData/BlockDeviceMappings/0/Ebs/Encrypted",
        False,
        strength.ENCRYPTION,
    ),
    # Backups, recovery, versions
    Weakening("trading/Database/DatabaseCluster", "BackupRetentionPeriod", 1, strength.BACKUP),
    Weakening(
        "trading/Tables/UserSessionsTable", "PointInTimeRecoverySpecification", REMOVED, strength.POINT_IN_TIME_RECOVERY
    ),
    Weakening(
        "trading/Tables/ApiKeysTable",
        "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        False,
        strength.POINT_IN_TIME_RECOVERY,
    ),
    Weakening("trading/Storage/RawBucket", "VersioningConfiguration", REMOVED, strength.VERSIONING),
    Weakening("trading/Storage/RawBucket", "VersioningConfiguration/Status", "Suspended", strength.VERSIONING),
    # Retention
    Weakening("trading/Network/FlowLogGroup", "RetentionInDays", 1, strength.RETENTION),
    Weakening("trading/Storage/ObjectQueue", "MessageRetentionPeriod", 60, strength.RETENTION),
    Weakening(
        "trading/Storage/RawBucket",
        "LifecycleConfiguration/Rules/0/ExpirationInDays",
        1,
        strength.RETENTION,
    ),
    # Audit trail and logs
    removed("trading/Network/FlowLog", strength.AUDIT_TRAIL),
    removed("trading/Compliance/ConfigRecorder", strength.AUDIT_TRAIL),
    Weakening("trading/Compliance/ConfigRecorder", "RecordingGroup/AllSupported", False, strength.AUDIT_TRAIL),
    Weakening("trading/Network/FlowLog", "TrafficType", "REJECT", strength.LOGGING),
    Weakening("trading/Storage/RawBucket", "LoggingConfiguration", REMOVED, strength.LOGGING),
    Weakening("trading/Api/Stage", "AccessLogSetting", REMOVED, strength.LOGGING),
    Weakening("trading/Api/Stage", "TracingEnabled", False, strength.LOGGING),
    Weakening("trading/Functions/IngestFunction", "TracingConfig/Mode", "PassThrough", strength.LOGGING),
    Weakening("trading/Database/DatabaseCluster", "EnableCloudwatchLogsExports", REMOVED, strength.LOGGING),
    Weakening("trading/Database/DatabaseClusterParameters", "Parameters/log_statement", "none", strength.LOGGING),
    Weakening(
        "transactions/Database/DatabaseClusterParameters", "Parameters/server_audit_logging", "0", strength.LOGGING
    ),
    removed("trading/Api/WebAclLogging", strength.LOGGING),
    Weakening("trading/Api/Stage", "MethodSettings/0/DataTraceEnabled", True, strength.DATA_PROTECTION),
    # Alarms, rules, rotation
    removed("trading/Observability/ApiServerErrorsAlarm", strength.ALARMS),
    Weakening("trading/Observability/ApiLatencyAlarm", "ActionsEnabled", False, strength.ALARMS),
    Weakening("trading/Observability/FastBurnAlarm", "AlarmActions", [], strength.ALARMS),
    removed("trading/Alerts/IngestFilter", strength.ALARMS),
    removed("transactions/Observability/ApplicationErrorsFilter", strength.ALARMS),
    removed("trading/Compliance/S3DefaultEncryptionKmsRule", strength.CONFIG_RULES),
    removed("transactions/Secrets/DatabaseSecretRotation", strength.ROTATION),
    Weakening(
        "transactions/Secrets/DatabaseSecretRotation", "RotationRules/AutomaticallyAfterDays", 365, strength.ROTATION
    ),
    Weakening("trading/Keys/DataKey", "EnableKeyRotation", False, strength.ROTATION),
    # Callers and connections
    Weakening("trading/Api/PostV1MarketData", "AuthorizationType", "NONE", strength.AUTHORISATION),
    Weakening("trading/Api/PostV1MarketData", "ApiKeyRequired", False, strength.AUTHORISATION),
    Weakening("trading/Database/DatabaseCluster", "EnableIAMDatabaseAuthentication", False, strength.AUTHORISATION),
    Weakening("trading/Api/PostV1MarketData", "RequestValidatorId", REMOVED, strength.REQUEST_CHECKS),
    Weakening("trading/Database/DatabaseClusterParameters", "Parameters/rds.force_ssl", "0", strength.TLS),
    Weakening(
        "transactions/Database/DatabaseClusterParameters", "Parameters/require_secure_transport", "OFF", strength.TLS
    ),
    Weakening("transactions/Web/HttpsListener", "SslPolicy", "ELBSecurityPolicy-2016-08", strength.TLS),
    Weakening(
        "transactions/Edge/Distribution",
        "DistributionConfig/ViewerCertificate/MinimumProtocolVersion",
        "TLSv1",
        strength.TLS,
    ),
    Weakening(
        "transactions/Edge/Distribution",
        "DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy",
        "allow-all",
        strength.TLS,
    ),
    Weakening("transactions/Web/HttpsListener", "Protocol", "HTTP", strength.TLS),
    # Network and web filter
    Weakening("trading/Storage/RawBucket", "PublicAccessBlockConfiguration", REMOVED, strength.EXPOSURE),
    Weakening(
        "trading/Storage/RawBucket", "PublicAccessBlockConfiguration/BlockPublicPolicy", False, strength.EXPOSURE
    ),
    Weakening("trading/Database/DatabaseWriter", "PubliclyAccessible", True, strength.EXPOSURE),
    Weakening("transactions/Network/BalancerFromCloudFront", "FromPort", 0, strength.PORTS),
    Weakening("trading/Network/DatabaseSecurityGroup", "SecurityGroupIngress", [OPEN_RULE], strength.WORLD),
    Weakening("trading/Functions/IngestFunction", "VpcConfig", REMOVED, strength.REACH),
    Weakening("trading/Network/PublicSubnetA", "MapPublicIpOnLaunch", True, strength.REACH),
    removed("trading/Api/WebAclAssociation", strength.WEB_FILTER),
    Weakening("trading/Api/WebAcl", "Rules", [], strength.WEB_FILTER),
    Weakening("transactions/Edge/Distribution", "DistributionConfig/WebACLId", REMOVED, strength.WEB_FILTER),
    # Operation
    Weakening("trading/Api/Stage", "MethodSettings", REMOVED, strength.LIMITS),
    Weakening("trading/Functions/IngestFunction", "ReservedConcurrentExecutions", REMOVED, strength.LIMITS),
    Weakening("trading/Api/UsagePlan", "Throttle/RateLimit", 100000, strength.LIMITS),
    Weakening("trading/Functions/ProcessFunction", "DeadLetterConfig", REMOVED, strength.DEAD_LETTERS),
    Weakening("trading/Storage/ObjectQueue", "RedrivePolicy", REMOVED, strength.DEAD_LETTERS),
    Weakening(
        "transactions/Web/WebLaunchTemplate",
        "LaunchTemplateData/MetadataOptions/HttpTokens",
        "optional",
        strength.INSTANCE_METADATA,
    ),
    Weakening("transactions/Web/WebGroup", "MinSize", "1", strength.AVAILABILITY),
]

POLICY_WEAKENINGS = [
    # Identities
    Weakening(
        "trading/Functions/IngestPolicy",
        "PolicyDocument/Statement/StoreBatch/Action",
        ["s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"],
        permissions.BROADER,
    ),
    Weakening(
        "trading/Functions/IngestPolicy", "PolicyDocument/Statement/StoreBatch/Action", ["s3:*"], permissions.BROADER
    ),
    Weakening(
        "trading/Functions/IngestPolicy", "PolicyDocument/Statement/StoreBatch/Resource", ["*"], permissions.BROADER
    ),
    Weakening(
        "trading/Functions/IngestPolicy",
        "PolicyDocument/Statement/UseQueueKey/Condition",
        REMOVED,
        permissions.BROADER,
    ),
    Weakening(
        "trading/Functions/IngestPolicy",
        "PolicyDocument/Statement/DenyNetworkInterfacesToCode",
        REMOVED,
        permissions.BROADER,
    ),
    Weakening(
        "trading/Functions/IngestPolicy",
        "PolicyDocument/Statement/DenyNetworkInterfacesToCode/Action",
        ["ec2:CreateNetworkInterface"],
        permissions.BROADER,
    ),
    Weakening(
        "trading/Functions/IngestPolicy", "PolicyDocument/Statement/Trace/Action", ["*"], permissions.ADMINISTRATION
    ),
    Weakening(
        "trading/Functions/IngestPolicy",
        "PolicyDocument/Statement/Trace/Action",
        ["xray:*", "iam:PassRole"],
        permissions.ADMINISTRATION,
    ),
    Weakening(
        "trading/Functions/IngestRole",
        "ManagedPolicyArns",
        ["RegionDenyPolicy-id", {"Ref": "IngestPolicy"}, ADMINISTRATOR],
        permissions.ADMINISTRATION,
    ),
    Weakening(
        "trading/Functions/IngestRole",
        "AssumeRolePolicyDocument/Statement/AssumedByService/Principal",
        {"AWS": "*", "Service": ["lambda.amazonaws.com"]},
        permissions.PUBLIC,
    ),
    Weakening(
        "trading/Database/AnalystRole",
        "AssumeRolePolicyDocument/Statement/AssumedWithinAccount/Condition",
        REMOVED,
        permissions.BROADER,
    ),
    # Resources
    Weakening(
        "trading/Storage/RawBucketPolicy",
        "PolicyDocument/Statement/DenyPlainTransport",
        REMOVED,
        permissions.BROADER,
    ),
    Weakening(
        "trading/Storage/RawBucketPolicy",
        "PolicyDocument/Statement/DenyOtherKey/Condition/StringNotEquals",
        {"s3:x-amz-server-side-encryption-aws-kms-key-id": ["DataKey-Arn", "another"]},
        permissions.BROADER,
    ),
    Weakening(
        "trading/Storage/RawBucketPolicy",
        "PolicyDocument/Statement/DenyPlainTransport/Effect",
        "Allow",
        permissions.PUBLIC,
    ),
    removed("trading/Storage/RawBucketPolicy", permissions.BROADER),
    Weakening(
        "trading/Storage/ObjectQueuePolicy",
        "PolicyDocument/Statement/NewRawObjects/Condition",
        REMOVED,
        permissions.BROADER,
    ),
    Weakening(
        "trading/Alerts/AlertTopicPolicy",
        "PolicyDocument/Statement/Alarms/Principal",
        "*",
        permissions.BROADER,
    ),
    Weakening("trading/Keys/DataKey", "KeyPolicy/Statement/Administration/Principal", PARTNER, permissions.BROADER),
    Weakening("trading/Keys/DataKey", "KeyPolicy/Statement/Administration/Principal", "*", permissions.PUBLIC),
    Weakening("trading/Keys/DataKey", "KeyPolicy/Statement/Buckets/Condition", REMOVED, permissions.BROADER),
    Weakening("trading/Network/S3Endpoint", "PolicyDocument", REMOVED, permissions.BROADER),
    Weakening(
        "trading/Network/S3Endpoint",
        "PolicyDocument/Statement/ThisAccountOnly/Condition",
        REMOVED,
        permissions.BROADER,
    ),
    Weakening("trading/Api/PostV1MarketDataPermission", "SourceArn", REMOVED, permissions.BROADER),
    Weakening("trading/Api/PostV1MarketDataPermission", "Principal", "*", permissions.BROADER),
]
"""Weakenings of policy documents: only a whole plan shows which documents stand together."""

UNDECIDED_REVERSALS = [
    Weakening("trading/Functions/IngestRole", "ManagedPolicyArns", [{"Ref": "IngestPolicy"}], permissions.UNKNOWN),
    Weakening("trading/Api/RestApi", "Policy", OPEN_POLICY, permissions.PUBLIC),
]
"""Weakenings that put a policy whose text no template has in the place of another, so their reversals may be weaker too."""
