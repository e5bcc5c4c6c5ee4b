"""The root parameters: the values that the person who deploys decides, each with description and constraint (requirement A-9).

A platform has those that its tiers use; ``builders.contract.console`` groups them. Values that differ between environments
are in params/<platform>/<env>.json. Packaging fills in the keys of artifacts.
"""

from __future__ import annotations

from builders.contract import artifacts
from builders.contract.console import Group
from builders.contract.principals import principals
from builders.contract.template import ENVIRONMENT_SUFFIX, RootParameter

# --- General -----------------------------------------------------------------------------------------------------------
_GENERAL = Group("General", ENVIRONMENT_SUFFIX)
ALLOWED_REGIONS = _GENERAL.text(
    "AllowedRegions",
    "Allowed regions",
    "Regions in which the platform's roles may act, separated by commas; every role carries a denial outside them.",
    pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$",
    constraint="Region codes separated by commas, such as us-east-1,us-west-2.",
    type="CommaDelimitedList",
    default="us-east-1",
)

# --- Network -----------------------------------------------------------------------------------------------------------
_NETWORK = Group("Network")


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getavailabilityzones.html
def _zone(letter: str, index: int) -> RootParameter:
    return _NETWORK.choice(
        f"ZoneIndex{letter}",
        f"Zone {letter}",
        f"Which entry of Fn::GetAZs, counted from 0, is zone {letter}. That list is in alphabetical order and holds only "
        "the zones with a default subnet, or all zones of the account if none has one; another default subnet or a new zone can "
        "shift it. An account's letters may lead to a zone that lacks a service (use1-az3 in us-east-1); then choose another.",
        values=range(6),
        default=index,
        constraint="0 to 5, below the number of zones in the list, and different for the three zones.",
    )


ZONE_INDEXES = tuple(_zone(letter, index) for index, letter in enumerate("ABC"))
NAT_GATEWAY_PER_ZONE = _NETWORK.switch(
    "NatGatewayPerZone",
    "NAT gateway in every zone",
    "true: one NAT gateway per zone, so that a zone's failure leaves the others their way out; false: one for all, cheaper. "
    "With InterfaceEndpoints they carry no traffic, and more than one serves no purpose; requirements T-NET-2 and X-NET-1 demand "
    "them all the same.",
    default="false",
)
INTERFACE_ENDPOINTS = _NETWORK.switch(
    "InterfaceEndpoints",
    "Interface endpoints",
    "true: the AWS APIs that private functions call are reached inside the VPC, and HTTPS to the internet is closed.",
    default="false",
)
# The ids of AWS-managed prefix lists differ by region, and a template cannot look them up without a macro.
# aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.<region>.s3
S3_PREFIX_LIST = _NETWORK.text(
    "S3PrefixListId",
    "S3 prefix list",
    "Managed prefix list com.amazonaws.<region>.s3 of the region, for egress to the S3 gateway endpoint.",
    pattern="^pl-[0-9a-f]{8,17}$",
    constraint="The id of a managed prefix list, such as pl-63a5400a (us-east-1).",
    default="pl-63a5400a",
)
DYNAMODB_PREFIX_LIST = _NETWORK.text(
    "DynamoDBPrefixListId",
    "DynamoDB prefix list",
    "Managed prefix list com.amazonaws.<region>.dynamodb of the region, for egress to the DynamoDB gateway endpoint.",
    pattern="^pl-[0-9a-f]{8,17}$",
    constraint="The id of a managed prefix list, such as pl-02cd2c6b (us-east-1).",
    default="pl-02cd2c6b",
)
# The only list that is the same for every account of a region. It counts as 55 rules of a security group's quota of 60.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
CLOUDFRONT_PREFIX_LIST = _NETWORK.text(
    "CloudFrontPrefixListId",
    "CloudFront prefix list",
    "Managed prefix list com.amazonaws.global.cloudfront.origin-facing of the region: the only source of the load balancer.",
    pattern="^pl-[0-9a-f]{8,17}$",
    constraint="The id of a managed prefix list, such as pl-3b927c52 (us-east-1).",
    default="pl-3b927c52",
)
ANALYST_GROUP = _NETWORK.text(
    "AnalystSecurityGroupId",
    "Analysts' security group",
    "Security group (of a VPN or bastion in this VPC) whose members reach the database as analysts; empty for none.",
    pattern="^$|^sg-[0-9a-f]{8,17}$",
    constraint="The id of a security group, such as sg-0123456789abcdef0, or empty.",
    default="",
)

