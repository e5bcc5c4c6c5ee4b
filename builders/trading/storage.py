"""The storage tier: buckets for raw data, processed analytics, archive and access logs, and the queue of new objects."""

from __future__ import annotations

from troposphere.s3 import (
    Filter,
    NotificationConfiguration,
    QueueConfigurations,
    Rules,
    S3Key,
)

from builders.contract import ports
from builders.contract.functions import visibility_timeout_seconds
from builders.contract.names import Names, bucket_name_text
from builders.contract.template import TierTemplate
from builders.iam import arns
from builders.parts.buckets import BuiltBucket, add_access_log_bucket, add_bucket, lifecycle
from builders.parts.queues import BuiltQueue, add_dead_letter_queue, add_queue, send_from
from builders.trading import facts

IDEMPOTENCY_DAYS = 7
QUERY_RESULTS_DAYS = 7
OBJECT_RECEIVES = 50
"""Enough for an outage of about eleven hours. Unreadable objects go to quarantine at once, so a message returns only because
of an outage or because its batch waits for other batches."""
ACCESS_LOGS_EXPIRE_AFTER_DAYS = 365
"""PCI DSS 4.0.1 requirement 10.5.1 demands twelve months of audit trail."""


def build(platform: str, names: Names) -> TierTemplate:
    """Builds the buckets and the queue.

    The queue comes first, because S3 checks that it may send before it accepts a bucket's notification.
    """
    template = TierTemplate(
        platform, "Buckets of raw, processed and archived market data, and the queue of new objects."
    )
    log_bucket = add_access_log_bucket(
        template, "AccessLogBucket", names, rules=lifecycle(expire_after_days=ACCESS_LOGS_EXPIRE_AFTER_DAYS)
    )
    add_data_buckets(template, log_bucket, add_object_queue(template))
    template.export(ports.ACCESS_LOG_BUCKET, log_bucket.name)
    return template


def add_data_buckets(template: TierTemplate, log_bucket: BuiltBucket, queue: BuiltQueue) -> None:
    """Adds the buckets of raw, processed and archived data. S3 sends a message to the queue for each new raw object."""
    key = template.use(ports.DATA_KEY)
    raw = add_bucket(
        template,
        "RawBucket",
        "raw",
        key=key,
        log_bucket=log_bucket.name,
        rules=lifecycle(expire_prefixes={facts.IDEMPOTENCY_PREFIX: IDEMPOTENCY_DAYS}),
        DependsOn=queue.policy,
        NotificationConfiguration=notify(queue),
    )
    processed = add_bucket(
        template,
        "ProcessedBucket",
        "processed",
        key=key,
        log_bucket=log_bucket.name,
        rules=lifecycle(expire_prefixes={facts.QUERY_RESULTS_PREFIX: QUERY_RESULTS_DAYS}),
    )
    archive = add_bucket(
        template, "ArchiveBucket", "archive", key=key, log_bucket=log_bucket.name, rules=lifecycle(deep_archive=True)
    )
    for bucket, name, arn in (
        (raw, ports.RAW_BUCKET, ports.RAW_BUCKET_ARN),
        (processed, ports.PROCESSED_BUCKET, ports.PROCESSED_BUCKET_ARN),
        (archive, ports.ARCHIVE_BUCKET, ports.ARCHIVE_BUCKET_ARN),
    ):
        template.export(name, bucket.name)
        template.export(arn, bucket.arn)


def add_object_queue(template: TierTemplate) -> BuiltQueue:
    """Adds the queue between the raw bucket and processing, and its dead-letter queue."""
    dead_letters = add_dead_letter_queue(template, "ObjectDeadLetters", "object-dead-letters")
    raw_arn = arns.bucket(bucket_name_text(template.platform, "raw"))
    queue_arn = arns.arn("sqs", f"{template.name_text('objects')}")
    queue = add_queue(
        template,
        "ObjectQueue",
        "objects",
        visibility_seconds=visibility_timeout_seconds("process"),
        dead_letters=dead_letters,
        max_receives=OBJECT_RECEIVES,
        senders=[send_from("NewRawObjects", "s3", queue_arn, raw_arn)],
    )
    template.export(ports.OBJECT_QUEUE_ARN, queue.arn)
    template.export(ports.OBJECT_QUEUE_URL, queue.url)
    template.export(ports.OBJECT_QUEUE_NAME, queue.name)
    template.export(ports.OBJECT_DEAD_LETTERS_NAME, dead_letters.name)
    return queue


def notify(queue: BuiltQueue) -> NotificationConfiguration:
    """S3 sends a message for each new object under the raw prefix."""
    return NotificationConfiguration(
        QueueConfigurations=[
            QueueConfigurations(
                Event="s3:ObjectCreated:*",
                Queue=queue.arn,
                Filter=Filter(S3Key=S3Key(Rules=[Rules(Name="prefix", Value=facts.RAW_PREFIX)])),
            )
        ]
    )
