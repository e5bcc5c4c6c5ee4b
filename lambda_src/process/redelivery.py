"""When a message that was not processed comes again: soon, instead of after the queue's own visibility timeout.

That one is six times the function's timeout, for a function that died; half an hour. A message that was only put off
(``LaterError``: others of its symbols were faster, or the time was short) comes again after seconds, one that failed
after a pause that doubles with each attempt, so an outage of minutes costs minutes and one of hours few attempts.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.observe import describe, logger

from .apply import LaterError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

LATER_SECONDS = 15
FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 900


def pause_seconds(error: Exception, attempts: int) -> int:
    """Seconds until a message comes again that was received ``attempts`` times, this one included."""
    if isinstance(error, LaterError):
        return LATER_SECONDS
    return int(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 10)))


def schedule(sqs: Any, queue_url: str, record: SQSRecord, error: Exception) -> None:
    """Make the message visible after its pause. Where SQS refuses, the queue's visibility timeout holds."""
    from botocore.exceptions import BotoCoreError, ClientError

    attempts = int(record.attributes.approximate_receive_count or 1)
    try:
        sqs.change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=pause_seconds(error, attempts)
        )
    except (ClientError, BotoCoreError) as refusal:
        logger.warning("message comes again late", extra={"message_id": record.message_id, **describe(refusal)})