# --- Access ------------------------------------------------------------------------------------------------------------
_ACCESS = Group("Access")
ANALYSTS = principals(
    _ACCESS, "AnalystPrincipalArns", "Analysts", "analysts, who read the database and the lake in sessions with MFA"
)
SINGLE_SIGN_ON_MFA = _ACCESS.switch(
    "SingleSignOnEnforcesMfa",
    "Single sign-on enforces MFA",
    "true: all analysts are roles of single sign-on, which asks for MFA itself; their sessions do not carry the key "
    "aws:MultiFactorAuthPresent. false: AWS must know of the MFA of an analyst's session.",
    default="false",
)
API_CLIENTS = principals(
    _ACCESS, "ApiClientPrincipalArns", "API clients", "the API's clients, who sign calls of its data routes"
)

# --- Database ----------------------------------------------------------------------------------------------------------
_DATABASE = Group("Database")
POSTGRES_VERSION = _DATABASE.choice(
    "PostgresEngineVersion",
    "Engine version",
    "Aurora PostgreSQL version; only versions that can still be created are offered.",
    values=("17.6", "17.7", "17.9"),
    default="17.7",
    constraint="One of the Aurora PostgreSQL 17 versions offered; `aws rds describe-db-engine-versions` lists a region's.",
)
MYSQL_VERSION = _DATABASE.choice(
    "MysqlEngineVersion",
    "Engine version",
    "Aurora MySQL version, compatible with MySQL 8.0; only versions that can still be created are offered.",
    values=(
        "8.0.mysql_aurora.3.10.3",
        "8.0.mysql_aurora.3.10.4",
        "8.0.mysql_aurora.3.10.5",
        "8.0.mysql_aurora.3.12.0",
        "8.0.mysql_aurora.3.13.0",
    ),
    default="8.0.mysql_aurora.3.10.3",
    constraint="One of the Aurora MySQL 3 versions offered; `aws rds describe-db-engine-versions` lists a region's.",
)
DATABASE_INSTANCE_CLASS = _DATABASE.choice(
    "DatabaseInstanceClass",
    "Instance class",
    "Class of the writer and of the reader, which takes over at full strength.",
    values=("db.r6g.large", "db.r6g.xlarge", "db.r6g.2xlarge", "db.r6g.4xlarge"),
    default="db.r6g.large",
    constraint="One of the classes offered, such as db.r6g.large.",
)
DATABASE_MIN_CAPACITY = _DATABASE.number(
    "DatabaseMinCapacity",
    "Minimum capacity (ACU)",
    "Least capacity of each Aurora Serverless v2 instance in ACU (about 2 GiB of memory each). 0: the instances pause after some "
    "minutes without a connection and cost nothing; the first request after that gets 503 for about 15 seconds. Performance "
    "Insights and log export may hold a running instance above the minimum.",
    least=0,
    most=256,
    default=0.5,
    constraint="0, or 0.5 to 256 ACU in steps of 0.5.",
)
DATABASE_MAX_CAPACITY = _DATABASE.number(
    "DatabaseMaxCapacity",
    "Maximum capacity (ACU)",
    "Greatest capacity of each Aurora Serverless v2 instance in ACU; it bounds the cost.",
    least=1,
    most=256,
    default=4,
    constraint="1 to 256 ACU in steps of 0.5, and not below the minimum.",
)
BACKUP_RETENTION = _DATABASE.number(
    "BackupRetentionDays",
    "Backup retention (days)",
    "Days for which Aurora keeps automated backups.",
    least=1,
    most=35,
    default=1,
    constraint="1 to 35 days.",
)
MIGRATION_RUN = _DATABASE.number(
    "MigrationRun",
    "Run of the migration",
    "Another number runs the migration again although its code is the same, for example after a reboot that loads pgAudit.",
    least=1,
    most=1_000_000,
    default=1,
    constraint="1 to 1000000, and one more than before.",
)

