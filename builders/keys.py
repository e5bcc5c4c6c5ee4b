"""The keys tier: customer-managed KMS keys, and the guardrail that every role carries.

One key per kind of data, so that the right to read logs is not the right to read the database. A key's policy is a table of
uses: which service may use it, for whom, and under which encryption context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import awacs.kms as kms
from awacs.aws import (
    Allow,
    ArnLike,
    Bool,
    Deny,
    Principal,
    Statement,
    StringEquals,
    StringLike,
    StringNotEquals,
)
from troposphere import AWSHelperFn, GetAtt, Ref, Sub
from troposphere.iam import ManagedPolicy
from troposphere.kms import Alias, Key

from builders import parameters
from builders.contract import Port, TierTemplate
from builders.roles import REGION_DENY_POLICY
from builders.statements import ACCOUNT_ROOT, from_this_account, policy, via, when

DATA_KEY = Port("DataKeyArn", "Key of buckets and tables.")
DATABASE_KEY = Port("DatabaseKeyArn", "Key of the database, its backups, insights and master secret.")
LOGS_KEY = Port("LogsKeyArn", "Key of log groups.")
FUNCTIONS_KEY = Port("FunctionsKeyArn", "Key of the functions' environment variables.")
MESSAGING_KEY = Port("MessagingKeyArn", "Key of queues and topics.")

_CRYPTO = [
    kms.Encrypt,
    kms.Decrypt,
    kms.ReEncryptFrom,
    kms.ReEncryptTo,
    kms.GenerateDataKey,
    kms.GenerateDataKeyWithoutPlaintext,
]
# No kms:Create*: it holds CreateGrant, which would hand out the cryptographic use.
_ADMINISTER = [
    *(
        kms.Action(f"{verb}*")
        for verb in ("Describe", "Enable", "List", "Put", "Update", "Revoke", "Disable", "Get", "Delete")
    ),
    kms.CreateAlias,
    kms.TagResource,
    kms.UntagResource,
    kms.ScheduleKeyDeletion,
    kms.CancelKeyDeletion,
    kms.RotateKeyOnDemand,
]
_KEY_POLICY_REASON = "In a key policy the resource * is the key itself"


@dataclass(frozen=True)
class KeyUse:
    """One way in which a key may be used.

    Attributes:
        sid: names the use.
        through: services (``s3``, ``rds`` …) through which principals of this account may use the key; with an empty tuple
            the encryption context alone decides.
        principals: services that use the key in their own name (``logs.us-east-1`` style placeholders allowed); they are
            bound to this account.
        names_account: whether those services send ``aws:SourceAccount``; where they do not, the context holds the account.
        writes: whether those services encrypt by themselves, as CloudWatch Logs does; others only ask for data keys.
        grants: whether the services keep using the key after the call, for which they ask for a grant.
        context: encryption context (key → patterns) that every cryptographic call must bear.
    """

    sid: str
    through: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    names_account: bool = True
    writes: bool = False
    grants: bool = False
    context: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyRow:
    """One key of the platform."""

    title: str
    thing: str
    description: str
    port: Port
    uses: tuple[KeyUse, ...]


def _functions(platform: str) -> str:
    return f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{platform}-*-${{EnvironmentSuffix}}"


def _queues(platform: str) -> str:
    return f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{platform}-*-${{EnvironmentSuffix}}"


def _topics(platform: str) -> str:
    return f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:{platform}-*-${{EnvironmentSuffix}}"


def _log_groups(platform: str) -> tuple[str, ...]:
    group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    return (
        f"{group}/aws/*/{platform}-*-${{EnvironmentSuffix}}*",
        f"{group}aws-waf-logs-{platform}-*-${{EnvironmentSuffix}}",
        f"{group}API-Gateway-Execution-Logs_*/*",
        f"{group}/aws/apigateway/welcome",
    )


def _bucket_contexts(platform: str) -> tuple[str, ...]:
    bucket = f"arn:${{AWS::Partition}}:s3:::{platform}-*-${{EnvironmentSuffix}}-${{AWS::AccountId}}"
    return (bucket, f"{bucket}/*")


def rows(platform: str) -> tuple[KeyRow, ...]:
    """The keys of a platform and their uses.

    Sources of the encryption contexts: S3 https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html;
    DynamoDB https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html;
    CloudWatch Logs https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html;
    Secrets Manager https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html;
    Lambda https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html;
    SQS and SNS: their developer guides, "Key management".
    Aurora's context is the cluster's generated id, which no template can know before the cluster exists; there the key is
    bound to the service alone.
    """
    return (
        KeyRow(
            "DataKey",
            "data",
            "Buckets and tables",
            DATA_KEY,
            (
                KeyUse("Buckets", through=("s3",), context={"aws:s3:arn": _bucket_contexts(platform)}),
                KeyUse(
                    "Tables",
                    through=("dynamodb",),
                    grants=True,
                    context={"aws:dynamodb:tableName": ("*-${EnvironmentSuffix}",)},
                ),
                KeyUse("ConfigDelivery", principals=("config",), context={"aws:s3:arn": _bucket_contexts(platform)}),
            ),
        ),
        KeyRow(
            "DatabaseKey",
            "database",
            "Database, backups, insights and master secret",
            DATABASE_KEY,
            (
                KeyUse("Database", through=("rds",), grants=True),
                KeyUse(
                    "MasterSecret",
                    through=("secretsmanager",),
                    context={
                        "SecretARN": (
                            "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rds!cluster-*",
                        )
                    },
                ),
            ),
        ),
        KeyRow(
            "LogsKey",
            "logs",
            "Log groups",
            LOGS_KEY,
            (
                KeyUse(
                    "LogGroups",
                    principals=("logs.${AWS::Region}",),
                    names_account=False,
                    writes=True,
                    context={"aws:logs:arn": _log_groups(platform)},
                ),
            ),
        ),
        KeyRow(
            "FunctionsKey",
            "functions",
            "Environment variables of functions",
            FUNCTIONS_KEY,
            (KeyUse("Environment", grants=True, context={"aws:lambda:FunctionArn": (_functions(platform),)}),),
        ),
        KeyRow(
            "MessagingKey",
            "messaging",
            "Queues and topics",
            MESSAGING_KEY,
            (
                KeyUse("Queues", through=("sqs",), context={"aws:sqs:arn": (_queues(platform),)}),
                KeyUse("Topics", through=("sns",), context={"aws:sns:topicArn": (_topics(platform),)}),
                # S3 sends its events to the queue, CloudWatch its alarms to the topic; Lambda its dead letters as the role.
                KeyUse(
                    "ObjectEvents",
                    principals=("s3",),
                    names_account=False,
                    context={"aws:sqs:arn": (_queues(platform),)},
                ),
                KeyUse("Alarms", principals=("cloudwatch",), context={"aws:sns:topicArn": (_topics(platform),)}),
            ),
        ),
    )


def build(platform: str) -> TierTemplate:
    """Keys with rotation, their aliases, and the region guardrail."""
    template = TierTemplate(
        platform, "KMS keys, one per kind of data, and the region guardrail that every role carries."
    )
    for row in rows(platform):
        key = add_key(template, row)
        template.export(row.port, GetAtt(key, "Arn"))
    guardrail = add_region_deny_policy(template)
    template.export(REGION_DENY_POLICY, Ref(guardrail))
    return template


def add_key(template: TierTemplate, row: KeyRow) -> Key:
    """A symmetric key, rotated every year, deleted after the shortest waiting period, with an alias."""
    key = template.add(
        Key(
            row.title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Metadata={"WildcardResources": {s.properties["Sid"]: _KEY_POLICY_REASON for s in _key_policy(row.uses)}},
            Description=Sub(f"{row.description} of {template.platform} ${{EnvironmentSuffix}}"),
            EnableKeyRotation=True,
            PendingWindowInDays=7,
            KeyPolicy=policy(*_key_policy(row.uses)),
        )
    )
    template.add(
        Alias(
            f"{row.title}Alias",
            AliasName=Sub(f"alias/{template.platform}-{row.thing}-${{EnvironmentSuffix}}"),
            TargetKeyId=Ref(key),
        )
    )
    return key


def _key_policy(uses: Sequence[KeyUse]) -> list[Statement]:
    return [_administration(), *[statement for use in uses for statement in _use(use)]]


def _administration() -> Statement:
    """The account administers the key through IAM, but that gives nobody its cryptographic use."""
    return Statement(
        Sid="Administration",
        Effect=Allow,
        Principal=Principal("AWS", [ACCOUNT_ROOT]),
        Action=_ADMINISTER,
        Resource=["*"],
    )


def _use(use: KeyUse) -> list[Statement]:
    if use.principals:
        return [_service_use(use)]
    return [_account_use(use), *([_account_grant(use)] if use.grants else [])]


def _service_use(use: KeyUse) -> Statement:
    """The service itself, for resources of this account."""
    bound = [from_this_account()] if use.names_account else []
    return Statement(
        Sid=use.sid,
        Effect=Allow,
        Principal=Principal("Service", [_service(name) for name in use.principals]),
        Action=[*_CRYPTO, kms.DescribeKey] if use.writes else [kms.Decrypt, kms.GenerateDataKey],
        Resource=["*"],
        Condition=when(*bound, *_contexts(use)),
    )


def _account_use(use: KeyUse) -> Statement:
    """Principals of this account whose own policies allow it, only through the services and under the context."""
    through = [StringEquals("kms:ViaService", [via(name) for name in use.through])] if use.through else []
    return Statement(
        Sid=use.sid,
        Effect=Allow,
        Principal=Principal("AWS", [ACCOUNT_ROOT]),
        Action=_CRYPTO,
        Resource=["*"],
        Condition=when(StringEquals("kms:CallerAccount", Ref("AWS::AccountId")), *through, *_contexts(use)),
    )


def _account_grant(use: KeyUse) -> Statement:
    """Services that keep using the key after the call (databases, tables, functions) ask for a grant."""
    through = [StringEquals("kms:ViaService", [via(name) for name in use.through])] if use.through else []
    return Statement(
        Sid=f"{use.sid}Grants",
        Effect=Allow,
        Principal=Principal("AWS", [ACCOUNT_ROOT]),
        Action=[kms.CreateGrant],
        Resource=["*"],
        Condition=when(
            StringEquals("kms:CallerAccount", Ref("AWS::AccountId")),
            Bool("kms:GrantIsForAWSResource", "true"),
            *through,
        ),
    )


def _contexts(use: KeyUse) -> list[ArnLike | StringLike]:
    conditions: list[ArnLike | StringLike] = []
    for key, patterns in use.context.items():
        operator = ArnLike if all(pattern.startswith("arn:") for pattern in patterns) else StringLike
        conditions.append(operator(f"kms:EncryptionContext:{key}", [Sub(pattern) for pattern in patterns]))
    return conditions


def _service(name: str) -> AWSHelperFn | str:
    return Sub(f"{name}.amazonaws.com") if "${" in name else f"{name}.amazonaws.com"


# Services whose requests go to one region whatever the caller chose, and account-wide calls of S3. Taken from AWS's own
# region denials: the IAM example (reference_policies_examples_aws_deny-requested-region) and AWS Control Tower's control
# (https://docs.aws.amazon.com/controltower/latest/userguide/primary-region-deny-policy.html).
GLOBAL_ACTIONS: tuple[str, ...] = (
    "access-analyzer:*", "account:*", "acm:*", "aws-marketplace:*", "aws-portal:*", "billing:*", "budgets:*", "ce:*",
    "cloudfront:*", "cloudtrail:LookupEvents", "config:*", "consoleapp:*", "cur:*", "directconnect:*",
    "ec2:DescribeRegions", "ec2:DescribeTransitGateways", "ec2:DescribeVpnGateways", "fms:*", "freetier:*",
    "globalaccelerator:*", "health:*", "iam:*", "importexport:*", "invoicing:*", "kms:*", "networkmanager:*",
    "notifications:*", "organizations:*", "payments:*", "pricing:*", "resource-explorer-2:*", "route53:*",
    "route53domains:*", "s3:CreateMultiRegionAccessPoint", "s3:DeleteMultiRegionAccessPoint",
    "s3:DescribeMultiRegionAccessPointOperation", "s3:GetAccountPublicAccessBlock", "s3:GetBucketLocation",
    "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:GetMultiRegionAccessPoint",
    "s3:GetMultiRegionAccessPointPolicy", "s3:GetStorageLensConfiguration", "s3:GetStorageLensDashboard",
    "s3:ListAllMyBuckets", "s3:ListMultiRegionAccessPoints", "s3:ListStorageLensConfigurations",
    "s3:PutAccountPublicAccessBlock", "s3:PutMultiRegionAccessPointPolicy", "savingsplans:*", "shield:*", "sso:*",
    "sts:*", "support:*", "supportapp:*", "supportplans:*", "tag:*", "tax:*", "trustedadvisor:*", "waf-regional:*",
    "waf:*", "wafv2:*",
)  # fmt: skip


def add_region_deny_policy(template: TierTemplate) -> ManagedPolicy:
    """The denial outside the allowed regions, with the global services left out by ``NotAction`` (requirement A-3)."""
    return template.add(
        ManagedPolicy(
            "RegionDenyPolicy",
            ManagedPolicyName=template.named("region-deny-policy"),
            Description="Denies what lies outside the allowed regions; global services, which have one region, still work.",
            PolicyDocument=policy(
                Statement(
                    Sid="DenyOutsideAllowedRegions",
                    Effect=Deny,
                    NotAction=list(GLOBAL_ACTIONS),
                    Resource=["*"],
                    Condition=when(StringNotEquals("aws:RequestedRegion", template.use(parameters.ALLOWED_REGIONS))),
                )
            ),
        )
    )
