"""What encrypts data at rest, and whose key it is."""

from __future__ import annotations

from review.findings.strength import ENCRYPTION
from review.strength.grades import data as grades
from review.strength.measures import Graded, Key, Levels, Missing, Off, On, Present, Unordered
from review.strength.order import Bounds
from review.strength.rows import ANY, Presence, Row, Without, table

KEY_NAMES = (
    "AWSKMSKeyARN",
    "AdminPasswordSecretKmsKeyId",
    "AutomaticBackupReplicationKmsKeyId",
    "AwsKmsKeyId",
    "CmkArn",
    "CustomerEncryptionKeyArn",
    "DataLakeKmsKeyId",
    "DataVolumeKMSKeyId",
    "DefaultEncryptionKey",
    "DefaultKmsKeyId",
    "DestinationKmsKeyId",
    "EbsEncryptionKeyArn",
    "EncryptionKey",
    "EncryptionKeyArn",
    "FargateEphemeralStorageKmsKeyId",
    "KMSArn",
    "KMSKey",
    "KMSKeyArn",
    "KMSKeyID",
    "KMSKeyId",
    "KMSMasterKeyID",
    "KMSMasterKeyId",
    "KmsArn",
    "KmsEncryptionKey",
    "KmsKey",
    "KmsKeyArn",
    "KmsKeyId",
    "KmsKeyIdentifier",
    "KmsMasterKeyId",
    "LogEncryptionKmsKeyId",
    "MasterPasswordSecretKmsKeyId",
    "MasterUserSecretKmsKeyId",
    "ModelKmsKeyId",
    "OutputEncryptionKMSKeyId",
    "ParametersEncryptionKey",
    "PartnerBusKmsKeyIdentifier",
    "ReplicaKmsKeyID",
    "S3ExportKmsKeyId",
    "S3KmsKeyArn",
    "S3KmsKeyId",
    "S3SseKmsKeyId",
    "ServerSideEncryptionKmsKeyId",
    "ServerSideKmsKeyId",
    "SourceKMSKeyArn",
    "SseAwsKmsKeyId",
    "SseKmsKeyId",
    "VolumeEncryptionKey",
    "VolumeKmsKeyId",
)
"""The names of the properties that name a KMS key, in all services."""

ENCRYPTION_SWITCHES = (
    "AtRestEncryptionEnabled",
    "CacheDataEncrypted",
    "CloudWatchEncryptionEnabled",
    "CustomerManagedKeyEnabled",
    "EnableParametersEncryption",
    "Encrypted",
    "KMSEncrypted",
    "ReturnConnectionPasswordEncrypted",
    "RootVolumeEncryptionEnabled",
    "S3EncryptionEnabled",
    "SSEEnabled",
    "StorageEncrypted",
    "UserVolumeEncryptionEnabled",
)

_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_BUCKETS = ("AWS::S3::Bucket", "AWS::S3Express::DirectoryBucket")
_TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")

