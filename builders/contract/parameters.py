"""The root parameters: what the person who deploys decides, each with its description and its constraint (requirement A-9).

A platform has those that its tiers use; `builders.contract.console` groups them. Values that differ between environments stand in
params/<platform>/<env>.json; the keys of artifacts are filled in by packaging.
"""

from __future__ import annotations

from builders.contract.template import RootParameter

_BOOLEAN: tuple[str | int | float, ...] = ("true", "false")


def _switch(name: str, label: str, description: str, *, default: str) -> RootParameter:
    return RootParameter(
        name, description, label=label, constraint="true or false.", default=default, allowed_values=_BOOLEAN
    )


# --- General ---------------------------------------------------------------------------------------------------------
ALLOWED_REGIONS = RootParameter(
    "AllowedRegions",
    "Regions in which the platform's roles may act, separated by commas; every role carries a denial outside them.",
    label="Allowed regions",
    constraint="Region codes separated by commas, such as us-east-1,us-west-2.",
    type="CommaDelimitedList",
    default="us-east-1",
    allowed_pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$",
)

# --- Network ---------------------------------------------------------------------------------------------------------
NAT_GATEWAY_PER_ZONE = _switch(
    "NatGatewayPerZone",
    "NAT gateway in every zone",
    "true: one NAT gateway per zone, so that a zone's failure leaves the others their way out; false: one for all, cheaper.",
    default="false",
)
INTERFACE_ENDPOINTS = _switch(
    "InterfaceEndpoints",
    "Interface endpoints",
    "true: the AWS APIs that private functions call are reached inside the VPC, and HTTPS to the internet is closed.",
    default="false",
)
# The ids of AWS-managed prefix lists differ by region and cannot be looked up in a template without a macro.
# aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.<region>.s3
S3_PREFIX_LIST = RootParameter(
    "S3PrefixListId",
    "Managed prefix list com.amazonaws.<region>.s3 of the region, for egress to the S3 gateway endpoint.",
    label="S3 prefix list",
    constraint="The id of a managed prefix list, such as pl-63a5400a (us-east-1).",
    default="pl-63a5400a",
    allowed_pattern="^pl-[0-9a-f]{8,17}$",
)
DYNAMODB_PREFIX_LIST = RootParameter(
    "DynamoDBPrefixListId",
    "Managed prefix list com.amazonaws.<region>.dynamodb of the region, for egress to the DynamoDB gateway endpoint.",
    label="DynamoDB prefix list",
    constraint="The id of a managed prefix list, such as pl-02cd2c6b (us-east-1).",
    default="pl-02cd2c6b",
    allowed_pattern="^pl-[0-9a-f]{8,17}$",
)

# The one list that is the same for every account of a region; it counts as 55 rules of a security group's quota of 60.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
CLOUDFRONT_PREFIX_LIST = RootParameter(
    "CloudFrontPrefixListId",
    "Managed prefix list com.amazonaws.global.cloudfront.origin-facing of the region: the only source of the load balancer.",
    label="CloudFront prefix list",
    constraint="The id of a managed prefix list, such as pl-3b927c52 (us-east-1).",
    default="pl-3b927c52",
    allowed_pattern="^pl-[0-9a-f]{8,17}$",
)

_INDEX: tuple[str | int | float, ...] = (0, 1, 2, 3, 4, 5)


def _zone(letter: str, index: int) -> RootParameter:
    return RootParameter(
        f"ZoneIndex{letter}",
        f"Which of the account's Availability Zones, counted from 0 in alphabetical order, is zone {letter}. An account's "
        "letters may lead to a zone that lacks a service (use1-az3 in us-east-1); then choose another.",
        label=f"Zone {letter}",
        constraint="0 to 5, and different for the three zones.",
        type="Number",
        default=index,
        allowed_values=_INDEX,
    )


ZONE_INDEXES = tuple(_zone(letter, index) for index, letter in enumerate("ABC"))
ANALYST_GROUP = RootParameter(
    "AnalystSecurityGroupId",
    "Security group (of a VPN or bastion in this VPC) whose members reach the database as analysts; empty for none.",
    label="Analysts' security group",
    constraint="The id of a security group, such as sg-0123456789abcdef0, or empty.",
    default="",
    allowed_pattern="^$|^sg-[0-9a-f]{8,17}$",
)

