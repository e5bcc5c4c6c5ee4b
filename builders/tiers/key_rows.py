"""The platforms' keys as rows: their purpose, and who may use them for what.

Sources of the encryption contexts: S3 https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html;
DynamoDB https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html;
CloudWatch Logs https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html;
Secrets Manager https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html;
Lambda https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html;
SQS and SNS: their developer guides, "Key management"; for SNS also
https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic.html ("Permissions for custom KMS keys").
The master secret's grants: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html ("Permissions
required for Secrets Manager integration").
AWS documents Aurora's only for Performance Insights. There it is an instance's generated id, which no template knows before
the instance exists. So only the service limits the use of that key. Source of both:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.access-control.cmk-policy.html
"""

from __future__ import annotations

from collections.abc import Iterable

from builders.contract import ports
from builders.contract.names import ACCESS_LOG_BUCKET, CONFIG_BUCKET, Names, bucket_name_text
from builders.parts.keys import KeyRow, KeyUse

_HERE = "${AWS::Region}:${AWS::AccountId}"


def data(platform: str, names: Names, description: str, *more: KeyUse) -> KeyRow:
    """The key of stored data; ``more`` are the platform's own uses. S3 writes the access logs without it."""
    stored = [name for name in names.of("AWS::S3::Bucket") if name != bucket_name_text(platform, ACCESS_LOG_BUCKET)]
    return KeyRow(
        "DataKey",
        "data",
        description,
        ports.DATA_KEY,
        (
            KeyUse("Buckets", through=("s3",), context=bucket_context(*stored)),
            *more,
            KeyUse(
                "ConfigDelivery",
                principals=("config",),
                context=bucket_context(bucket_name_text(platform, CONFIG_BUCKET)),
            ),
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
            # RDS requires CreateGrant of who names a customer key for the master secret. AWS does not document whether RDS
            # itself or Secrets Manager creates the grant, so both may.
            KeyUse("MasterSecret", through=("secretsmanager",), grants=True, context=_secrets("rds!cluster-*")),
        ),
    )


def secrets(names: Names) -> KeyRow:
    """The key of the platform's own secrets. Secrets Manager adds six characters to a secret's name in its ARN."""
    secret_names = (f"{name}-??????" for name in names.of("AWS::SecretsManager::Secret"))
    return KeyRow(
        "SecretsKey",
        "secrets",
        "Secrets",
        ports.SECRETS_KEY,
        (KeyUse("Secrets", through=("secretsmanager",), context=_secrets(*secret_names)),),
    )


def logs(names: Names) -> KeyRow:
    """The key of log groups, also of those whose names a service dictates."""
    context = {"aws:logs:arn": _arns("logs", "log-group:", names.of("AWS::Logs::LogGroup"))}
    use = KeyUse("LogGroups", principals=("logs.${AWS::Region}",), sends_account=False, writes=True, context=context)
    return KeyRow("LogsKey", "logs", "Log groups", ports.LOGS_KEY, (use,))


def functions(names: Names) -> KeyRow:
    """The key of the functions' environment variables."""
    context = {"aws:lambda:FunctionArn": _arns("lambda", "function:", names.of("AWS::Lambda::Function"))}
    use = KeyUse("Environment", grants=True, context=context)
    return KeyRow("FunctionsKey", "functions", "Environment variables of functions", ports.FUNCTIONS_KEY, (use,))


def messaging(names: Names) -> KeyRow:
    """The key of queues and topics, and of the services that send to them."""
    queues = {"aws:sqs:arn": _arns("sqs", "", names.of("AWS::SQS::Queue"))}
    topics = {"aws:sns:topicArn": _arns("sns", "", names.of("AWS::SNS::Topic"))}
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
            # SNS decrypts what it delivers. Public configurations that quote its guide name it in the key's policy.
            KeyUse("Deliveries", principals=("sns",), sends_account=False, context=topics),
            # SNS moves what it cannot deliver to an encrypted dead-letter queue as itself:
            # https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
            KeyUse("UndeliveredAlerts", principals=("sns",), sends_account=False, context=queues),
        ),
    )


def bucket_context(*names: str) -> dict[str, tuple[str, ...]]:
    """The context of buckets: the bucket's ARN, or the object's if S3 uses no bucket key for it."""
    buckets = [f"arn:${{AWS::Partition}}:s3:::{name}" for name in names]
    return {"aws:s3:arn": tuple(arn for bucket in buckets for arn in (bucket, f"{bucket}/*"))}


def _secrets(*names: str) -> dict[str, tuple[str, ...]]:
    """The context of secrets by name. Before it creates one, Secrets Manager tests the key with a fixed word as context."""
    return {"SecretARN": (*_arns("secretsmanager", "secret:", names), "RequestToValidateKeyAccess")}


def _arns(service: str, prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"arn:${{AWS::Partition}}:{service}:{_HERE}:{prefix}{name}" for name in names)
