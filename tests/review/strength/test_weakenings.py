"""Weakenings of the committed platforms, each with its reversal.

The first review had them in no chapter, or in a chapter without a word on the direction. Weakenings of policy documents are
not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from review.finding import Direction, Label, ReviewFinding, Verdict
from review.strength import findings, grade
from tests.review.strength.support.changes import REMOVED, changed, steps, summary
from tests.review.strength.support.platforms import resource

WEAKER, STRONGER = Direction.WEAKER, Direction.STRONGER


@dataclass(frozen=True)
class Weakening:
    """A weakening of a resource of a platform: an edit of a path, or the removal of the resource."""

    resource: str
    path: str
    value: Any
    finding: ReviewFinding
    verdict: Verdict | None = None

    def __str__(self) -> str:
        return f"{self.resource}-{self.path or 'removed'}"


def removed(name: str, finding: ReviewFinding) -> Weakening:
    return Weakening(name, "", None, finding)


OPEN_RULE = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "0.0.0.0/0"}

WEAKENINGS = [
    # Encryption
    Weakening("trading/Tables/UserSessionsTable", "SSESpecification", REMOVED, findings.ENCRYPTION),
    Weakening("trading/Tables/UserSessionsTable", "SSESpecification/KMSMasterKeyId", REMOVED, findings.ENCRYPTION),
    Weakening("trading/Database/DatabaseCluster", "StorageEncrypted", False, findings.ENCRYPTION),
    Weakening("trading/Database/DatabaseCluster", "KmsKeyId", REMOVED, findings.ENCRYPTION),
    Weakening("trading/Storage/RawBucket", "BucketEncryption", REMOVED, findings.ENCRYPTION),
    Weakening(
        "trading/Storage/RawBucket",
        "BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault",
        {"SSEAlgorithm": "AES256"},
        findings.ENCRYPTION,
    ),
    Weakening("trading/Storage/ObjectQueue", "KmsMasterKeyId", REMOVED, findings.ENCRYPTION),
    Weakening("trading/Alerts/AlertTopic", "KmsMasterKeyId", "alias/aws/sns", findings.ENCRYPTION),
    Weakening("trading/Functions/IngestFunction", "KmsKeyArn", REMOVED, findings.ENCRYPTION),
    Weakening("trading/Network/FlowLogGroup", "KmsKeyId", REMOVED, findings.ENCRYPTION),
    Weakening("transactions/Secrets/DatabaseSecret", "KmsKeyId", REMOVED, findings.ENCRYPTION),
    Weakening(
        "transactions/Web/WebLaunchTemplate",
        "LaunchTemplateData/BlockDeviceMappings/0/Ebs/Encrypted",
        False,
        findings.ENCRYPTION,
    ),
    # Backups, recovery, versions
    Weakening("trading/Database/DatabaseCluster", "BackupRetentionPeriod", 1, findings.BACKUP),
    Weakening(
        "trading/Tables/UserSessionsTable", "PointInTimeRecoverySpecification", REMOVED, findings.POINT_IN_TIME_RECOVERY
    ),
    Weakening(
        "trading/Tables/ApiKeysTable",
        "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        False,
        findings.POINT_IN_TIME_RECOVERY,
    ),
    Weakening("trading/Storage/RawBucket", "VersioningConfiguration", REMOVED, findings.VERSIONING),
    Weakening("trading/Storage/RawBucket", "VersioningConfiguration/Status", "Suspended", findings.VERSIONING),
    # Retention
    Weakening("trading/Network/FlowLogGroup", "RetentionInDays", 1, findings.RETENTION),
    Weakening("trading/Storage/ObjectQueue", "MessageRetentionPeriod", 60, findings.RETENTION),
    Weakening(
        "trading/Storage/RawBucket",
        "LifecycleConfiguration/Rules/0/ExpirationInDays",
        1,
        findings.RETENTION,
    ),
    # Audit trail and logs
    removed("trading/Network/FlowLog", findings.AUDIT_TRAIL),
    removed("trading/Compliance/ConfigRecorder", findings.AUDIT_TRAIL),
    Weakening("trading/Compliance/ConfigRecorder", "RecordingGroup/AllSupported", False, findings.AUDIT_TRAIL),
    Weakening("trading/Network/FlowLog", "TrafficType", "REJECT", findings.LOGGING),
    Weakening("trading/Storage/RawBucket", "LoggingConfiguration", REMOVED, findings.LOGGING),
    Weakening("trading/Api/Stage", "AccessLogSetting", REMOVED, findings.LOGGING),
    Weakening("trading/Api/Stage", "TracingEnabled", False, findings.LOGGING),
    Weakening("trading/Functions/IngestFunction", "TracingConfig/Mode", "PassThrough", findings.LOGGING),
    Weakening("trading/Database/DatabaseCluster", "EnableCloudwatchLogsExports", REMOVED, findings.LOGGING),
    Weakening("trading/Database/DatabaseClusterParameters", "Parameters/log_statement", "none", findings.LOGGING),
    Weakening(
        "transactions/Database/DatabaseClusterParameters", "Parameters/server_audit_logging", "0", findings.LOGGING
    ),
    removed("trading/Api/WebAclLogging", findings.LOGGING),
    Weakening("trading/Api/Stage", "MethodSettings/0/DataTraceEnabled", True, findings.DATA_PROTECTION),
    # Alarms, rules, rotation
    removed("trading/Observability/ApiServerErrorsAlarm", findings.ALARMS),
    Weakening("trading/Observability/ApiLatencyAlarm", "ActionsEnabled", False, findings.ALARMS),
    Weakening("trading/Observability/FastBurnAlarm", "AlarmActions", [], findings.ALARMS),
    removed("trading/Alerts/IngestFilter", findings.ALARMS),
    removed("transactions/Observability/ApplicationErrorsFilter", findings.ALARMS),
    removed("trading/Compliance/S3DefaultEncryptionKmsRule", findings.CONFIG_RULES),
    removed("transactions/Secrets/DatabaseSecretRotation", findings.ROTATION),
    Weakening(
        "transactions/Secrets/DatabaseSecretRotation", "RotationRules/AutomaticallyAfterDays", 365, findings.ROTATION
    ),
    Weakening("trading/Keys/DataKey", "EnableKeyRotation", False, findings.ROTATION),
    # Callers and connections
    Weakening("trading/Api/PostV1MarketData", "AuthorizationType", "NONE", findings.AUTHORISATION),
    Weakening("trading/Api/PostV1MarketData", "ApiKeyRequired", False, findings.AUTHORISATION),
    Weakening("trading/Database/DatabaseCluster", "EnableIAMDatabaseAuthentication", False, findings.AUTHORISATION),
    Weakening("trading/Api/PostV1MarketData", "RequestValidatorId", REMOVED, findings.REQUEST_CHECKS),
    Weakening("trading/Database/DatabaseClusterParameters", "Parameters/rds.force_ssl", "0", findings.TLS),
    Weakening(
        "transactions/Database/DatabaseClusterParameters", "Parameters/require_secure_transport", "OFF", findings.TLS
    ),
    Weakening("transactions/Web/HttpsListener", "SslPolicy", "ELBSecurityPolicy-2016-08", findings.TLS),
    Weakening(
        "transactions/Edge/Distribution",
        "DistributionConfig/ViewerCertificate/MinimumProtocolVersion",
        "TLSv1",
        findings.TLS,
    ),
    Weakening(
        "transactions/Edge/Distribution",
        "DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy",
        "allow-all",
        findings.TLS,
    ),
    # Network and web filter
    Weakening(
        "trading/Storage/RawBucket", "PublicAccessBlockConfiguration/BlockPublicPolicy", False, findings.EXPOSURE
    ),
    Weakening("trading/Database/DatabaseWriter", "PubliclyAccessible", True, findings.EXPOSURE),
    Weakening("transactions/Network/BalancerFromCloudFront", "FromPort", 0, findings.PORTS),
    Weakening("trading/Network/DatabaseSecurityGroup", "SecurityGroupIngress", [OPEN_RULE], findings.WORLD),
    Weakening("trading/Functions/IngestFunction", "VpcConfig", REMOVED, findings.REACH),
    Weakening("trading/Network/PublicSubnetA", "MapPublicIpOnLaunch", True, findings.REACH),
    removed("trading/Api/WebAclAssociation", findings.WEB_FILTER),
    Weakening("trading/Api/WebAcl", "Rules", [], findings.WEB_FILTER),
    Weakening("transactions/Edge/Distribution", "DistributionConfig/WebACLId", REMOVED, findings.WEB_FILTER),
    # Operation
    Weakening("trading/Api/Stage", "MethodSettings", REMOVED, findings.LIMITS),
    Weakening("trading/Functions/IngestFunction", "ReservedConcurrentExecutions", REMOVED, findings.LIMITS),
    Weakening("trading/Api/UsagePlan", "Throttle/RateLimit", 100000, findings.LIMITS),
    Weakening("trading/Functions/ProcessFunction", "DeadLetterConfig", REMOVED, findings.DEAD_LETTERS),
    Weakening("trading/Storage/ObjectQueue", "RedrivePolicy", REMOVED, findings.DEAD_LETTERS),
    Weakening(
        "transactions/Web/WebLaunchTemplate",
        "LaunchTemplateData/MetadataOptions/HttpTokens",
        "optional",
        findings.INSTANCE_METADATA,
    ),
    Weakening("transactions/Web/WebGroup", "MinSize", "1", findings.AVAILABILITY),
]


def sides(weakening: Weakening) -> tuple[str, Any, Any]:
    target = resource(weakening.resource)
    if not weakening.path:
        return target.type, target.properties, None
    return target.type, target.properties, changed(target.properties, steps(weakening.path), weakening.value)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("weakening", WEAKENINGS, ids=str)
def test_weakening_has_its_code_verdict_and_label(weakening: Weakening) -> None:
    resource_type, before, after = sides(weakening)
    remarks = grade(resource_type, before, after)
    remark = next(remark for remark in remarks if remark.code == weakening.finding.code)
    assert (remark.verdict, remark.label) == (weakening.finding.verdict, weakening.finding.label)
    assert WEAKER in summary(remarks).directions


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("weakening", WEAKENINGS, ids=str)
def test_reversal_has_the_opposite_label_and_needs_no_look(weakening: Weakening) -> None:
    resource_type, before, after = sides(weakening)
    remarks = grade(resource_type, after, before)
    remark = next(remark for remark in remarks if remark.code == weakening.finding.code)
    assert weakening.finding.label is not None
    assert (remark.verdict, remark.label) == (Verdict.FINE, weakening.finding.label.opposite)
    assert STRONGER in summary(remarks).directions


@pytest.mark.requirement("REV-2")
def test_function_url_without_authentication_is_public() -> None:
    """Nothing of it was under any chapter."""
    (remark,) = grade("AWS::Lambda::Url", None, {"AuthType": "NONE", "TargetFunctionArn": "f"})
    assert (remark.verdict, remark.label, remark.code) == (Verdict.BLOCKED, Label.BROADER, findings.EXPOSURE.code)
    (remark,) = grade("AWS::Lambda::Url", {"AuthType": "NONE", "TargetFunctionArn": "f"}, None)
    assert (remark.verdict, remark.label) == (Verdict.FINE, Label.NARROWER)
    assert grade("AWS::Lambda::Url", None, {"AuthType": "AWS_IAM", "TargetFunctionArn": "f"}) == ()


@pytest.mark.requirement("REV-2")
def test_open_method_is_public_unless_it_asks_for_a_key() -> None:
    with_key = {"AuthorizationType": "NONE", "ApiKeyRequired": True, "HttpMethod": "GET"}
    without = {**with_key, "ApiKeyRequired": False}
    assert findings.EXPOSURE.code in summary(grade("AWS::ApiGateway::Method", with_key, without)).codes
    assert findings.EXPOSURE.code in summary(grade("AWS::ApiGateway::Method", None, without)).codes
    assert findings.EXPOSURE.code not in summary(grade("AWS::ApiGateway::Method", None, with_key)).codes
    assert grade("AWS::ApiGateway::Method", None, {**without, "HttpMethod": "OPTIONS"}) == ()
