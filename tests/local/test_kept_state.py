"""What the emulator acknowledged survives its orderly stop, whatever is written at that moment. A kill is another matter."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from local.cloud import EmbeddedCloud
from local.host.guard import living_processes
from tests.local.support.databases import DATABASE, master
from tests.local.support.processes import wait_until_gone
from tests.local.support.stacks import change, delete
from tests.local.support.waiting import eventually

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

WRITES_BEFORE_THE_STOP = 5


@dataclass(frozen=True)
class Store:
    """A store of the emulator.

    Attributes:
        service: its name in boto3.
        create: creates it.
        write: writes a number into it.
        read: returns the numbers in it.
    """

    service: str
    create: Callable[[Any], object]
    write: Callable[[Any, int], object]
    read: Callable[[Any], set[int]]


def pages(client: Any, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    yield from client.get_paginator(operation).paginate(**arguments)


def queue_url(client: Any) -> str:
    return str(client.get_queue_url(QueueName="kept")["QueueUrl"])


def create_table(client: Any) -> None:
    client.create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def create_log(client: Any) -> None:
    client.create_log_group(logGroupName="kept")
    client.create_log_stream(logGroupName="kept", logStreamName="kept")


def log(client: Any, number: int) -> None:
    event = {"timestamp": int(time.time() * 1000), "message": str(number)}
    client.put_log_events(logGroupName="kept", logStreamName="kept", logEvents=[event])


def objects(client: Any) -> set[int]:
    """The numbers whose object is whole: its content and its metadata."""
    keys = [entry["Key"] for page in pages(client, "list_objects_v2", Bucket="kept") for entry in page["Contents"]]
    answers = {key: client.get_object(Bucket="kept", Key=key) for key in keys}
    return {
        int(key)
        for key, answer in answers.items()
        if answer["Metadata"]["number"] == answer["Body"].read().decode() == key
    }


def messages(client: Any) -> set[int]:
    numbers: set[int] = set()
    while batch := client.receive_message(QueueUrl=queue_url(client), MaxNumberOfMessages=10).get("Messages"):
        numbers |= {int(message["Body"]) for message in batch}
    return numbers


STORES = (
    Store(
        "s3",
        lambda client: client.create_bucket(Bucket="kept"),
        lambda client, number: client.put_object(
            Bucket="kept", Key=str(number), Body=str(number), Metadata={"number": str(number)}
        ),
        objects,
    ),
    Store(
        "dynamodb",
        create_table,
        lambda client, number: client.put_item(TableName="kept", Item={"key": {"S": str(number)}}),
        lambda client: {
            int(item["key"]["S"]) for page in pages(client, "scan", TableName="kept") for item in page["Items"]
        },
    ),
    Store(
        "sqs",
        lambda client: client.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "600"}),
        lambda client, number: client.send_message(QueueUrl=queue_url(client), MessageBody=str(number)),
        messages,
    ),
    Store(
        "logs",
        create_log,
        log,
        lambda client: {
            int(event["message"])
            for page in pages(client, "filter_log_events", logGroupName="kept")
            for event in page["events"]
        },
    ),
    Store(
        "secretsmanager",
        lambda client: None,
        lambda client, number: client.create_secret(Name=f"kept-{number}", SecretString=str(number)),
        lambda client: {
            int(client.get_secret_value(SecretId=secret["ARN"])["SecretString"])
            for page in pages(client, "list_secrets")
            for secret in page["SecretList"]
        },
    ),
)


@pytest.fixture
def keep() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # the database servers run as another user where this one is root
        yield Path(directory)


def test_what_is_acknowledged_survives_a_stop_in_the_middle_of_writing(keep: Path) -> None:
    acknowledged: dict[str, list[int]] = {store.service: [] for store in STORES}

    def write(store: Store, client: Any) -> None:
        number = 0
        while True:
            try:
                store.write(client, number)
            except BotoCoreError:  # the emulator is gone; another answer fails the test
                return
            acknowledged[store.service].append(number)
            number += 1

    with EmbeddedCloud(keep=keep) as cloud:
        clients = {store.service: cloud.client(store.service) for store in STORES}
        for store in STORES:
            store.create(clients[store.service])
        writers = [threading.Thread(target=write, args=(store, clients[store.service])) for store in STORES]
        for thread in writers:
            thread.start()
        eventually(lambda: min(map(len, acknowledged.values())) >= WRITES_BEFORE_THE_STOP, 60)
    for thread in writers:
        thread.join(60)
    with EmbeddedCloud(keep=keep) as cloud:
        for store in STORES:
            lost = set(acknowledged[store.service]) - store.read(cloud.client(store.service))
            assert lost == set(), store.service


def test_a_killed_emulator_goes_on_from_its_last_stop_and_its_databases_from_their_last_commit(keep: Path) -> None:
    """Nobody should conclude from the demo that more survives: the emulator's own state is in memory until a stop."""
    with EmbeddedCloud(keep=keep) as first:
        assert change(first, "db", DATABASE).status == "CREATE_COMPLETE"
        first.client("sqs").create_queue(QueueName="kept")
    second = EmbeddedCloud(keep=keep)
    second.start()
    try:
        with master(second, "kept") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        second.client("sqs").create_queue(QueueName="lost")
        (emulator,) = [pid for pid, (parent, _) in living_processes().items() if parent == second.guard_pid]
        os.kill(emulator, signal.SIGKILL)
        assert wait_until_gone(second.settings.run_directory) == []
    finally:
        second.stop()
    with EmbeddedCloud(keep=keep) as third:
        (url,) = third.client("sqs").list_queues()["QueueUrls"]
        assert url.endswith("/kept")
        with master(third, "kept") as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert delete(third, "db").status == "DELETE_COMPLETE"
