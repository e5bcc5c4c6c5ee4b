"""Denials for the policies of buckets, queues and topics: no principal may do this, whatever another policy allows."""

from __future__ import annotations

import awacs.s3 as s3
import awacs.sns as sns
from awacs.aws import Bool, ConditionElement, Deny, Null, NumericLessThan, Principal, Statement, StringNotEquals
from troposphere import AWSHelperFn

from builders.iam import arns, statements


def deny_plain_transport(bucket_arn: AWSHelperFn) -> Statement:
    """Denies every request without TLS."""
    return _deny_bucket("DenyPlainTransport", bucket_arn, Bool("aws:SecureTransport", "false"))


def deny_old_transport(bucket_arn: AWSHelperFn) -> Statement:
    """Denies every request with a TLS version before 1.2, which PCI DSS no longer counts as strong cryptography."""
    return _deny_bucket("DenyOldTransport", bucket_arn, NumericLessThan("s3:TlsVersion", "1.2"))


def _deny_bucket(sid: str, bucket_arn: AWSHelperFn, condition: ConditionElement) -> Statement:
    return Statement(
        Sid=sid,
        Effect=Deny,
        Principal=Principal("*"),
        Action=[s3.Action("*")],
        Resource=[bucket_arn, arns.below(bucket_arn, "/*")],
        Condition=statements.all_of(condition),
    )


def deny_other_keys(bucket_arn: AWSHelperFn, key_arn: AWSHelperFn) -> list[Statement]:
    """Denies uploads that name another key or another kind of encryption, or that bring their own key.

    S3 encrypts an upload that names none of these under the bucket's default, which is the key.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    header = "s3:x-amz-server-side-encryption"
    rows = (
        ("DenyOtherKey", f"{header}-aws-kms-key-id", StringNotEquals(f"{header}-aws-kms-key-id", key_arn)),
        ("DenyOtherEncryption", header, StringNotEquals(header, "aws:kms")),
        ("DenyCustomerProvidedKey", f"{header}-customer-algorithm", None),
    )
    return [
        Statement(
            Sid=sid,
            Effect=Deny,
            Principal=Principal("*"),
            Action=[s3.PutObject],
            Resource=[arns.below(bucket_arn, "/*")],
            Condition=statements.all_of(Null(named, "false"), *([differs] if differs else [])),
        )
        for sid, named, differs in rows
    ]


def deny_plain_messages(service: str, resource_arn: AWSHelperFn) -> Statement:
    """Denies every message without TLS; ``service`` is sqs or sns."""
    action = {"sqs": statements.every_action("sqs"), "sns": sns.Publish}[service]
    return Statement(
        Sid="DenyPlainTransport",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[action],
        Resource=[resource_arn],
        Condition=statements.all_of(Bool("aws:SecureTransport", "false")),
    )
