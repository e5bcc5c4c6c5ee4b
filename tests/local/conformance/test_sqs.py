"""Visibility, redrive and settings of queues."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import (
    ACCOUNT,
    REGION,
    allow,
    assume,
    document,
    error_of,
    is_denied,
    role,
    unique,
)
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator


class Queue:
    """A queue of one test."""

    def __init__(self, cloud: EmbeddedCloud, **attributes: str) -> None:
        self.api, self.name = cloud.client("sqs"), unique("conformance")
        self.url = self.api.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    def send(self, body: str = "x", **options: Any) -> str:
        return str(self.api.send_message(QueueUrl=self.url, MessageBody=body, **options)["MessageId"])

    def receive(self, **options: Any) -> list[dict[str, Any]]:
        answer = self.api.receive_message(QueueUrl=self.url, MessageSystemAttributeNames=["All"], **options)
        return list(answer.get("Messages", []))

    def attributes(self) -> dict[str, str]:
        return dict(self.api.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"])


@pytest.fixture
def queue(cloud: EmbeddedCloud) -> Iterator[Queue]:
    made = Queue(cloud)
    yield made
    made.api.delete_queue(QueueUrl=made.url)


def with_dead_letters(cloud: EmbeddedCloud, receptions: int = 1) -> tuple[Queue, Queue]:
    dead = Queue(cloud)
    policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": receptions}
    return Queue(cloud, RedrivePolicy=json.dumps(policy)), dead


def test_received_message_is_invisible(queue: Queue) -> None:
    sent = queue.send()
    assert [message["MessageId"] for message in queue.receive(VisibilityTimeout=1)] == [sent]
    assert queue.receive() == []
    assert eventually(queue.receive, 5)[0]["MessageId"] == sent


def test_visibility_of_one_message_changes(queue: Queue) -> None:
    queue.send()
    (message,) = queue.receive(VisibilityTimeout=60)
    queue.api.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = queue.receive(VisibilityTimeout=0)
    (third,) = queue.receive(VisibilityTimeout=1)
    queue.api.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=third["ReceiptHandle"], VisibilityTimeout=60)
    assert again["MessageId"] == message["MessageId"]
    time.sleep(1.2)
    assert queue.receive() == []


def test_deleted_message_is_gone(queue: Queue) -> None:
    queue.send()
    (message,) = queue.receive(VisibilityTimeout=0)
    queue.api.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    assert queue.receive() == []


def test_receive_count_grows(queue: Queue) -> None:
    queue.send(MessageAttributes={"kind": {"DataType": "String", "StringValue": "test"}})
    counts = [queue.receive(VisibilityTimeout=0)[0]["Attributes"]["ApproximateReceiveCount"] for _ in range(3)]
    assert counts == ["1", "2", "3"]
    (message,) = queue.receive(MessageAttributeNames=["All"])
    assert message["MessageAttributes"]["kind"]["StringValue"] == "test"


def test_redrive_moves_to_the_dead_letter_queue(cloud: EmbeddedCloud) -> None:
    queue, dead = with_dead_letters(cloud, 2)
    sent = queue.send("poison")
    for _ in range(2):
        assert len(queue.receive(VisibilityTimeout=0)) == 1
    assert queue.receive(VisibilityTimeout=0) == []
    (letter,) = eventually(dead.receive, 5)
    assert (letter["MessageId"], letter["Body"]) == (sent, "poison")


def test_redrive_allow_policy_names_sources(cloud: EmbeddedCloud) -> None:
    dead = Queue(cloud, RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    code = error_of(cloud.client("sqs").create_queue, QueueName=unique("q"), Attributes={"RedrivePolicy": redrive})
    assert code in ("InvalidParameterValue", "AWS.SimpleQueueService.InvalidParameterValue", "InvalidAttributeValue")


def test_move_task_returns_dead_letters(cloud: EmbeddedCloud) -> None:
    queue, dead = with_dead_letters(cloud)
    queue.send("returned")
    queue.receive(VisibilityTimeout=0)
    queue.receive(VisibilityTimeout=0)
    eventually(lambda: dead.attributes()["ApproximateNumberOfMessages"] == "1", 5)
    dead.api.start_message_move_task(SourceArn=dead.arn)

    def finished() -> Any:
        results = dead.api.list_message_move_tasks(SourceArn=dead.arn)["Results"]
        return results if results[0]["Status"] == "COMPLETED" else None

    (task,) = eventually(finished)
    assert task["ApproximateNumberOfMessagesMoved"] == 1
    assert eventually(queue.receive, 5)[0]["Body"] == "returned"


def test_move_task_needs_a_dead_letter_queue(queue: Queue) -> None:
    code = error_of(queue.api.start_message_move_task, SourceArn=queue.arn)
    assert code in (
        "InvalidParameterValue",
        "AWS.SimpleQueueService.InvalidParameterValue",
        "ResourceNotFoundException",
    )


def test_long_poll_waits_for_a_message(queue: Queue) -> None:
    begun = time.monotonic()
    timer = threading.Timer(1.0, queue.send)
    timer.start()
    assert len(queue.receive(WaitTimeSeconds=10)) == 1
    timer.join()
    assert 0.5 < time.monotonic() - begun < 5


def test_delayed_message_comes_later(queue: Queue) -> None:
    queue.send(DelaySeconds=1)
    assert queue.receive() == []
    assert len(eventually(queue.receive, 5)) == 1


def test_attributes_tell_settings_and_counts(cloud: EmbeddedCloud) -> None:
    queue = Queue(cloud, VisibilityTimeout="77", MessageRetentionPeriod="1209600")
    queue.send()
    queue.send()
    queue.receive()
    attributes = queue.attributes()
    assert (attributes["VisibilityTimeout"], attributes["MessageRetentionPeriod"]) == ("77", "1209600")
    assert attributes["QueueArn"] == queue.arn
    assert attributes["ApproximateNumberOfMessages"] == "1"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_unknown_queue_is_an_error(cloud: EmbeddedCloud) -> None:
    api = cloud.client("sqs")
    with pytest.raises(api.exceptions.QueueDoesNotExist):
        api.get_queue_url(QueueName=unique("nothing"))


def test_queue_policy_lets_a_service_send(cloud: EmbeddedCloud, queue: Queue) -> None:
    s3, bucket = cloud.client("s3"), unique("sending")
    s3.create_bucket(Bucket=bucket)
    notify = {"QueueConfigurations": [{"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}]}
    assert error_of(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=notify) == (
        "InvalidArgument"
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    queue.api.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": document(statement)})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notify)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    eventually(lambda: any("ObjectCreated" in message["Body"] for message in queue.receive()), 5)


def test_deny_in_a_queue_policy_wins(cloud: EmbeddedCloud, queue: Queue) -> None:
    denied = role(cloud, allow("sqs:SendMessage", queue.arn))
    others = role(cloud, allow("sqs:SendMessage", queue.arn))
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnEquals": {"aws:PrincipalArn": denied}},
    }
    queue.api.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": document(statement)})
    for sender, is_stopped in ((denied, True), (others, False)):
        send = cloud.client("sqs", assume(cloud, sender)).send_message
        assert is_denied(send, QueueUrl=queue.url, MessageBody="x") is is_stopped


def test_queue_names_its_key(cloud: EmbeddedCloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    queue = Queue(cloud, KmsMasterKeyId=key, KmsDataKeyReusePeriodSeconds="600")
    attributes = queue.attributes()
    assert (attributes["KmsMasterKeyId"], attributes["KmsDataKeyReusePeriodSeconds"]) == (key, "600")
    queue.send("sealed")
    assert [message["Body"] for message in queue.receive()] == ["sealed"]
