"""A raw bucket with its quarantine and queue, in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.replaying.dead_letters import ObjectQueue
from deploy.session import Aws
from tests.deploy.support.aws import refusal

RAW, ARCHIVE = "raw", "archive"
QUEUE = ObjectQueue("https://sqs/objects", "https://sqs/dead", "arn:aws:sqs:us-east-1:111122223333:dead")


class Killed(BaseException):
    """The process is killed."""


@dataclass
class Stored:
    """One version of an object."""

    id: str
    body: bytes
    storage_class: str = "STANDARD"


@dataclass
class Cloud:
    """A versioned S3 and an SQS in memory.

    Attributes:
        die_after: The number of the changing call that kills the process; 0 for none.
        on_announced: What processing does with a key when it is announced.
    """

    objects: dict[tuple[str, str], list[Stored]] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    die_after: int = 0
    changes: int = 0
    number: int = 0
    on_announced: Callable[[str], None] = lambda key: None

    @property
    def aws(self) -> Aws:
        """Clients that call this cloud."""
        return Aws("us-east-1", None, {"s3": self, "sqs": self})

    def store(self, key: str, body: bytes, bucket: str = RAW, storage_class: str = "STANDARD") -> None:
        """Add a version of an object."""
        self.number += 1
        self.objects.setdefault((bucket, key), []).append(Stored(f"v{self.number}", body, storage_class))

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of the raw bucket."""
        return sorted(key for bucket, key in self.objects if bucket == RAW and key.startswith(prefix))

    def _count_change(self) -> None:
        self.changes += 1
        if self.changes == self.die_after:
            raise Killed

    def _announce(self, key: str) -> None:
        if key.startswith("market-data/"):
            self.on_announced(key)

    # -- S3
    def get_bucket_notification_configuration(self, **_: Any) -> dict[str, Any]:
        rules = [{"Name": "Prefix", "Value": "market-data/"}]
        arn = "arn:aws:sqs:us-east-1:111122223333:objects"
        return {"QueueConfigurations": [{"QueueArn": arn, "Filter": {"Key": {"FilterRules": rules}}}]}

    def get_paginator(self, name: str) -> Any:
        assert name == "list_object_versions"
        return self

    def paginate(self, **arguments: str) -> Iterator[dict[str, Any]]:
        yield {
            "Versions": [
                {"Key": key, "VersionId": version.id, "IsLatest": version is versions[-1], "Size": len(version.body)}
                for (bucket, key), versions in self.objects.items()
                if bucket == arguments["Bucket"] and key.startswith(arguments["Prefix"])
                for version in versions
            ]
        }

    def _find(self, arguments: dict[str, Any]) -> Stored:
        versions = self.objects.get((arguments["Bucket"], arguments["Key"]), [])
        wanted = [version for version in versions if arguments.get("VersionId") in (None, version.id)]
        if not wanted:
            raise refusal("404", operation="HeadObject")
        return wanted[-1]

    def head_object(self, **arguments: str) -> dict[str, str]:
        return {"StorageClass": self._find(arguments).storage_class}

    def get_object(self, **arguments: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._find(arguments).body)}

    def put_object(self, **arguments: Any) -> None:
        self.store(arguments["Key"], arguments["Body"], arguments["Bucket"])
        self._announce(arguments["Key"])
        self._count_change()

    def copy_object(self, **arguments: Any) -> None:
        source = self._find(arguments["CopySource"])
        self.put_object(Bucket=arguments["Bucket"], Key=arguments["Key"], Body=source.body)

    def delete_object(self, **arguments: str) -> None:
        place = (arguments["Bucket"], arguments["Key"])
        self.objects[place] = [item for item in self.objects.get(place, []) if item.id != arguments["VersionId"]]
        if not self.objects[place]:
            del self.objects[place]
        self._count_change()

    # -- SQS
    def get_queue_url(self, **arguments: str) -> dict[str, str]:
        return {"QueueUrl": f"https://sqs/{arguments['QueueName']}"}

    def get_queue_attributes(self, **arguments: Any) -> dict[str, Any]:
        if "RedrivePolicy" in arguments["AttributeNames"]:
            return {"Attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE.dead_letters_arn})}}
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.dead))}}

    def send_message(self, **arguments: str) -> None:
        assert arguments["QueueUrl"] == QUEUE.url
        self.queue.append(arguments["MessageBody"])
        key = json.loads(arguments["MessageBody"])["Records"][0]["s3"]["object"]["key"]
        self._announce(key.replace("%3D", "=").replace("%2F", "/"))
        self._count_change()

    def list_message_move_tasks(self, **_: Any) -> Any:
        raise refusal("InvalidAction", operation="ListMessageMoveTasks")

    def receive_message(self, **_: Any) -> dict[str, Any]:
        return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in self.dead[:10]]}

    def delete_message(self, **arguments: str) -> None:
        self.dead.remove(arguments["ReceiptHandle"])
        self._count_change()