# --- Web ---------------------------------------------------------------------------------------------------------------
_WEB = Group("Web")
# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html (the public parameters of Amazon Linux 2023)
WEB_IMAGE = _WEB.text(
    "WebImageId",
    "Machine image",
    "Public SSM parameter of the instances' image, looked up at every deployment: a newer image shows in the change set and "
    "replaces the instances in turn. A name that pins a release needs one whose repositories have python3.14.",
    pattern="^/aws/service/ami-amazon-linux-latest/al2023-ami-[a-z0-9.-]+-x86_64$",
    constraint="The name of a public SSM parameter of Amazon Linux 2023 for x86_64.",
    type="AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
    default="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
)
WEB_INSTANCE_TYPE = _WEB.choice(
    "WebInstanceType",
    "Instance type",
    "Type of the web instances.",
    values=("t3.large", "t3.xlarge", "t3.2xlarge"),
    default="t3.large",
    constraint="One of the types offered, such as t3.large.",
)
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Performance.html (max_connections)
DATABASE_CONNECTIONS = 1000
"""Limit of db.r6g.large, the smallest class offered; the limits of the larger classes are 2000, 3000 and 4000."""
DATABASE_CONNECTIONS_ALARM = DATABASE_CONNECTIONS * 8 // 10
"""Number of connections at which the alarm sounds."""
CONNECTIONS_PER_INSTANCE = 18
"""At most. The payment service has 2 processes of 8 threads; each thread opens a connection, and each process another one
for its health check (web_src/payments/gunicorn_conf.py)."""
_MOST_INSTANCES = (DATABASE_CONNECTIONS_ALARM - 1) // CONNECTIONS_PER_INSTANCE
"""Keeps the group at full size below the alarm. The rest is for the replacement of workers, migration and rotation."""


