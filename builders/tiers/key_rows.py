"""The platforms' keys as rows: their purpose, and who may use them for what.

Sources of the encryption contexts: S3 https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html;
DynamoDB https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html;
CloudWatch Logs https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html;
Secrets Manager https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html;
Lambda https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html;
SQS and SNS: their developer guides, "Key management".
AWS documents Aurora's only for Performance Insights. There it is an instance's generated id, which no template knows before
the instance exists. So only the service limits the use of that key. Source of both:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.access-control.cmk-policy.html
"""

from __future__ import annotations

from builders.contract import ports
from builders.contract.names import bucket_name_text, name_text
from builders.parts.keys import KeyRow, KeyUse

_HERE = "${AWS::Region}:${AWS::AccountId}"


def data(platform: str, description: str, *more: KeyUse) -> KeyRow:
    """The key of stored data; ``more`` are the platform's own uses."""
    buckets = {"aws:s3:arn": bucket_arns(platform)}
    return KeyRow(
        "DataKey",
        "data",
        description,
        ports.DATA_KEY,
        (
            KeyUse("Buckets", through=("s3",), context=buckets),
            *more,
            KeyUse("ConfigDelivery", principals=("config",), context=buckets),
        ),
    )


def database() -> KeyRow:
    """The key of the database and of the master secret that RDS keeps."""
    return KeyRow(
        "DatabaseKey",
        "database",
        "Database, backups, insights and master secret",
        ports.DATABASE_KEY,
        (
            KeyUse(
                "Database",
                through=("rds",),
                grants=True,
                without_context="The context of Performance Insights is an instance's generated id (aws:rds:db-id), which exists "
                "only after the key was used; AWS documents none for storage and backups. kms:ViaService binds the use to RDS",
            ),
            KeyUse("MasterSecret", through=("secretsmanager",), context=_secrets("rds!cluster-*")),
        ),
    )


def secrets(platform: str) -> KeyRow:
    """The key of the platform's own secrets."""
    return KeyRow(
        "SecretsKey",
        "secrets",
        "Secrets",
        ports.SECRETS_KEY,
        (KeyUse("Secrets", through=("secretsmanager",), context=_secrets(f"{name_text(platform, '*')}-??????")),),
    )


def logs(platform: str, *more: str) -> KeyRow:
    """The key of log groups: the platform's own, and those whose name patterns (``more``) a service dictates."""
    groups = (
        f"/aws/*/{name_text(platform, '*')}*",
        f"aws-waf-logs-{name_text(platform, '*')}",
        *more,
    )
    context = {"aws:logs:arn": tuple(f"arn:${{AWS::Partition}}:logs:{_HERE}:log-group:{group}" for group in groups)}
    use = KeyUse("LogGroups", principals=("logs.${AWS::Region}",), sends_account=False, writes=True, context=context)
    return KeyRow("LogsKey", "logs", "Log groups", ports.LOGS_KEY, (use,))


def functions(platform: str) -> KeyRow:
    """The key of the functions' environment variables."""
    arn = f"arn:${{AWS::Partition}}:lambda:{_HERE}:function:{name_text(platform, '*')}"
    use = KeyUse("Environment", grants=True, context={"aws:lambda:FunctionArn": (arn,)})
    return KeyRow("FunctionsKey", "functions", "Environment variables of functions", ports.FUNCTIONS_KEY, (use,))


def messaging(platform: str) -> KeyRow:
    """The key of queues and topics, and of the services that send to them."""
    queues = {"aws:sqs:arn": (f"arn:${{AWS::Partition}}:sqs:{_HERE}:{name_text(platform, '*')}",)}
    topics = {"aws:sns:topicArn": (f"arn:${{AWS::Partition}}:sns:{_HERE}:{name_text(platform, '*')}",)}
    return KeyRow(
        "MessagingKey",
        "messaging",
        "Queues and topics",
        ports.MESSAGING_KEY,
        (
            KeyUse("Queues", through=("sqs",), context=queues),
            KeyUse("Topics", through=("sns",), context=topics),
            # S3 sends events to the queue and CloudWatch alarms to the topic as services. Lambda sends dead letters as the role.
            KeyUse("ObjectEvents", principals=("s3",), sends_account=False, context=queues),
            KeyUse("Alarms", principals=("cloudwatch",), context=topics),
            # SNS moves what it cannot deliver to an encrypted dead-letter queue as itself:
            # https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
            KeyUse("UndeliveredAlerts", principals=("sns",), sends_account=False, context=queues),
        ),
    )


def bucket_arns(platform: str) -> tuple[str, ...]:
    """Patterns of the ARNs of the platform's buckets, and of the objects in them."""
    bucket = f"arn:${{AWS::Partition}}:s3:::{bucket_name_text(platform, '*')}"
    return (bucket, f"{bucket}/*")


def _secrets(name: str) -> dict[str, tuple[str, ...]]:
    """The context of secrets by name. Before it creates one, Secrets Manager tests the key with a fixed word as context."""
    return {
        "SecretARN": (f"arn:${{AWS::Partition}}:secretsmanager:{_HERE}:secret:{name}", "RequestToValidateKeyAccess")
    }
