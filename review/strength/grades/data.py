"""Grades of what protects data, where more than one property decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from review.strength.measures import Key, at, same_text
from review.strength.order import Rank
from review.strength.values import UNKNOWN, Unknown, is_empty, is_function, items, number, text, truth

_KEY = Key()


def bucket_encryption(value: Any) -> Rank:
    """The weakest default encryption that a bucket's rules give: none stated, AES256, a key of AWS, an own key.

    S3 encrypts with AES256 where a bucket states nothing, but then nothing in the template says so:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    """
    rules = items(at(value, "ServerSideEncryptionConfiguration") if isinstance(value, Mapping) else None)
    if isinstance(rules, Unknown):
        return UNKNOWN
    ranks = [_bucket_rule(at(rule, "ServerSideEncryptionByDefault")) for rule in rules]
    return UNKNOWN if UNKNOWN in ranks else min(ranks, default=0)


def _bucket_rule(default: Any) -> Rank:
    algorithm = text(at(default, "SSEAlgorithm"))
    if isinstance(algorithm, Unknown):
        return UNKNOWN
    if algorithm == "AES256":
        return 1
    key = _KEY.rank(at(default, "KMSMasterKeyID"))
    return key if key is UNKNOWN else 2 + (key == 2)


def table_encryption(value: Any) -> Rank:
    """A key that DynamoDB owns, one that AWS manages in the account, or an own key.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
    """
    enabled = truth(at(value, "SSEEnabled") or False)
    if isinstance(enabled, Unknown) or not enabled:
        return UNKNOWN if isinstance(enabled, Unknown) else 0
    key = _KEY.rank(at(value, "KMSMasterKeyId"))
    return key if key is UNKNOWN else max(key, 1)


def stream_encryption(value: Any) -> Rank:
    """None, the key of AWS, or an own key."""
    kind = at(value, "EncryptionType")
    if is_empty(value) or same_text(kind or "", "NONE"):
        return 0
    return UNKNOWN if is_function(kind) else _KEY.rank(at(value, "KeyId"))


def queue_encryption(value: Any) -> Rank:
    """None, SSE-SQS, or a key. A new queue has SSE-SQS unless it is switched off.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
    """
    key = _KEY.rank(at(value, "KmsMasterKeyId"))
    if key is UNKNOWN or key:
        return key if key is UNKNOWN else key + 1
    managed = at(value, "SqsManagedSseEnabled")
    switch = truth(True if managed is None else managed)
    return switch if isinstance(switch, Unknown) else int(switch)


def expiry_days(*paths: str) -> Any:
    """A grade of an S3 lifecycle rule: after how many days objects are deleted; never, without an enabled expiry."""

    def days(rule: Any) -> Rank:
        if rule is None or same_text(at(rule, "Status") or "", "Disabled"):
            return math.inf
        values = [value for value in (at(rule, path) for path in paths) if value is not None]
        amounts = [number(value) for value in values]
        return UNKNOWN if UNKNOWN in amounts else min(amounts, default=math.inf)  # type: ignore[type-var]

    return days


def lock_time(value: Any) -> Rank:
    """The days of a default retention, which is given in days or in years."""
    days, years = number(at(value, "Days") or 0), number(at(value, "Years") or 0)
    return UNKNOWN if isinstance(days, Unknown) or isinstance(years, Unknown) else days + 365 * years


def protection_mode(value: Any) -> Rank:
    """Whether a protection that is a mapping with a ``Mode`` is on."""
    return truth(at(value, "Mode") or "DISABLED")


def insights_encryption(value: Any) -> Rank:
    """The key of Performance Insights, which holds statements. Without insights there is nothing to encrypt."""
    switch = at(value, "EnablePerformanceInsights") or at(value, "PerformanceInsightsEnabled") or False
    enabled = truth(switch)
    if isinstance(enabled, Unknown):
        return UNKNOWN
    if not enabled:
        return 2
    key = at(value, "PerformanceInsightsKMSKeyId") or at(value, "PerformanceInsightsKmsKeyId")
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Enabling.html: the key of AWS by default
    rank = _KEY.rank(key)
    return rank if rank is UNKNOWN else max(rank, 1)