# --- Database --------------------------------------------------------------------------------------------------------
POSTGRES_VERSION = RootParameter(
    "PostgresEngineVersion",
    "Aurora PostgreSQL version; only versions that can still be created are offered.",
    label="Engine version",
    constraint="One of the Aurora PostgreSQL 17 versions offered; `aws rds describe-db-engine-versions` lists a region's.",
    default="17.7",
    allowed_values=("17.6", "17.7", "17.9"),
)
DATABASE_MIN_CAPACITY = RootParameter(
    "DatabaseMinCapacity",
    "Least capacity of each Aurora Serverless v2 instance in ACU (about 2 GiB of memory each).",
    label="Minimum capacity (ACU)",
    constraint="0.5 to 256 ACU in steps of 0.5.",
    type="Number",
    default=0.5,
    min_value=0.5,
    max_value=256,
)
DATABASE_MAX_CAPACITY = RootParameter(
    "DatabaseMaxCapacity",
    "Greatest capacity of each Aurora Serverless v2 instance in ACU; it bounds the cost.",
    label="Maximum capacity (ACU)",
    constraint="1 to 256 ACU in steps of 0.5, and not below the minimum.",
    type="Number",
    default=4,
    min_value=1,
    max_value=256,
)
MYSQL_VERSION = RootParameter(
    "MysqlEngineVersion",
    "Aurora MySQL version, compatible with MySQL 8.0; only versions that can still be created are offered.",
    label="Engine version",
    constraint="One of the Aurora MySQL 3 versions offered; `aws rds describe-db-engine-versions` lists a region's.",
    default="8.0.mysql_aurora.3.10.3",
    allowed_values=(
        "8.0.mysql_aurora.3.10.3",
        "8.0.mysql_aurora.3.10.4",
        "8.0.mysql_aurora.3.10.5",
        "8.0.mysql_aurora.3.12.0",
        "8.0.mysql_aurora.3.13.0",
    ),
)
DATABASE_INSTANCE_CLASS = RootParameter(
    "DatabaseInstanceClass",
    "Class of the writer and of the reader, which takes over at full strength.",
    label="Instance class",
    constraint="One of the classes offered, such as db.r6g.large.",
    default="db.r6g.large",
    allowed_values=("db.r6g.large", "db.r6g.xlarge", "db.r6g.2xlarge", "db.r6g.4xlarge"),
)
BACKUP_RETENTION = RootParameter(
    "BackupRetentionDays",
    "Days for which Aurora keeps automated backups.",
    label="Backup retention (days)",
    constraint="1 to 35 days.",
    type="Number",
    default=1,
    min_value=1,
    max_value=35,
)

# --- Functions -------------------------------------------------------------------------------------------------------
RESERVE_CONCURRENCY = _switch(
    "ReserveConcurrency",
    "Reserve concurrency",
    "true: the executions below are set aside for each function; false: functions share the account's pool. AWS refuses "
    "reservations that leave the pool too small, which is so in a new account until its quota is raised.",
    default="true",
)


def _concurrency(name: str, label: str, who: str, least: int, default: int) -> RootParameter:
    return RootParameter(
        name,
        f"Concurrent executions of {who}.",
        label=label,
        constraint=f"{least} to 1000.",
        type="Number",
        default=default,
        min_value=least,
        max_value=1000,
    )


API_CONCURRENCY = _concurrency("ApiConcurrency", "API functions", "each function behind the API", 1, 50)
# SQS takes no fewer than two: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
PROCESS_CONCURRENCY = _concurrency(
    "ProcessConcurrency", "Processing", "the processing function, reserved or not", 2, 10
)
# Housekeeping empties all buckets at once when a stack is deleted. An event that is throttled comes again after up to five
# minutes, and CloudFormation would give up first: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
SUPPORT_CONCURRENCY = _concurrency(
    "SupportConcurrency", "Support functions", "log alerts, migration and housekeeping, each", 6, 10
)
DEDUPLICATION_WINDOW = RootParameter(
    "DeduplicationWindowDays",
    "Days for which single trades and quotes are kept in the database, so that a repeated one is known and a late one corrects "
    "its bar; older records are quarantined. 0 keeps them for good. Bars stay in any case.",
    label="Deduplication window (days)",
    constraint="0 (no end) to 3650 days.",
    type="Number",
    default=35,
    min_value=0,
    max_value=3650,
)
LOG_LEVEL = RootParameter(
    "LogLevel",
    "Least level that the functions log. Not above INFO: metrics are log lines of that level.",
    label="Log level",
    constraint="DEBUG or INFO.",
    default="INFO",
    allowed_values=("DEBUG", "INFO"),
)

