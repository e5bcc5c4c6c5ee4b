"""The rules of outside security packs by what they report, so that one suppression covers every pack.

A key is a keyword of ``suppress``, a value the ids of that pack: cdk-nag's begin with the standard, those of CloudFormation
Guard are in capitals in AWS's registry, and in small letters in AWS Control Tower. ``make packs`` fails for an id that its
pack does not have, and for a suppression of what no pack reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Rules = Mapping[str, Sequence[str]]

_STANDARDS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321")


def _nag(rule: str, *standards: str) -> list[str]:
    """The ids of one rule of cdk-nag in the packs of several standards; in all of them by default."""
    return [f"{standard}-{rule}" for standard in standards or _STANDARDS]


EXPLICIT_NAME: Rules = {"guard": ["CFN_NO_EXPLICIT_RESOURCE_NAMES"], "cfn_nag": ["W28"]}
BUCKET_REPLICATION: Rules = {
    "cdk_nag": _nag("S3BucketReplicationEnabled"),
    "guard": ["S3_BUCKET_REPLICATION_ENABLED"],
}
BUCKET_LOCK: Rules = {"guard": ["S3_BUCKET_DEFAULT_LOCK_ENABLED", "s3_bucket_object_lock_enabled_check"]}
BUCKET_WITHOUT_KEY: Rules = {
    "cdk_nag": _nag("S3DefaultEncryptionKMS"),
    "guard": ["s3_bucket_default_encryption_kms_check"],
}
LOG_BUCKET: Rules = {
    "checkov": ["CKV_AWS_18"],
    "cfn_nag": ["W35"],
    "guard": ["S3_BUCKET_LOGGING_ENABLED", "s3_bucket_logging_enabled_check"],
}
ENHANCED_MONITORING: Rules = {
    "checkov": ["CKV_AWS_118"],
    "cdk_nag": _nag("RDSEnhancedMonitoringEnabled", "HIPAA.Security", "NIST.800.53.R5"),
    "guard": ["RDS_ENHANCED_MONITORING_ENABLED", "rds_instance_enhanced_monitoring_enabled_check"],
}
DATABASE_BACKUP_PLAN: Rules = {"cdk_nag": _nag("RDSInBackupPlan", "HIPAA.Security", "NIST.800.53.R5")}
TABLE_BACKUP_PLAN: Rules = {"cdk_nag": _nag("DynamoDBInBackupPlan", "HIPAA.Security", "NIST.800.53.R5")}
INSTANCE_DELETION_PROTECTION: Rules = {"guard": ["RDS_INSTANCE_DELETION_PROTECTION_ENABLED"]}
CLUSTER_DELETION_PROTECTION: Rules = {
    "cdk_nag": [
        "AwsSolutions-RDS10",
        *_nag("RDSInstanceDeletionProtectionEnabled", "HIPAA.Security", "NIST.800.53.R5"),
    ],
    "guard": ["rds_cluster_deletion_protection_enabled_check"],
}
DATABASE_LOGS: Rules = {"cdk_nag": _nag("RDSLoggingEnabled"), "guard": ["rds_cluster_logging_enabled_check"]}
BALANCER_DELETION_PROTECTION: Rules = {
    "cdk_nag": _nag("ELBDeletionProtectionEnabled", "HIPAA.Security", "NIST.800.53.R5"),
    "guard": ["ELB_DELETION_PROTECTION_ENABLED", "elbv2_deletion_protection_enabled_check"],
}
BALANCER_WEB_ACL: Rules = {"cdk_nag": _nag("ALBWAFEnabled", "NIST.800.53.R5", "PCI.DSS.321")}
PLAIN_LISTENER: Rules = {
    "checkov": ["CKV_AWS_2", "CKV_AWS_103"],
    "cfn_nag": ["W56"],
    "cdk_nag": [*_nag("ALBHttpToHttpsRedirection"), *_nag("ELBv2ACMCertificateRequired")],
    "guard": ["ELBV2_LISTENER_PROTOCOL_RULE", "ELBV2_LISTENER_SSL_POLICY_RULE", "alb_http_to_https_redirection_check"],
}
PUBLIC_ROUTE: Rules = {"cdk_nag": _nag("VPCNoUnrestrictedRouteToIGW"), "guard": ["NO_UNRESTRICTED_ROUTE_TO_IGW"]}
STAGE_CACHE: Rules = {
    "checkov": ["CKV_AWS_120"],
    "cdk_nag": _nag("APIGWCacheEnabledAndEncrypted"),
    "guard": ["API_GW_CACHE_ENABLED_AND_ENCRYPTED"],
}
OPEN_ROUTE: Rules = {
    "checkov": ["CKV_AWS_59"],
    "cfn_nag": ["W59"],
    "cdk_nag": ["AwsSolutions-APIG4"],
    "guard": ["API_GW_METHOD_AUTHORIZATION_TYPE_RULE"],
}
MANAGED_POLICY: Rules = {"cdk_nag": ["AwsSolutions-IAM4"]}
SECRET_ROTATION: Rules = {
    "cdk_nag": [
        "AwsSolutions-SMG4",
        *_nag("SecretsManagerRotationEnabled", "HIPAA.Security", "NIST.800.53.R5"),
    ],
    "guard": ["SECRETSMANAGER_ROTATION_ENABLED_CHECK"],
}
OLDER_EDGE_LOG: Rules = {
    "checkov": ["CKV_AWS_86"],
    "cfn_nag": ["W10"],
    "cdk_nag": ["AwsSolutions-CFR3"],
    "guard": ["CLOUDFRONT_ACCESSLOGS_ENABLED", "cloudfront_access_logs_enabled_check"],
}
ORIGIN_FAILOVER: Rules = {"guard": ["CLOUDFRONT_ORIGIN_FAILOVER_ENABLED", "cloudfront_origin_failover_enabled_check"]}
ONE_INSTANCE_TYPE: Rules = {"guard": ["autoscaling_mixed_instances_policy_multiple_instance_types_check"]}
DEFAULT_CERTIFICATE: Rules = {
    "checkov": ["CKV_AWS_174"],
    "cfn_nag": ["W70"],
    "cdk_nag": ["AwsSolutions-CFR4", "AwsSolutions-CFR5"],
    "guard": [
        "CLOUDFRONT_CUSTOM_SSL_CERTIFICATE",
        "CLOUDFRONT_MINIMUM_PROTOCOL_VERSION_RULE",
        "CLOUDFRONT_SNI_ENABLED",
        "cloudfront_custom_ssl_certificate_check",
        "cloudfront_security_policy_check",
        "cloudfront_sni_enabled_check",
        "cloudfront_traffic_to_origin_encrypted_check",
    ],
}
EGRESS_TO_WORLD: Rules = {"guard": ["EC2_SECURITY_GROUP_EGRESS_OPEN_TO_WORLD_RULE"]}
