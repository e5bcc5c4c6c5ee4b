"""The queue of new raw objects and its dead letters: how many exist, and how they return to the queue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError

from deploy.errors import ReplayError
from deploy.session import code_of

POLL_SECONDS = 2.0
PATIENCE_POLLS = 30  # until SQS shows a started task
BATCH = 10  # SQS takes no more in one call
HIDDEN_SECONDS = 60
DEPLOY_AGAIN = "Deploy the platform again, then repeat."
# The error codes of a service without message move tasks, such as the embedded AWS.
NO_MOVE_TASKS = frozenset({"InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"})


@dataclass(frozen=True)
class ObjectQueue:
    """The queue that the raw bucket notifies, and its dead letters."""

    url: str
    dead_letters_url: str
    dead_letters_arn: str


def find_queue(s3: Any, sqs: Any, bucket: str, prefix: str) -> ObjectQueue:
    """The queue that the bucket's notification configuration names.

    Raises:
        ReplayError: The bucket notifies no queue, or the queue has no dead letters.
    """
    configurations = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
    arns = [configuration["QueueArn"] for configuration in configurations if _prefix(configuration) == prefix]
    if len(arns) != 1:
        what = f"{bucket} notifies {len(arns)} queues of new objects below {prefix}, not one."
        raise ReplayError(what, DEPLOY_AGAIN)
    url = _url(sqs, arns[0])
    redrive = _attributes(sqs, url, "RedrivePolicy").get("RedrivePolicy")
    if not redrive:
        raise ReplayError(f"The queue {arns[0]} has no dead letters.", DEPLOY_AGAIN)
    dead_letters = str(json.loads(redrive)["deadLetterTargetArn"])
    return ObjectQueue(url, _url(sqs, dead_letters), dead_letters)


def count_dead_letters(sqs: Any, queue: ObjectQueue) -> int:
    """How many dead letters exist, approximately: SQS has no exact count."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    return sum(int(value) for value in _attributes(sqs, queue.dead_letters_url, *names).values())


def announce_object(sqs: Any, queue: ObjectQueue, bucket: str, key: str) -> None:
    """Put an object into the queue, in the form in which S3 announces a new one. SQS keeps it when this returns."""
    record = {"eventSource": "platform:replay", "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}
    sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps({"Records": [record]}))


def move_dead_letters(
    sqs: Any, queue: ObjectQueue, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> int:
    """Move all dead letters back to the queue.

    SQS moves them on its own (StartMessageMoveTask): a task continues when this process ends, and one that runs already is
    followed instead of a second one.

    Returns:
        How many were moved.

    Raises:
        ReplayError: The task failed.
    """
    try:
        previous = _latest_task(sqs, queue)
        if previous is None or previous["Status"] not in ("RUNNING", "CANCELLING"):
            sqs.start_message_move_task(SourceArn=queue.dead_letters_arn)
            return _follow(sqs, queue, say, sleep, previous=previous)
    except ClientError as error:
        if code_of(error) not in NO_MOVE_TASKS:
            raise
        say("SQS has no move tasks here; the dead letters are moved one by one")
        return _move_one_by_one(sqs, queue)
    return _follow(sqs, queue, say, sleep)


def _follow(
    sqs: Any, queue: ObjectQueue, say: Callable[[str], None], sleep: Callable[[float], None], previous: Any = None
) -> int:
    """Wait for the newest task to end. SQS may still show the ``previous`` one for a moment."""
    polls = 0
    while True:
        task = _latest_task(sqs, queue)
        if task is None or (previous is not None and _started(task) == _started(previous)):
            polls += 1
            if polls > PATIENCE_POLLS:
                raise ReplayError("SQS does not show the move of dead letters that was started.", "Repeat the command.")
            sleep(POLL_SECONDS)
            continue
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        if task["Status"] == "COMPLETED":
            return moved
        if task["Status"] in ("FAILED", "CANCELLED"):
            reason = task.get("FailureReason", task["Status"].lower())
            what = f"SQS stopped moving dead letters after {moved}: {reason}."
            raise ReplayError(what, "The others are still in the dead-letter queue; fix the cause, then repeat.")
        say(f"{moved} dead letters moved so far")
        sleep(POLL_SECONDS)


def _latest_task(sqs: Any, queue: ObjectQueue) -> Any:
    """The newest move task of the dead letters, or None."""
    tasks = sqs.list_message_move_tasks(SourceArn=queue.dead_letters_arn, MaxResults=1).get("Results", [])
    return tasks[0] if tasks else None


def _started(task: Any) -> Any:
    return task.get("StartedTimestamp")


def _move_one_by_one(sqs: Any, queue: ObjectQueue) -> int:
    """Send each message, then delete it. A crash in between leaves a message twice, which processing tolerates."""
    moved = 0
    while True:
        response = sqs.receive_message(
            QueueUrl=queue.dead_letters_url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,
        )
        messages = response.get("Messages", [])
        if not messages:
            return moved
        for message in messages:
            sqs.send_message(QueueUrl=queue.url, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=queue.dead_letters_url, ReceiptHandle=message["ReceiptHandle"])
        moved += len(messages)


def _prefix(configuration: Any) -> str:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return "".join(str(rule["Value"]) for rule in rules if rule["Name"].lower() == "prefix")


def _url(sqs: Any, arn: str) -> str:
    account, name = arn.split(":")[4:6]
    return str(sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])


def _attributes(sqs: Any, url: str, *names: str) -> dict[str, str]:
    attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get(
        "Attributes", {}
    )
    return attributes