# --- Web -------------------------------------------------------------------------------------------------------------
# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html (the public parameters of Amazon Linux 2023)
WEB_IMAGE = RootParameter(
    "WebImageId",
    "Public SSM parameter of the instances' image, looked up at every deployment: a newer image shows in the change set and "
    "replaces the instances in turn.",
    label="Machine image",
    constraint="The name of a public SSM parameter of Amazon Linux 2023 for x86_64.",
    type="AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
    default="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    allowed_pattern="^/aws/service/ami-amazon-linux-latest/al2023-ami-[a-z0-9.-]+-x86_64$",
)
WEB_INSTANCE_TYPE = RootParameter(
    "WebInstanceType",
    "Type of the web instances.",
    label="Instance type",
    constraint="One of the types offered, such as t3.large.",
    default="t3.large",
    allowed_values=("t3.large", "t3.xlarge", "t3.2xlarge"),
)


# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Performance.html (max_connections)
DATABASE_CONNECTIONS = 1000
"""What the smallest class offered, db.r6g.large, takes; the larger ones take 2000, 3000 and 4000."""
DATABASE_CONNECTIONS_ALARM = DATABASE_CONNECTIONS * 8 // 10
"""Connections at which the alarm sounds."""
CONNECTIONS_PER_INSTANCE = 18
"""At most, of the payment service: 2 processes of 8 threads, one for each thread and one of each process for its health
(web_src/payments/gunicorn_conf.py)."""
_MOST_INSTANCES = (DATABASE_CONNECTIONS_ALARM - 1) // CONNECTIONS_PER_INSTANCE
"""The group at full size stays below the alarm; above it there is room for workers being replaced, migration and rotation."""


def _instances(name: str, label: str, description: str, default: int) -> RootParameter:
    return RootParameter(
        name,
        description,
        label=label,
        constraint=f"2 to {_MOST_INSTANCES} instances; least <= business hours <= most, and least < most.",
        type="Number",
        default=default,
        min_value=2,
        max_value=_MOST_INSTANCES,
    )


WEB_MIN_INSTANCES = _instances(
    "WebMinInstances", "Least instances", "Least number of web instances outside business hours.", 2
)
WEB_BUSINESS_INSTANCES = _instances(
    "WebBusinessHoursInstances",
    "Least instances in business hours",
    "Least number of web instances from 8:00 to 18:00 New York time, Monday to Friday.",
    3,
)
WEB_MAX_INSTANCES = _instances(
    "WebMaxInstances",
    "Most instances",
    f"Greatest number of web instances at any time. Each opens up to {CONNECTIONS_PER_INSTANCE} database connections; "
    f"{_MOST_INSTANCES} instances stay below the alarm at {DATABASE_CONNECTIONS_ALARM}, which is 80 % of what the smallest "
    "database class takes.",
    9,
)
WEB_CPU_TARGET = RootParameter(
    "WebCpuTarget",
    "Average CPU in percent that scaling aims at; lower reacts earlier and costs more.",
    label="CPU target (%)",
    constraint="10 to 90 percent.",
    type="Number",
    default=55,
    min_value=10,
    max_value=90,
)