ROWS: tuple[Row, ...] = (
    *table(
        ENCRYPTION,
        (ANY, KEY_NAMES, Key()),
        (ANY, ENCRYPTION_SWITCHES, On()),
        (ANY, ("EncryptionDisabled", "AWSOwnedKey"), Off()),
        (ANY, "NoEncryptionConfig", Missing()),
        (_BUCKETS, "BucketEncryption", Graded(grades.bucket_encryption, Bounds(0, 3))),
        (_TABLES, "SSESpecification", Graded(grades.table_encryption, Bounds(0, 2))),
        ("AWS::DynamoDB::GlobalTable", "Replicas/SSESpecification/KMSMasterKeyId", Key()),
        ("AWS::Kinesis::Stream", "StreamEncryption", Graded(grades.stream_encryption, Bounds(0, 2))),
        (
            "AWS::KinesisFirehose::DeliveryStream",
            "DeliveryStreamEncryptionConfigurationInput/KeyType",
            Levels(("", "AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK")),
        ),
        (_DOMAINS, "EncryptionAtRestOptions/Enabled", On()),
        (
            ("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate"),
            "EncryptionConfiguration/EncryptionType",
            Levels(("AES256", "KMS", "KMS_DSSE")),
        ),
        (
            "AWS::Cassandra::Table",
            "EncryptionSpecification/EncryptionType",
            Levels(("AWS_OWNED_KMS_KEY", "CUSTOMER_MANAGED_KMS_KEY"), absent="AWS_OWNED_KMS_KEY"),
        ),
        (
            ("AWS::StepFunctions::StateMachine", "AWS::StepFunctions::Activity"),
            "EncryptionConfiguration/Type",
            Levels(("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY")),
        ),
        (
            "AWS::HealthLake::FHIRDatastore",
            "KmsEncryptionConfig/CmkType",
            Levels(("AWS_OWNED_KMS_KEY", "CUSTOMER_MANAGED_KMS_KEY")),
        ),
        ("AWS::S3Tables::TableBucket", "EncryptionConfiguration/SSEAlgorithm", Levels(("AES256", "aws:kms"))),
        (
            ("AWS::S3Vectors::VectorBucket", "AWS::S3Vectors::Index"),
            "EncryptionConfiguration/SseType",
            Levels(("AES256", "aws:kms"), absent="AES256"),
        ),
        (
            "AWS::Athena::WorkGroup",
            "ResultConfiguration/EncryptionConfiguration/EncryptionOption",
            Levels(("", "SSE_S3", "SSE_KMS|CSE_KMS")),
        ),
        (
            "AWS::Glue::DataCatalogEncryptionSettings",
            "CatalogEncryptionMode",
            Levels(("DISABLED", "SSE-KMS|SSE-KMS-WITH-SERVICE-ROLE")),
        ),
        ("AWS::Glue::MLTransform", "MLUserDataEncryptionMode", Levels(("DISABLED", "SSE-KMS"))),
        (("AWS::Glue::Job", "AWS::Glue::DevEndpoint"), "SecurityConfiguration", Present()),
        ("AWS::Glue::Crawler", "CrawlerSecurityConfiguration", Present()),
        ("AWS::Synthetics::Canary", "S3Encryption/EncryptionMode", Levels(("SSE_S3", "SSE_KMS"))),
        ("AWS::DataBrew::Job", "EncryptionMode", Levels(("", "SSE-S3", "SSE-KMS"))),
        ("AWS::DRS::ReplicationConfigurationTemplate", "EbsEncryption", Levels(("NONE", "DEFAULT", "CUSTOM"))),
        ("AWS::AmazonMQ::Broker", "EncryptionOptions/UseAwsOwnedKey", Off(absent=True)),
        (
            "AWS::CodePipeline::Pipeline",
            ("ArtifactStore/EncryptionKey", "ArtifactStores/ArtifactStore/EncryptionKey"),
            Present(),
        ),
        ("AWS::EKS::Cluster", "EncryptionConfig", Present()),
        ("AWS::CloudFront::Distribution", "FieldLevelEncryptionId", Present()),
        ("AWS::EMR::Cluster", "SecurityConfiguration", Present()),
        ("AWS::EMR::SecurityConfiguration", "SecurityConfiguration", Unordered()),
        ("AWS::KMS::Alias", "TargetKeyId", Unordered()),
    ),
    *table(
        ENCRYPTION,
        ("AWS::SQS::Queue", "", Graded(grades.queue_encryption, Bounds(0, 3))),
        shows=("KmsMasterKeyId", "SqsManagedSseEnabled"),
    ),
    *table(
        ENCRYPTION,
        ("AWS::RDS::DBInstance", "", Graded(grades.insights_encryption, Bounds(1, 2))),
        shows=("EnablePerformanceInsights", "PerformanceInsightsKMSKeyId"),
    ),
    *table(
        ENCRYPTION,
        ("AWS::RDS::DBCluster", "", Graded(grades.insights_encryption, Bounds(1, 2))),
        shows=("PerformanceInsightsEnabled", "PerformanceInsightsKmsKeyId"),
    ),
    *table(
        ENCRYPTION,
        (
            "AWS::Glue::SecurityConfiguration",
            ("S3Encryptions/S3EncryptionMode", "CloudWatchEncryptionMode", "JobBookmarksEncryptionMode"),
            Levels(("DISABLED", "SSE-S3", "SSE-KMS|CSE-KMS")),
        ),
        without=Without.DEFAULT,
    ),
)

PRESENCES: tuple[Presence, ...] = ()
