"""The ports: every value that crosses from one template to another.

A port is an interface. One tier implements it (``export``, ``offer``), other tiers use it, and no tier imports another.
"""

from __future__ import annotations

from builders.contract.names import pascal
from builders.contract.template import Port

# --- Keys ---------------------------------------------------------------------------------------------------------------
DATA_KEY = Port("DataKeyArn", "Key of buckets and tables.")
DATABASE_KEY = Port("DatabaseKeyArn", "Key of the database, its backups, insights and master secret.")
LOGS_KEY = Port("LogsKeyArn", "Key of log groups.")
FUNCTIONS_KEY = Port("FunctionsKeyArn", "Key of the functions' environment variables.")
MESSAGING_KEY = Port("MessagingKeyArn", "Key of queues and topics.")
SECRETS_KEY = Port("SecretsKeyArn", "Key of the platform's own secrets.")
REGION_DENY_POLICY = Port(
    "RegionDenyPolicyArn", "Managed policy that denies every role what lies outside the allowed regions."
)

# --- Network ------------------------------------------------------------------------------------------------------------
VPC_ID = Port("VpcId", "The VPC.")
DEFAULT_SECURITY_GROUP = Port(
    "DefaultSecurityGroupId", "The VPC's default security group, which is closed at deployment."
)
PRIVATE_SUBNETS = tuple(Port(f"PrivateSubnet{zone}Id", f"Private subnet in zone {zone}.") for zone in "ABC")
ZONES = tuple(Port(f"Zone{zone}", f"Availability Zone {zone}.") for zone in "ABC")
PUBLIC_SUBNETS = tuple(Port(f"PublicSubnet{zone}Id", f"Public subnet in zone {zone}.") for zone in "ABC")
FUNCTION_SECURITY_GROUP = Port("FunctionSecurityGroupId", "Security group of the functions.")
DATABASE_SECURITY_GROUP = Port("DatabaseSecurityGroupId", "Security group of the database.")
INSTANCE_SECURITY_GROUP = Port("InstanceSecurityGroupId", "Security group of the web instances.")
BALANCER_SECURITY_GROUP = Port("BalancerSecurityGroupId", "Security group of the load balancer, for HTTP.")
BALANCER_TLS_SECURITY_GROUP = Port("BalancerTlsSecurityGroupId", "Security group of the load balancer, for HTTPS.")

# --- Functions, each by its folder in lambda_src ------------------------------------------------------------------------
FUNCTION_DEAD_LETTERS = Port("FunctionDeadLetterQueueArn", "Queue for events that a function failed on for good.")


def function_name(name: str) -> Port:
    """The port that carries a function's name."""
    return Port(f"{pascal(name)}FunctionName", f"Name of the {name.replace('_', ' ')} function.")


def function_arn(name: str) -> Port:
    """The port that carries a function's ARN."""
    return Port(f"{pascal(name)}FunctionArn", f"ARN of the {name.replace('_', ' ')} function.")


def function_log_group(name: str) -> Port:
    """The port that carries the name of a function's log group."""
    return Port(f"{pascal(name)}LogGroupName", f"Log group of the {name.replace('_', ' ')} function.")


HOUSEKEEPING_FUNCTION = Port("HousekeepingFunctionArn", "Function behind the custom resources.")
FUNCTION_DEAD_LETTERS_NAME = Port("FunctionDeadLetterQueueName", "Name of the queue of the functions' dead letters.")

# --- Storage ------------------------------------------------------------------------------------------------------------
ACCESS_LOG_BUCKET = Port("AccessLogBucketName", "Bucket of S3's server access logs.")
RAW_BUCKET = Port("RawBucketName", "Bucket of raw market data as it was accepted, and of what was quarantined.")
PROCESSED_BUCKET = Port("ProcessedBucketName", "Bucket of processed analytics in Parquet.")
ARCHIVE_BUCKET = Port("ArchiveBucketName", "Bucket of processed raw data, kept for the record.")
RAW_BUCKET_ARN = Port("RawBucketArn", "ARN of the bucket of raw market data.")
PROCESSED_BUCKET_ARN = Port("ProcessedBucketArn", "ARN of the bucket of processed analytics.")
ARCHIVE_BUCKET_ARN = Port("ArchiveBucketArn", "ARN of the archive bucket.")
OBJECT_QUEUE_ARN = Port("ObjectQueueArn", "Queue of raw objects to be processed.")
OBJECT_QUEUE_URL = Port("ObjectQueueUrl", "URL of the queue of raw objects to be processed.")
OBJECT_QUEUE_NAME = Port("ObjectQueueName", "Name of the queue of raw objects to be processed.")
OBJECT_DEAD_LETTERS_NAME = Port(
    "ObjectDeadLetterQueueName", "Name of the queue of raw objects that could not be processed."
)
ACCESS_LOG_BUCKET_ARN = Port("AccessLogBucketArn", "ARN of the bucket of access logs.")
BALANCER_LOG_QUEUE_ARN = Port("BalancerLogQueueArn", "Queue of the load balancer's new log files.")
BALANCER_LOG_DEAD_LETTERS = Port(
    "BalancerLogDeadLetterQueueName", "Name of the queue of log files that could not be read."
)