# --- Edge ------------------------------------------------------------------------------------------------------------
CERTIFICATE = RootParameter(
    "CertificateArn",
    "ACM certificate of the domain name, in us-east-1, for CloudFront and the load balancer alike. Without one, clients reach "
    "CloudFront's own domain name over HTTPS, and CloudFront the load balancer over HTTP. Production needs one.",
    label="Certificate",
    constraint="The ARN of an ACM certificate in us-east-1, or empty.",
    default="",
    allowed_pattern=r"^$|^arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]{36}$",
)
DOMAIN_NAME = RootParameter(
    "DomainName",
    "Name by which clients reach the platform; it must stand in the certificate, and its DNS record must lead to CloudFront.",
    label="Domain name",
    constraint="A host name such as pay.example.com, or empty.",
    default="",
    allowed_pattern=r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
    max_length=253,
)
ORIGIN_HEADER_TURNS = 12
ORIGIN_HEADER_TURN = RootParameter(
    "OriginHeaderTurn",
    "Which turn the secret header between CloudFront and the load balancer is in. The next number (after the last, 1) makes a "
    "new secret without a refused request; the one before stays valid until the turn after.",
    label="Turn of the origin header",
    constraint=f"1 to {ORIGIN_HEADER_TURNS}, and one more than before.",
    type="Number",
    default=1,
    allowed_values=tuple(range(1, ORIGIN_HEADER_TURNS + 1)),
)

# --- Firewall --------------------------------------------------------------------------------------------------------
REQUESTS_PER_ADDRESS = RootParameter(
    "RequestsPerAddress",
    "Requests of one address in five minutes after which WAF blocks it; it must lie above what the busiest honest address makes.",
    label="WAF rate limit",
    constraint="100 to 2000000 requests in five minutes.",
    type="Number",
    default=360_000,
    min_value=100,
    max_value=2_000_000,
)

# --- Lake ------------------------------------------------------------------------------------------------------------
# Athena takes no limit below 10,000,000 bytes:
# https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
QUERY_SCAN_LIMIT = RootParameter(
    "QueryScanLimitBytes",
    "Bytes that one Athena query may scan before it is cancelled; it bounds the cost of a query without a date.",
    label="Scan limit of a query (bytes)",
    constraint="10000000 (10 MB) to 10000000000000 (10 TB).",
    type="Number",
    default=10_000_000_000,
    min_value=10_000_000,
    max_value=10_000_000_000_000,
)

# --- Logs and alerts -------------------------------------------------------------------------------------------------
# The periods that CloudWatch Logs takes:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
LOG_RETENTION = RootParameter(
    "LogRetentionDays",
    "Days for which log groups keep their events.",
    label="Log retention (days)",
    constraint="One of the periods that CloudWatch Logs offers.",
    type="Number",
    default=30,
    allowed_values=_RETENTIONS,
)
ALERT_EMAIL = RootParameter(
    "AlertEmail",
    "Address that is subscribed to the alert topic and has to confirm; empty for none.",
    label="Alerts by e-mail",
    constraint="An e-mail address, or empty.",
    default="",
    allowed_pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$",
)

# --- Account singletons ----------------------------------------------------------------------------------------------
MANAGE_API_GATEWAY_ACCOUNT = _switch(
    "ManageApiGatewayAccount",
    "API Gateway's CloudWatch role",
    "An account and region have one such role. true in exactly one stack of an account, false in all others.",
    default="true",
)
MANAGE_CONFIG_RECORDER = _switch(
    "ManageConfigRecorder",
    "AWS Config recorder and rules",
    "An account and region have one recorder, and its rules judge the whole account. true in exactly one stack of an "
    "account; false where AWS Config is kept elsewhere.",
    default="true",
)

# --- Artifacts -------------------------------------------------------------------------------------------------------
ARTIFACT_BUCKET = RootParameter(
    "ArtifactBucket",
    "Bucket of the packaged artifacts; filled in by packaging.",
    label="Artifact bucket",
    constraint="The name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens.",
    allowed_pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
)


def artifact_key(folder: str, what: str = "function") -> RootParameter:
    """Where the zip of a folder of lambda_src or web_src lies: ``log_alerts`` → ``LogAlertsArtifactKey``."""
    words = folder.split("_")
    return RootParameter(
        "".join(word.capitalize() for word in words) + "ArtifactKey",
        f"Content-addressed key of the {' '.join(words)} {what}'s code; filled in by packaging.",
        label=f"Code of {' '.join(words)}",
        constraint="The key of a zip file, such as functions/ingest/<sha-256>.zip.",
        allowed_pattern=r"^[A-Za-z0-9/._-]+\.zip$",
    )


SERVICE_KEY = artifact_key("payments", "service")
