"""The queue of new raw objects and its dead letters: how many there are, and their way back."""

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
PATIENCE_POLLS = 30  # for a started task to be shown
BATCH = 10  # SQS takes no more in one call
HIDDEN_SECONDS = 60
# How a service says that it has no message move tasks, as the embedded AWS has none.
NO_MOVE_TASKS = frozenset({"InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"})


@dataclass(frozen=True)
class ObjectQueue:
    """The queue that the raw bucket notifies, and its dead letters."""

    url: str
    dead_letters_url: str
    dead_letters_arn: str


def find(s3: Any, sqs: Any, bucket: str, prefix: str) -> ObjectQueue:
    """The queue, as the bucket's own notification names it. Raises ReplayError where there is none."""
    found = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
    arns = [one["QueueArn"] for one in found if _prefix(one) == prefix]
    if len(arns) != 1:
        what = f"{bucket} notifies {len(arns)} queues of new objects below {prefix}, not one."
        raise ReplayError(what, "Deploy the platform again, then repeat.")
    url = _url(sqs, arns[0])
    redrive = _attributes(sqs, url, "RedrivePolicy").get("RedrivePolicy")
    if not redrive:
        raise ReplayError(f"The queue {arns[0]} has no dead letters.", "Deploy the platform again, then repeat.")
    dead = str(json.loads(redrive)["deadLetterTargetArn"])
    return ObjectQueue(url, _url(sqs, dead), dead)


def waiting(sqs: Any, queue: ObjectQueue) -> int:
    """How many dead letters there are, about: SQS counts no more exactly."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    return sum(int(value) for value in _attributes(sqs, queue.dead_letters_url, *names).values())


def announce(sqs: Any, queue: ObjectQueue, bucket: str, key: str) -> None:
    """Put an object into the queue, in the words in which S3 announces a new one. SQS keeps it once this returns."""
    record = {"eventSource": "platform:replay", "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}
    sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps({"Records": [record]}))


def move(sqs: Any, queue: ObjectQueue, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> int:
    """Move all dead letters back to the queue; gives how many.

    SQS does it by itself (StartMessageMoveTask): a task goes on when this process ends, and one that runs is followed
    instead of starting a second. Raises ReplayError when it fails.
    """
    try:
        before = _latest(sqs, queue)
        if before is None or before["Status"] not in ("RUNNING", "CANCELLING"):
            sqs.start_message_move_task(SourceArn=queue.dead_letters_arn)
            return _follow(sqs, queue, say, sleep, after=before)
    except ClientError as error:
        if code_of(error) not in NO_MOVE_TASKS:
            raise
        say("SQS has no move tasks here; the dead letters are moved one by one")
        return _move_one_by_one(sqs, queue)
    return _follow(sqs, queue, say, sleep)


def _follow(
    sqs: Any, queue: ObjectQueue, say: Callable[[str], None], sleep: Callable[[float], None], after: Any = None
) -> int:
    """Wait for the newest task to end. ``after`` is the one before it, which SQS may still show for a moment."""
    polls = 0
    while True:
        task = _latest(sqs, queue)
        if task is None or (after is not None and task.get("StartedTimestamp") == after.get("StartedTimestamp")):
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
            raise ReplayError(
                what, "Those that are left are still in the dead-letter queue; mend the cause, then repeat."
            )
        say(f"{moved} dead letters moved so far")
        sleep(POLL_SECONDS)


def _latest(sqs: Any, queue: ObjectQueue) -> Any:
    """The newest move task of the dead letters, or None."""
    tasks = sqs.list_message_move_tasks(SourceArn=queue.dead_letters_arn, MaxResults=1).get("Results", [])
    return tasks[0] if tasks else None


def _move_one_by_one(sqs: Any, queue: ObjectQueue) -> int:
    """Send first, then delete: who dies in between leaves a message twice, which processing does not mind."""
    moved = 0
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue.dead_letters_url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,
        )
        messages = answer.get("Messages", [])
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
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})
    return found
