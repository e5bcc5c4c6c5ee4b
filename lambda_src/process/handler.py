"""SQS messages with S3 events → ``Pipeline``. SQS delivers only the failed messages again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from common import s3_events, settings
from common.clients import client
from common.database import (
    CONNECT_TIMEOUT_SECONDS,
    RESUME_TIMEOUT_SECONDS,
    Database,
    Target,
    pauses,
    session_options,
)
from common.errors import ConfigurationError
from common.observe import count, describe, logger, observed

from . import redelivery
from .batches import PostponedError
from .pipeline import RAW_PREFIX, SUFFIX, Buckets, Pipeline

# The largest object may take so long once it has its locks. Work begins only if the invocation has so much time left.
WORK_SECONDS = 60
# A statement of the largest batch takes seconds. These do not bound the wait for the locks of symbols and hours, which
# lasts as long as the invocation allows (``apply``).
SESSION_TIMEOUTS_MILLISECONDS = {
    "statement_timeout": 60_000,
    "lock_timeout": 20_000,
    "idle_in_transaction_session_timeout": 60_000,
}


@dataclass
class OutOfTimeError(PostponedError):
    """The messages before this one used the invocation's time."""

    needed_seconds: float

    def __str__(self) -> str:
        return f"less than {self.needed_seconds:.0f} s of the invocation were left"


@cache
def _pipeline() -> Pipeline:
    buckets = Buckets(
        settings.required("RAW_BUCKET"), settings.required("PROCESSED_BUCKET"), settings.required("ARCHIVE_BUCKET")
    )
    options = session_options(**SESSION_TIMEOUTS_MILLISECONDS)
    # A message must not fail because the database resumes, so it waits.
    timeout_seconds = RESUME_TIMEOUT_SECONDS if pauses() else CONNECT_TIMEOUT_SECONDS
    database = Database(lambda: Target.from_environment(options), timeout_seconds=timeout_seconds)
    return Pipeline(client("s3"), database, buckets, _window_days())


def _window_days() -> int:
    """Raises ConfigurationError."""
    text = settings.optional("DEDUPLICATION_WINDOW_DAYS", "0")
    if not text.isdecimal():
        raise ConfigurationError("DEDUPLICATION_WINDOW_DAYS", f"{text!r} is not a number of days")
    return int(text)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the Lambda function; returns a partial batch response, even if all messages failed."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    response = process_partial_response(event, _process_message, processor, context)
    return dict(response)


def keys_of(body: str, raw_bucket: str) -> list[str]:
    """The keys of new market data in an S3 event. Logs other objects and leaves them out.

    Raises ValueError or KeyError for a body that is not an S3 event. Such a message ends in the dead-letter queue.
    """
    keys = []
    for bucket, key in s3_events.objects_of(body):
        if bucket == raw_bucket and key.startswith(RAW_PREFIX) and key.endswith(SUFFIX):
            keys.append(key)
        else:
            logger.warning("object is not market data", extra={"bucket": bucket, "key": key})
    return keys


def _process_message(record: SQSRecord, lambda_context: Any) -> None:
    pipeline = _pipeline()
    try:
        for key in keys_of(record.body, pipeline.buckets.raw):
            patience_seconds = lambda_context.get_remaining_time_in_millis() / 1000 - WORK_SECONDS
            if patience_seconds <= 0:
                raise OutOfTimeError(WORK_SECONDS)
            pipeline.process(key, time.monotonic() + patience_seconds)
    except Exception as error:
        _report(record, error)
        redelivery.schedule(client("sqs"), settings.required("OBJECT_QUEUE_URL"), record, error)
        raise


def _report(record: SQSRecord, error: Exception) -> None:
    """Log the reason, because Powertools turns the error into a batch item failure without logging it."""
    if isinstance(error, PostponedError):
        count("MessagesPutOff")
        logger.info("message postponed", extra={"message_id": record.message_id, "reason": str(error)})
        return
    count("MessagesFailed")
    logger.error("message failed", extra={"message_id": record.message_id, **describe(error)})
