"""What protects data: backups, recovery, versions, locks, copies, retention and protection from deletion."""

from __future__ import annotations

import math

from review.findings.strength import (
    BACKUP,
    DELETION_PROTECTION,
    LOCK,
    POINT_IN_TIME_RECOVERY,
    REPLICATION,
    RETENTION,
    VERSIONING,
)
from review.strength.grades import data as grades
from review.strength.measures import (
    FLAG,
    NEVER,
    Allows,
    Altered,
    Graded,
    Less,
    Levels,
    Members,
    More,
    Off,
    On,
    Present,
    Unordered,
)
from review.strength.order import Bounds
from review.strength.rows import ANY, Presence, Row, Without, table
from review.strength.values import UNKNOWN

_TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")

_BACKUP: tuple[Row, ...] = table(
    BACKUP,
    (ANY, "BackupRetentionPeriod", More(absent=1, weakest=0)),
    (ANY, "SnapshotRetentionLimit", More(absent=0, weakest=0)),
    # The default is 30 days for Windows and ONTAP and 0 for Lustre and OpenZFS.
    (ANY, "AutomaticBackupRetentionDays", More(weakest=0)),
    ("AWS::Redshift::Cluster", "AutomatedSnapshotRetentionPeriod", More(absent=1, weakest=0)),
    ("AWS::Redshift::Cluster", "ManualSnapshotRetentionPeriod", More(absent=-1, endless=(-1,))),
    (
        ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster"),
        "DeleteAutomatedBackups",
        Off(absent=True),
    ),
    ("AWS::RDS::DBInstance", "AutomaticBackupReplicationRegion", Present()),
    ("AWS::RDS::DBInstance", "AutomaticBackupReplicationRetentionPeriod", More(absent=7)),
    ("AWS::EFS::FileSystem", "BackupPolicy/Status", Levels(("DISABLED|DISABLING", "ENABLED|ENABLING"))),
    ("AWS::Backup::BackupPlan", "BackupPlan/BackupPlanRule", Members()),
    (
        "AWS::Backup::BackupPlan",
        ("BackupPlanRule/Lifecycle/DeleteAfterDays", "CopyActions/Lifecycle/DeleteAfterDays"),
        More(absent=NEVER),
    ),
    ("AWS::Backup::BackupPlan", "BackupPlanRule/CopyActions", Members()),
    ("AWS::Backup::BackupPlan", ("BackupPlanRule/ScheduleExpression", "BackupPlanRule/TargetBackupVault"), Unordered()),
    (
        "AWS::Backup::BackupSelection",
        ("BackupSelection/Resources", "BackupSelection/ListOfTags"),
        Members(all_words=("*",)),
    ),
    ("AWS::Backup::BackupSelection", "BackupSelection/NotResources", Allows()),
    ("AWS::Backup::BackupSelection", "BackupSelection/Conditions", Unordered()),
    ("AWS::DLM::LifecyclePolicy", "State", Levels(("DISABLED", "ENABLED"))),
    ("AWS::DLM::LifecyclePolicy", ("RetainRule/Count", "RetainRule/Interval", "RetainInterval"), More()),
    ("AWS::DLM::LifecyclePolicy", ("CreateRule/Interval", "CreateInterval"), Less()),
    ("AWS::DLM::LifecyclePolicy", "PolicyDetails/TargetTags", Unordered()),
    ("AWS::Lightsail::Database", "BackupRetention", On(absent=True)),
    ("AWS::KinesisAnalyticsV2::Application", "SnapshotsEnabled", On(absent=True)),
    ("AWS::Redshift::SnapshotSchedule", "ScheduleDefinitions", Members()),
)

