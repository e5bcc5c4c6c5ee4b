"""The storage tier: buckets for raw data, processed analytics, archive and access logs, and the queue of new objects."""

from __future__ import annotations

from troposphere import GetAtt, Ref
from troposphere.s3 import (
    Filter,
    NotificationConfiguration,
    QueueConfigurations,
    Rules,
    S3Key,
)
from troposphere.sqs import Queue

from builders.contract import ports
from builders.contract.functions import hidden_seconds
from builders.contract.names import bucket_name_text
from builders.contract.template import TierTemplate
from builders.iam import arns
from builders.parts.buckets import add_access_log_bucket, add_bucket, lifecycle
from builders.parts.queues import add_dead_letter_queue, add_queue, send_from
from builders.trading import facts

IDEMPOTENCY_DAYS = 7
QUERY_RESULTS_DAYS = 7
OBJECT_RECEIVES = 50
"""What cannot be read goes to quarantine at once, so only outages and the wait for others bring a message back: these
are some eleven hours of an outage."""
ACCESS_LOGS_EXPIRE_AFTER = 365
"""Days: PCI DSS 4.0.1 requirement 10.5.1 asks for twelve months of audit trail."""


def build(platform: str) -> TierTemplate:
    """The queue first: S3 checks that it may send before it takes the notification of a bucket."""
    template = TierTemplate(
        platform, "Buckets of raw, processed and archived market data, and the queue of new objects."
    )
    log_bucket = add_access_log_bucket(
        template, "AccessLogBucket", "logs", rules=lifecycle(expire_after=ACCESS_LOGS_EXPIRE_AFTER)
    )
    queue = add_object_queue(template)
    key = template.use(ports.DATA_KEY)
    raw = add_bucket(
        template,
        "RawBucket",
        "raw",
        key=key,
        log_bucket=Ref(log_bucket),
        rules=lifecycle(expire_prefixes={facts.IDEMPOTENCY_PREFIX: IDEMPOTENCY_DAYS}),
        DependsOn=f"{queue.title}Policy",
        NotificationConfiguration=notify(queue),
    )
    processed = add_bucket(
        template,
        "ProcessedBucket",
        "processed",
        key=key,
        log_bucket=Ref(log_bucket),
        rules=lifecycle(expire_prefixes={facts.QUERY_RESULTS_PREFIX: QUERY_RESULTS_DAYS}),
    )
    archive = add_bucket(
        template, "ArchiveBucket", "archive", key=key, log_bucket=Ref(log_bucket), rules=lifecycle(deep_archive=True)
    )
    for bucket, name, arn in (
        (raw, ports.RAW_BUCKET, ports.RAW_BUCKET_ARN),
        (processed, ports.PROCESSED_BUCKET, ports.PROCESSED_BUCKET_ARN),
        (archive, ports.ARCHIVE_BUCKET, ports.ARCHIVE_BUCKET_ARN),
    ):
        template.export(name, Ref(bucket))
        template.export(arn, GetAtt(bucket, "Arn"))
    template.export(ports.ACCESS_LOG_BUCKET, Ref(log_bucket))
    return template


def add_object_queue(template: TierTemplate) -> Queue:
    """The queue between the raw bucket and processing, and its dead letters."""
    dead_letters = add_dead_letter_queue(template, "ObjectDeadLetters", "object-dead-letters")
    raw_arn = arns.bucket(bucket_name_text(template.platform, "raw"))
    queue_arn = arns.arn("sqs", f"{template.name_text('objects')}")
    queue = add_queue(
        template,
        "ObjectQueue",
        "objects",
        visibility=hidden_seconds("process"),
        dead_letters=dead_letters,
        max_receives=OBJECT_RECEIVES,
        senders=[send_from("NewRawObjects", "s3", queue_arn, raw_arn)],
    )
    template.export(ports.OBJECT_QUEUE_ARN, GetAtt(queue, "Arn"))
    template.export(ports.OBJECT_QUEUE_URL, Ref(queue))
    template.export(ports.OBJECT_QUEUE_NAME, GetAtt(queue, "QueueName"))
    template.export(ports.OBJECT_DEAD_LETTERS_NAME, GetAtt(dead_letters, "QueueName"))
    return queue


def notify(queue: Queue) -> NotificationConfiguration:
    """Every new object below the raw prefix becomes a message."""
    return NotificationConfiguration(
        QueueConfigurations=[
            QueueConfigurations(
                Event="s3:ObjectCreated:*",
                Queue=GetAtt(queue, "Arn"),
                Filter=Filter(S3Key=S3Key(Rules=[Rules(Name="prefix", Value=facts.RAW_PREFIX)])),
            )
        ]
    )
