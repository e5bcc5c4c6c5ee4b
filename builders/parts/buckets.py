"""Buckets: versioned, private, encrypted, TLS only, logged, moved to Glacier, and emptied before their deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awacs.aws import Allow, Principal, Statement
from awacs.s3 import PutObject
from troposphere import AWSHelperFn, GetAtt, Ref, Sub
from troposphere.cloudformation import CustomResource
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    BucketPolicy,
    LifecycleConfiguration,
    LifecycleRule,
    LifecycleRuleTransition,
    LoggingConfiguration,
    NoncurrentVersionExpiration,
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from builders.contract import ports
from builders.contract.names import ACCESS_LOG_BUCKET, Names, bucket_name_text
from builders.contract.template import TierTemplate
from builders.iam import arns, denials, statements
from builders.parts import pack_rules
from builders.parts.custom_resources import add_custom_resource
from builders.parts.suppressions import suppress

GLACIER_AFTER_DAYS = 90
"""When S3 moves an object to Glacier Flexible Retrieval (requirement T-S3-2)."""
DEEP_ARCHIVE_AFTER_DAYS = 180
"""When S3 moves an archived object on to Deep Archive: after Glacier's minimum storage time of 90 days."""
OLD_VERSIONS_EXPIRE_AFTER_DAYS = 30
EXPIRED_VERSIONS_GO_AFTER_DAYS = 1
"""The least that S3 accepts. In a versioned bucket expiry only hides an object behind a delete marker; its version stays until
it expires as a noncurrent one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html"""
INCOMPLETE_UPLOADS_EXPIRE_AFTER_DAYS = 7


@dataclass(frozen=True)
class BuiltBucket:
    """A bucket and its policy, with the attributes that other resources need."""

    bucket: Bucket
    policy: BucketPolicy

    @property
    def arn(self) -> GetAtt:
        """The bucket's ARN."""
        return GetAtt(self.bucket, "Arn")

    @property
    def name(self) -> Ref:
        """The bucket's name."""
        return Ref(self.bucket)


def lifecycle(
    *,
    glacier: bool = True,
    deep_archive: bool = False,
    expire_after_days: int | None = None,
    expire_prefixes: Mapping[str, int] | None = None,
    versions_expire_after_days: int = OLD_VERSIONS_EXPIRE_AFTER_DAYS,
) -> LifecycleConfiguration:
    """The lifecycle of a bucket's objects.

    Small objects move to Glacier too. By default S3 would not move them.

    Args:
        glacier: whether objects move to Glacier.
        deep_archive: whether they move on to Deep Archive.
        expire_after_days: when objects expire; None for never.
        expire_prefixes: prefix → days after which objects under it expire; their versions go the day after.
        versions_expire_after_days: days for which noncurrent versions stay, also those of expired objects.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    """
    return LifecycleConfiguration(
        Rules=[
            *_ageing(glacier, deep_archive, expire_after_days),
            *(
                LifecycleRule(
                    Id=f"expire-{prefix.strip('/')}",
                    Status="Enabled",
                    Prefix=prefix,
                    ExpirationInDays=days,
                    NoncurrentVersionExpiration=_versions(EXPIRED_VERSIONS_GO_AFTER_DAYS),
                )
                for prefix, days in (expire_prefixes or {}).items()
            ),
            LifecycleRule(
                Id="clean-up",
                Status="Enabled",
                NoncurrentVersionExpiration=_versions(versions_expire_after_days),
                AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(
                    DaysAfterInitiation=INCOMPLETE_UPLOADS_EXPIRE_AFTER_DAYS
                ),
            ),
        ],
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )


def _versions(days: int) -> NoncurrentVersionExpiration:
    return NoncurrentVersionExpiration(NoncurrentDays=days)


def _ageing(glacier: bool, deep_archive: bool, expire_after_days: int | None) -> list[LifecycleRule]:
    """The rule for all objects; none if they neither move nor expire."""
    classes = {
        "GLACIER": GLACIER_AFTER_DAYS if glacier else None,
        "DEEP_ARCHIVE": DEEP_ARCHIVE_AFTER_DAYS if deep_archive else None,
    }
    transitions = [
        LifecycleRuleTransition(StorageClass=name, TransitionInDays=days) for name, days in classes.items() if days
    ]
    aged: dict[str, Any] = {"Transitions": transitions} if transitions else {}
    expiry: dict[str, Any] = {"ExpirationInDays": expire_after_days} if expire_after_days else {}
    name = "to-glacier" if glacier else "expire"
    return [LifecycleRule(Id=name, Status="Enabled", **aged, **expiry)] if aged or expiry else []


def add_bucket(
    template: TierTemplate,
    title: str,
    stem: str,
    *,
    key: AWSHelperFn,
    log_bucket: AWSHelperFn,
    rules: LifecycleConfiguration,
    grants: Sequence[Statement] = (),
    **properties: Any,
) -> BuiltBucket:
    """Adds a bucket under a customer key, its policy, and the custom resource that empties it.

    Args:
        template: the tier's template.
        title: logical id of the bucket.
        stem: the name without platform, suffix and account.
        key: ARN of the key; the policy denies uploads under any other key.
        log_bucket: name of the bucket to which S3 writes the access logs, under ``<stem>/``.
        rules: the lifecycle of the objects.
        grants: what the policy allows services, which are not principals of this account.
        properties: further properties of the bucket, such as NotificationConfiguration, and attributes such as DependsOn.
    """
    bucket = template.add(
        Bucket(
            title,
            **_common(template, stem, rules),
            BucketEncryption=_encryption("aws:kms", key),
            LoggingConfiguration=LoggingConfiguration(DestinationBucketName=log_bucket, LogFilePrefix=f"{stem}/"),
            **properties,
        )
    )
    _suppress_forced(bucket)
    emptying = _add_emptying(template, bucket)
    denied = denials.deny_other_keys(GetAtt(bucket, "Arn"), key)
    return BuiltBucket(bucket, _add_policy(template, bucket, [*grants, *denied], emptying))