_RECOVERY: tuple[Row, ...] = table(
    POINT_IN_TIME_RECOVERY,
    (ANY, "PointInTimeRecoveryEnabled", On()),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-pointintimerecoveryspecification.html
    (_TABLES, "PointInTimeRecoverySpecification/RecoveryPeriodInDays", More(absent=35, weakest=0)),
    ("AWS::Backup::BackupPlan", "BackupPlanRule/EnableContinuousBackup", On()),
    ("AWS::RDS::DBCluster", "BacktrackWindow", More(absent=0, weakest=0)),
)

_VERSIONING: tuple[Row, ...] = table(
    VERSIONING,
    ("AWS::S3::Bucket", "VersioningConfiguration/Status", Levels(("Suspended", "Enabled"), absent="Suspended")),
    ("AWS::Lightsail::Bucket", "ObjectVersioning", On()),
)

_LOCK: tuple[Row, ...] = table(
    LOCK,
    ("AWS::S3::Bucket", "ObjectLockEnabled", On()),
    ("AWS::S3::Bucket", "DefaultRetention", Graded(grades.lock_time, Bounds(0, UNKNOWN))),
    ("AWS::S3::Bucket", "DefaultRetention/Mode", Levels(("", "GOVERNANCE", "COMPLIANCE"))),
    ("AWS::Backup::BackupVault", "LockConfiguration", Present()),
    # With ChangeableForDays the lock can no longer be removed after these days.
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
    ("AWS::Backup::BackupVault", "LockConfiguration/ChangeableForDays", Less(absent=NEVER)),
    (
        ("AWS::Backup::BackupVault", "AWS::Backup::LogicallyAirGappedBackupVault"),
        "MinRetentionDays",
        More(absent=0, weakest=0),
    ),
    ("AWS::FSx::Volume", "SnaplockConfiguration/SnaplockType", Levels(("", "ENTERPRISE", "COMPLIANCE"))),
    (
        "AWS::FSx::Volume",
        "PrivilegedDelete",
        Levels(("ENABLED", "DISABLED", "PERMANENTLY_DISABLED"), absent="DISABLED"),
    ),
    ("AWS::StorageGateway::TapePool", "RetentionLockType", Levels(("NONE", "GOVERNANCE", "COMPLIANCE"))),
    ("AWS::StorageGateway::TapePool", "RetentionLockTimeInDays", More(absent=0, weakest=0)),
    ("AWS::StorageGateway::Tape", "Worm", On()),
    ("AWS::Rbin::Rule", "LockConfiguration", Present()),
    ("AWS::Rbin::Rule", "RetentionPeriod/RetentionPeriodValue", More()),
)

_REPLICATION: tuple[Row, ...] = (
    *table(
        REPLICATION,
        ("AWS::S3::Bucket", "ReplicationConfiguration/Rules", Members()),
        ("AWS::DynamoDB::GlobalTable", "Replicas", Members()),
        ("AWS::Cassandra::Table", "ReplicaSpecifications", Members()),
        ("AWS::Cassandra::Keyspace", "ReplicationSpecification/RegionList", Members()),
        ("AWS::SecretsManager::Secret", "ReplicaRegions", Members()),
        ("AWS::EFS::FileSystem", "ReplicationConfiguration", Present()),
        ("AWS::EFS::FileSystem", "ReplicationOverwriteProtection", Levels(("DISABLED", "ENABLED"), absent="ENABLED")),
        ("AWS::ECR::ReplicationConfiguration", "ReplicationConfiguration/Rules", Unordered()),
        ("AWS::Redshift::Cluster", "DestinationRegion", Present()),
        ("AWS::Redshift::Cluster", "SnapshotCopyRetentionPeriod", More(absent=7)),
        ("AWS::SSMIncidents::ReplicationSet", "Regions", Members()),
    ),
    *table(REPLICATION, ("AWS::S3::Bucket", "ReplicationConfiguration/Rules/Status", Levels(("Disabled", "Enabled")))),
)

_QUERIES_KEPT = More(absent=31, weakest=0)