def _instances(name: str, label: str, description: str, default: int) -> RootParameter:
    return _WEB.number(
        name,
        label,
        description,
        least=2,
        most=_MOST_INSTANCES,
        default=default,
        constraint=f"2 to {_MOST_INSTANCES} instances; least <= business hours <= most, and least < most.",
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
WEB_CPU_TARGET = _WEB.number(
    "WebCpuTarget",
    "CPU target (%)",
    "Average CPU in percent that scaling aims at; lower reacts earlier and costs more.",
    least=10,
    most=90,
    default=55,
    constraint="10 to 90 percent.",
)

# --- Edge --------------------------------------------------------------------------------------------------------------
_EDGE = Group("Edge")
DOMAIN_NAME = _EDGE.text(
    "DomainName",
    "Domain name",
    "Name by which clients reach the platform; it must stand in the certificate, and its DNS record must lead to CloudFront.",
    pattern=r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
    constraint="A host name such as pay.example.com, or empty.",
    default="",
    max_length=253,
)
CERTIFICATE = _EDGE.text(
    "CertificateArn",
    "Certificate",
    "ACM certificate of the domain name, in us-east-1, for CloudFront and the load balancer alike. Without one, clients reach "
    "CloudFront's own domain name over HTTPS, and CloudFront the load balancer over HTTP (AllowPlaintextOrigin).",
    pattern=r"^$|^arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]{36}$",
    constraint="The ARN of an ACM certificate in us-east-1, or empty.",
    default="",
)
ALLOW_PLAINTEXT = _EDGE.switch(
    "AllowPlaintextOrigin",
    "Allow HTTP behind CloudFront",
    "true: the platform may be deployed without a certificate, to try it out. Then payments pass from CloudFront to the load "
    "balancer in clear over the internet, and clients may use TLS 1.0. false: CertificateArn and DomainName are needed.",
    default="false",
)
ORIGIN_HEADER_TURNS = 12
ORIGIN_HEADER_TURN = _EDGE.choice(
    "OriginHeaderTurn",
    "Turn of the origin header",
    "Which turn the secret header between CloudFront and the load balancer is in. The next number (after the last, 1) makes a "
    "new secret without a refused request; the one before stays valid until the turn after.",
    values=tuple(range(1, ORIGIN_HEADER_TURNS + 1)),
    default=1,
    constraint=f"1 to {ORIGIN_HEADER_TURNS}, and one more than before.",
)

# --- Functions ---------------------------------------------------------------------------------------------------------
_FUNCTIONS = Group("Functions")
RESERVE_CONCURRENCY = _FUNCTIONS.switch(
    "ReserveConcurrency",
    "Reserve concurrency",
    "true: the executions below are set aside for each function; false: functions share the account's pool. AWS refuses "
    "reservations that leave the pool too small, which is so in a new account until its quota is raised.",
    default="true",
)


def _concurrency(name: str, label: str, who: str, least: int, default: int) -> RootParameter:
    return _FUNCTIONS.number(
        name,
        label,
        f"Concurrent executions of {who}.",
        least=least,
        most=1000,
        default=default,
        constraint=f"{least} to 1000.",
    )


API_CONCURRENCY = _concurrency("ApiConcurrency", "API functions", "each function behind the API", 1, 50)
# SQS accepts no fewer than two: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
PROCESS_CONCURRENCY = _concurrency(
    "ProcessConcurrency", "Processing", "the processing function, reserved or not", 2, 10
)
# Housekeeping empties all buckets at once when CloudFormation deletes a stack. Lambda retries a throttled event after up to
# five minutes, and CloudFormation would time out before: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
SUPPORT_CONCURRENCY = _concurrency(
    "SupportConcurrency", "Support functions", "log alerts, migration and housekeeping, each", 6, 10
)
DEDUPLICATION_WINDOW = _FUNCTIONS.number(
    "DeduplicationWindowDays",
    "Deduplication window (days)",
    "Days for which single trades and quotes are kept in the database, so that a repeated one is known and a late one corrects "
    "its bar; older records are quarantined. 0 keeps them for good. Bars stay in any case.",
    least=0,
    most=3650,
    default=35,
    constraint="0 (no end) to 3650 days.",
)
LOG_LEVEL = _FUNCTIONS.choice(
    "LogLevel",
    "Log level",
    "Least level that the functions log. Not above INFO: metrics are log lines of that level.",
    values=("DEBUG", "INFO"),
    default="INFO",
    constraint="DEBUG or INFO.",
)

# --- Firewall ----------------------------------------------------------------------------------------------------------
_FIREWALL = Group("Firewall")
REQUESTS_PER_ADDRESS = _FIREWALL.number(
    "RequestsPerAddress",
    "WAF rate limit",
    "Requests of one address in five minutes after which WAF blocks it; it must lie above what the busiest honest address makes.",
    least=100,
    most=2_000_000,
    default=360_000,
    constraint="100 to 2000000 requests in five minutes.",
)

# --- Lake --------------------------------------------------------------------------------------------------------------
_LAKE = Group("Lake")
# Athena accepts no limit below 10,000,000 bytes:
# https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
QUERY_SCAN_LIMIT = _LAKE.number(
    "QueryScanLimitBytes",
    "Scan limit of a query (bytes)",
    "Bytes that one Athena query may scan before it is cancelled; it bounds the cost of a query without a date.",
    least=10_000_000,
    most=10_000_000_000_000,
    default=10_000_000_000,
    constraint="10000000 (10 MB) to 10000000000000 (10 TB).",
)

# --- Logs and alerts ---------------------------------------------------------------------------------------------------
_LOGS = Group("Logs and alerts")
# The periods that CloudWatch Logs accepts:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
LOG_RETENTION = _LOGS.choice(
    "LogRetentionDays",
    "Log retention (days)",
    "Days for which log groups keep their events.",
    values=_RETENTIONS,
    default=30,
    constraint="One of the periods that CloudWatch Logs offers.",
)
ALERT_EMAIL = _LOGS.text(
    "AlertEmail",
    "Alerts by e-mail",
    "Address that is subscribed to the alert topic and has to confirm; empty for none.",
    pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$",
    constraint="An e-mail address, or empty.",
    default="",
)

# --- Account singletons ------------------------------------------------------------------------------------------------
_SINGLETONS = Group("Account singletons")
MANAGE_API_GATEWAY_ACCOUNT = _SINGLETONS.switch(
    "ManageApiGatewayAccount",
    "API Gateway's CloudWatch role",
    "An account and region have one such role, for all REST and WebSocket APIs. This one writes to the log groups "
    "API-Gateway-Execution-Logs_* and /aws/apigateway/* only. true in exactly one stack of an account, false in all others "
    "and where APIs log elsewhere.",
    default="true",
)
MANAGE_CONFIG_RECORDER = _SINGLETONS.switch(
    "ManageConfigRecorder",
    "AWS Config recorder and rules",
    "An account and region have one recorder, and its rules judge the whole account. true in exactly one stack of an "
    "account; false where AWS Config is kept elsewhere.",
    default="true",
)

GROUPS = (
    _GENERAL,
    _NETWORK,
    _ACCESS,
    _DATABASE,
    _WEB,
    _EDGE,
    _FUNCTIONS,
    _FIREWALL,
    _LAKE,
    _LOGS,
    _SINGLETONS,
    artifacts.GROUP,
)
"""All groups, in the order in which the console shows them."""
