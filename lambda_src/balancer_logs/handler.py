"""SQS messages with S3 events → lines of access-log files in a log group. SQS delivers failed messages again."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from common import s3_events, settings
from common.clients import client
from common.observe import count, describe, logger, observed

from .files import copy_file

PREFIX = "balancer/"
SUFFIX = ".log.gz"


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the Lambda function; returns a partial batch response, even if all messages failed."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, _process_message, processor, context))


def log_files_of(body: str) -> list[tuple[str, str]]:
    """Bucket and key of the new log files in an S3 event. Logs other objects and leaves them out.

    Raises ValueError or KeyError for a body that is not an S3 event. Such a message ends in the dead-letter queue.
    """
    files = []
    for bucket, key in s3_events.objects_of(body):
        if key.startswith(PREFIX) and key.endswith(SUFFIX):
            files.append((bucket, key))
        else:
            logger.warning("object is not a balancer's log", extra={"bucket": bucket, "key": key})
    return files


def _process_message(record: SQSRecord) -> None:
    group = settings.required("BALANCER_LOG_GROUP")
    try:
        for bucket, key in log_files_of(record.body):
            counts = copy_file(client("s3"), client("logs"), bucket, key, group)
            if counts is None:
                logger.warning("log file does not exist any more", extra={"key": key})
                continue
            count("LogFilesRead")
            count("LogLinesWritten", counts.written)
            count("LogLinesMalformed", counts.malformed)
            count("LogLinesRejected", counts.rejected)
            logger.info("log file written", extra={"key": key, "lines": counts.written, "malformed": counts.malformed})
    except Exception as error:
        # Powertools turns the error into a batch item failure without logging it.
        count("MessagesFailed")
        logger.error("message failed", extra={"message_id": record.message_id, **describe(error)})
        raise