_RETENTION: tuple[Row, ...] = (
    *table(
        RETENTION,
        ("AWS::Logs::LogGroup", "RetentionInDays", More(absent=NEVER)),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html: four days
        ("AWS::SQS::Queue", "MessageRetentionPeriod", More(absent=345600)),
        ("AWS::Kinesis::Stream", "RetentionPeriodHours", More(absent=24)),
        ("AWS::KinesisVideo::Stream", "DataRetentionInHours", More(absent=0, weakest=0)),
        ("AWS::Events::Archive", "RetentionDays", More(absent=0, endless=(0,))),
        ("AWS::SNS::Topic", "ArchivePolicy", Present()),
        ("AWS::CloudTrail::EventDataStore", "RetentionPeriod", More()),
        ("AWS::Timestream::Table", "MemoryStoreRetentionPeriodInHours", More(absent=6)),
        ("AWS::Timestream::Table", "MagneticStoreRetentionPeriodInDays", More(absent=73000)),
        ("AWS::Cassandra::Table", "DefaultTimeToLive", More(absent=0, endless=(0,))),
        (_TABLES, "TimeToLiveSpecification/Enabled", Off()),
        (_TABLES, "TimeToLiveSpecification/AttributeName", Altered()),
        ("AWS::APS::Workspace", "RetentionPeriodInDays", More(absent=150)),
        ("AWS::Synthetics::Canary", ("SuccessRetentionPeriod", "FailureRetentionPeriod"), _QUERIES_KEPT),
        ("AWS::SES::MailManagerArchive", "Retention/RetentionPeriod", Unordered()),
        (
            ("AWS::IoTAnalytics::Channel", "AWS::IoTAnalytics::Dataset", "AWS::IoTAnalytics::Datastore"),
            "RetentionPeriod/NumberOfDays",
            More(absent=NEVER),
        ),
        ("AWS::ECR::Repository", "LifecyclePolicy/LifecyclePolicyText", Unordered()),
        ("AWS::SecurityLake::DataLake", "LifecycleConfiguration/Expiration/Days", More(absent=NEVER)),
        ("AWS::S3Tables::TableBucket", "NoncurrentDays", More()),
        ("AWS::Glue::TableOptimizer", "SnapshotRetentionPeriodInDays", More(absent=5)),
        ("AWS::OpenSearchServerless::LifecyclePolicy", "Policy", Unordered()),
        ("AWS::RedshiftServerless::Namespace", "FinalSnapshotRetentionPeriod", More()),
        ("AWS::DocDB::DBClusterParameterGroup", "Parameters/change_stream_log_retention_duration", More(absent=10800)),
        (
            ("AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup"),
            "Parameters/rds.log_retention_period",
            More(absent=4320),
        ),
    ),
    *table(
        RETENTION,
        (
            ("AWS::S3::Bucket", "AWS::S3Express::DirectoryBucket", "AWS::S3Outposts::Bucket"),
            "LifecycleConfiguration/Rules/*",
            Graded(grades.expiry_days("ExpirationInDays"), Bounds(UNKNOWN, math.inf)),
        ),
        without=Without.SAFE,
        shows=("ExpirationInDays", "Status"),
    ),
    *table(
        RETENTION,
        (
            "AWS::S3::Bucket",
            "LifecycleConfiguration/Rules/*",
            Graded(
                grades.expiry_days("NoncurrentVersionExpiration/NoncurrentDays", "NoncurrentVersionExpirationInDays"),
                Bounds(UNKNOWN, math.inf),
            ),
        ),
        without=Without.SAFE,
        shows=("NoncurrentVersionExpiration/NoncurrentDays", "NoncurrentVersionExpirationInDays", "Status"),
    ),
    *table(
        RETENTION,
        ("AWS::S3::Bucket", "LifecycleConfiguration/Rules/ExpirationDate", Unordered()),
        ("AWS::S3::Bucket", "NoncurrentVersionExpiration/NewerNoncurrentVersions", More(absent=0, weakest=0)),
    ),
)