# --- Tables -------------------------------------------------------------------------------------------------------------
USER_SESSIONS_TABLE = Port("UserSessionsTableName", "Table of client sessions.")
USER_SESSIONS_ARN = Port("UserSessionsTableArn", "ARN of the table of client sessions.")
API_KEYS_TABLE = Port("ApiKeysTableName", "Table of API keys and their entitlements.")
API_KEYS_ARN = Port("ApiKeysTableArn", "ARN of the table of API keys.")

# --- Lake ---------------------------------------------------------------------------------------------------------------
LAKE_DATABASE = Port("LakeDatabaseName", "Glue database of processed and raw market data.")
LAKE_WORKGROUP = Port("LakeWorkGroupName", "Athena workgroup in which the lake is queried.")
LAKE_QUERY_POLICY = Port("LakeQueryPolicyArn", "Policy by which a role queries the lake.")

# --- Database -----------------------------------------------------------------------------------------------------------
DATABASE_ENDPOINT = Port("DatabaseEndpoint", "Host name of the database's writer.")
DATABASE_READER_ENDPOINT = Port("DatabaseReaderEndpoint", "Host name of the database's readers.")
DATABASE_PORT = Port("DatabasePort", "TCP port of the database.")
DATABASE_CLUSTER = Port("DatabaseClusterId", "Identifier of the Aurora cluster.")
DATABASE_CONNECT_POLICY = Port(
    "DatabaseConnectPolicyArn", "Policy by which a role logs in to the database as the application."
)
DATABASE_LOG_GROUP = Port("DatabaseLogGroupName", "Log group of the database.")
ANALYST_ROLE = Port("AnalystRoleArn", "Role that analysts assume to read the database and the lake.")
ANALYST_AUDIT = Port(
    "AnalystAudit", "Whether pgAudit logs what analysts do in the database: on, or off and what to do."
)
DATABASE_ERROR_LOG_GROUP = Port("DatabaseErrorLogGroupName", "Log group of the database's errors.")
DATABASE_MASTER_SECRET = Port("DatabaseMasterSecretArn", "Secret of the master user, which RDS keeps and rotates.")
DATABASE_READER = Port(
    "DatabaseReaderId", "Identifier of the reader instance; the cluster's work is done once it exists."
)
DATABASE_SECRET = Port("DatabaseSecretArn", "Secret of the application's database login, rotated every 30 days.")

# --- API ----------------------------------------------------------------------------------------------------------------
API_URL = Port("ApiUrl", "Base address of the API.")
API_ID = Port("ApiId", "Identifier of the REST API.")
API_NAME = Port("ApiName", "Name of the REST API, as its metrics carry it.")
API_KEY_ID = Port(
    "ApiKeyId", "Identifier of the platform's own API key; its value is read with `aws apigateway get-api-key`."
)
API_CLIENT_ROLE = Port("ApiClientRoleArn", "Role that clients within the account assume to call the API.")
API_ACCESS_LOG_GROUP = Port("ApiAccessLogGroupName", "Log group of the API's access log.")
API_EXECUTION_LOG_GROUP = Port("ApiExecutionLogGroupName", "Log group of the API's execution log.")
WEB_ACL_NAME = Port("WebAclName", "Name of the web ACL, as its metrics carry it.")
WEB_ACL_LOG_GROUP = Port("WebAclLogGroupName", "Log group of the web ACL.")

# --- Web ----------------------------------------------------------------------------------------------------------------
BALANCER_DNS = Port("LoadBalancerDnsName", "Host name of the load balancer; it answers CloudFront only.")
BALANCER_NAME = Port("LoadBalancerFullName", "Name of the load balancer, as its metrics carry it.")
TARGET_GROUP_NAME = Port("TargetGroupFullName", "Name of the target group, as its metrics carry it.")
APPLICATION_LOG_GROUP = Port("ApplicationLogGroupName", "Log group of the payment service.")
BALANCER_LOG_GROUP = Port("BalancerLogGroupName", "Log group of the load balancer's access log.")
WEB_GROUP_NAME = Port("WebGroupName", "Name of the Auto Scaling group.")
SCALING_ROLE = Port("ScalingRoleArn", "Auto Scaling's service-linked role for the web instances.")

# --- Edge ---------------------------------------------------------------------------------------------------------------
WEB_URL = Port("WebUrl", "Address by which clients reach the platform.")
DISTRIBUTION_ID = Port("DistributionId", "Identifier of the CloudFront distribution.")
DISTRIBUTION_DOMAIN = Port(
    "DistributionDomainName", "CloudFront's own host name, to which a domain name's DNS record leads."
)
STATIC_BUCKET = Port("StaticBucketName", "Bucket of static assets, served below /static/.")

# --- Alerts -------------------------------------------------------------------------------------------------------------
ALERT_TOPIC = Port("AlertTopicArn", "Topic of alarms and log alerts.")