def add_access_log_bucket(
    template: TierTemplate,
    title: str,
    names: Names,
    *,
    rules: LifecycleConfiguration,
    grants: Callable[[AWSHelperFn], Sequence[Statement]] = lambda bucket_arn: (),
    **properties: Any,
) -> BuiltBucket:
    """Adds the bucket for S3's server access logs.

    It is the only bucket without a customer key, because S3 writes these logs with SSE-S3 only.

    Args:
        template: the tier's template.
        title: logical id of the bucket.
        names: the names of the platform's resources. S3 logs the access to each of its other buckets.
        rules: the lifecycle of the logs.
        grants: what the policy allows other services that write logs, given the bucket's ARN.
        properties: further properties of the bucket, such as NotificationConfiguration, and attributes such as DependsOn.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    bucket = template.add(
        Bucket(
            title,
            **_common(template, ACCESS_LOG_BUCKET, rules),
            BucketEncryption=_encryption("AES256"),
            **properties,
        )
    )
    suppress(
        bucket,
        "S3 writes server access logs only to buckets encrypted with SSE-S3 (requirement A-4)",
        cfn_lint=["E9802"],
        **pack_rules.BUCKET_WITHOUT_KEY,
    )
    _suppress_forced(bucket)
    suppress(
        bucket,
        "This bucket receives the access logs; logging its own access here would go round in a circle",
        cfn_lint=["E9833"],
        **pack_rules.LOG_BUCKET,
    )
    arn = GetAtt(bucket, "Arn")
    statements_of_policy = [_log_delivery(template, arn, names), *grants(arn)]
    return BuiltBucket(bucket, _add_policy(template, bucket, statements_of_policy, _add_emptying(template, bucket)))


def _suppress_forced(bucket: Bucket) -> None:
    suppress(
        bucket,
        "Data stays in the environment's region (requirement A-3); versions guard against a loss",
        **pack_rules.BUCKET_REPLICATION,
    )
    suppress(
        bucket,
        "A locked object cannot be deleted, so destroy could not empty the bucket (requirement A-2)",
        **pack_rules.BUCKET_LOCK,
    )


def _common(template: TierTemplate, stem: str, rules: LifecycleConfiguration) -> dict[str, Any]:
    return {
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "BucketName": Sub(bucket_name_text(template.platform, stem)),
        "VersioningConfiguration": VersioningConfiguration(Status="Enabled"),
        "PublicAccessBlockConfiguration": PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        "OwnershipControls": OwnershipControls(Rules=[OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        "LifecycleConfiguration": rules,
    }


def _encryption(algorithm: str, key: AWSHelperFn | None = None) -> BucketEncryption:
    key_id: dict[str, Any] = {"KMSMasterKeyID": key} if key else {}
    bucket_key: dict[str, Any] = {"BucketKeyEnabled": True} if key else {}
    default = ServerSideEncryptionByDefault(SSEAlgorithm=algorithm, **key_id)
    rule = ServerSideEncryptionRule(ServerSideEncryptionByDefault=default, **bucket_key)
    return BucketEncryption(ServerSideEncryptionConfiguration=[rule])


def _log_delivery(template: TierTemplate, bucket_arn: AWSHelperFn, names: Names) -> Statement:
    own = bucket_name_text(template.platform, ACCESS_LOG_BUCKET)
    sources = [arns.bucket(name) for name in names.of("AWS::S3::Bucket") if name != own]
    return Statement(
        Sid="AccessLogDelivery",
        Effect=Allow,
        Principal=Principal("Service", ["logging.s3.amazonaws.com"]),
        Action=[PutObject],
        Resource=[arns.below(bucket_arn, "/*")],
        Condition=statements.all_of(*statements.from_source(*sources)),
    )


def _add_policy(
    template: TierTemplate,
    bucket: Bucket,
    grants: Sequence[Statement],
    emptying: CustomResource,
) -> BucketPolicy:
    """Adds the policy.

    CloudFormation deletes it before the bucket is emptied, so that no service can deliver into the emptied bucket.
    """
    arn = GetAtt(bucket, "Arn")
    return template.add(
        BucketPolicy(
            f"{bucket.title}Policy",
            DependsOn=emptying,
            Bucket=Ref(bucket),
            PolicyDocument=statements.policy(
                *grants, denials.deny_plain_transport(arn), denials.deny_old_transport(arn)
            ),
        )
    )


def _add_emptying(template: TierTemplate, bucket: Bucket) -> CustomResource:
    """Adds the custom resource that empties the bucket when CloudFormation deletes the resource, before the bucket.

    CloudFormation cannot delete a bucket that contains a version.
    """
    return add_custom_resource(
        template,
        f"Empty{bucket.title}",
        template.use(ports.HOUSEKEEPING_FUNCTION),
        kind="EmptyBucket",
        BucketName=Ref(bucket),
    )