PROTECTION_SWITCHES = (
    "AvailabilityZoneChangeProtection",
    "DeleteProtection",
    "DeletionProtected",
    "DeletionProtectionEnabled",
    "DisableApiStop",
    "DisableApiTermination",
    "DisassociationProtectionEnabled",
    "FirewallPolicyChangeProtection",
    "SubnetChangeProtection",
    "TerminationProtected",
    "TerminationProtectionEnabled",
)

_DELETION_PROTECTION: tuple[Row, ...] = table(
    DELETION_PROTECTION,
    (ANY, PROTECTION_SWITCHES, On()),
    # The switch is a boolean in most services, and ACTIVE or ENABLED in others.
    (ANY, "DeletionProtection", On()),
    ("AWS::ECS::Gateway", "DeletionProtection", On(absent=True)),
    ("AWS::CloudTrail::EventDataStore", "TerminationProtectionEnabled", On(absent=True)),
    ("AWS::VerifiedPermissions::PolicyStore", "DeletionProtection", Graded(grades.protection_mode, FLAG)),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        "DeletionProtection",
        Levels(("none", "prevent-force-deletion", "prevent-all-deletion")),
    ),
    ("AWS::AutoScaling::AutoScalingGroup", "NewInstancesProtectedFromScaleIn", On()),
    ("AWS::ECS::CapacityProvider", "ManagedTerminationProtection", Levels(("DISABLED", "ENABLED"))),
    (
        ("AWS::AppConfig::ConfigurationProfile", "AWS::AppConfig::Environment"),
        "DeletionProtectionCheck",
        Levels(("BYPASS", "ACCOUNT_DEFAULT", "APPLY"), absent="ACCOUNT_DEFAULT"),
    ),
    (
        ("AWS::ElasticLoadBalancingV2::LoadBalancer",),
        "LoadBalancerAttributes/deletion_protection.enabled",
        On(),
    ),
    (("AWS::KMS::Key", "AWS::KMS::ReplicaKey"), "PendingWindowInDays", More(absent=30)),
    ("AWS::ECR::Repository", "EmptyOnDelete", Off()),
    ("AWS::Athena::WorkGroup", "RecursiveDeleteOption", Off()),
    ("AWS::CodeBuild::ReportGroup", "DeleteReports", Off()),
    (
        ("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"),
        "Ebs/DeleteOnTermination",
        # The default is true for the root volume only, and the template does not say which is the root.
        Off(absent=UNKNOWN),
    ),
    ("AWS::EC2::Instance", "InstanceInitiatedShutdownBehavior", Levels(("terminate", "stop"), absent="stop")),
    ("AWS::FMS::Policy", "DeleteAllPolicyResources", Off(absent=UNKNOWN)),
    ("AWS::Batch::JobDefinition", "ResourceRetentionPolicy/SkipDeregisterOnUpdate", On()),
)

ROWS: tuple[Row, ...] = (
    *_BACKUP,
    *_RECOVERY,
    *_VERSIONING,
    *_LOCK,
    *_REPLICATION,
    *_RETENTION,
    *_DELETION_PROTECTION,
)

PRESENCES: tuple[Presence, ...] = (
    Presence(
        (
            "AWS::Backup::BackupPlan",
            "AWS::Backup::BackupSelection",
            "AWS::DLM::LifecyclePolicy",
            "AWS::Redshift::SnapshotSchedule",
        ),
        BACKUP,
    ),
    Presence(("AWS::Backup::LegalHold", "AWS::Rbin::Rule"), LOCK),
    Presence(
        ("AWS::ECR::ReplicationConfiguration", "AWS::KMS::ReplicaKey", "AWS::ElastiCache::GlobalReplicationGroup"),
        REPLICATION,
    ),
    Presence(("AWS::OpenSearchServerless::LifecyclePolicy",), RETENTION, is_risk=True),
)
