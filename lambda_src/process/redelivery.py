"""Schedules the next delivery of a message that was not processed.

Without that, SQS waits for the queue's visibility timeout, which is made for a function that died: six times the
function's timeout, half an hour. A postponed message (``PostponedError``: other batches of its symbols were faster, or
the time was short) comes again after seconds. A failed message comes again after a pause that doubles with each attempt,
so that an outage of minutes costs minutes and an outage of hours costs few attempts.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.observe import describe, logger

from .batches import PostponedError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

POSTPONED_PAUSE_SECONDS = 15
FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 900


def pause_seconds(error: Exception, attempts: int) -> int:
    """Seconds until the next delivery of a message that was received ``attempts`` times, including this one."""
    if isinstance(error, PostponedError):
        return POSTPONED_PAUSE_SECONDS
    return int(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 10)))


def schedule(sqs: Any, queue_url: str, record: SQSRecord, error: Exception) -> None:
    """Make the message visible after its pause. If SQS rejects that, the queue's visibility timeout applies."""
    from botocore.exceptions import BotoCoreError, ClientError

    attempts = int(record.attributes.approximate_receive_count or 1)
    try:
        sqs.change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=pause_seconds(error, attempts)
        )
    except (ClientError, BotoCoreError) as rejection:
        logger.warning("message comes again late", extra={"message_id": record.message_id, **describe(rejection)})
