"""In-memory stand-ins for AWS clients, and functions that build the events of Lambda."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/q"


def client_error(code: str, operation: str = "Call", message: str = "") -> ClientError:
    """A botocore error with this code, and with it as its message where none is given."""
    untyped: Any = ClientError  # botocore has no types
    error: ClientError = untyped({"Error": {"Code": code, "Message": message or code}}, operation)
    return error


@dataclass
class Context:
    """The context object that Lambda passes to a handler."""

    function_name: str = "trading-test-dev"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:trading-test-dev"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    remaining_ms: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass(frozen=True)
class FakeSecrets:
    """Secrets Manager with the one secret ``arn:secret``."""

    text: str

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        assert SecretId == "arn:secret"
        return {"SecretString": self.text}


class _Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


@dataclass
class FakeS3:
    """S3 with its objects in a dictionary, and calls that fail on demand.

    Attributes:
        objects: The content of each object by bucket and key.
        calls: Every call that has an effect, in order.
        metadata: The metadata of each object by bucket and key.
        fail_on: The number of the call, from 1, that raises and has no effect.
        fail_after: The number of the call, from 1, that raises after its effect.
    """

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    metadata: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    fail_on: int = 0
    fail_after: int = 0

    def put_object(
        self,
        Bucket: str,
        Key: str,
        Body: bytes,
        IfNoneMatch: str = "",
        Metadata: dict[str, str] | None = None,
        ContentType: str = "",
    ) -> dict[str, str]:
        with self._effect(f"put {Bucket}/{Key}"):
            if IfNoneMatch == "*" and (Bucket, Key) in self.objects:
                raise client_error("PreconditionFailed", "PutObject")
            self.objects[Bucket, Key] = bytes(Body)
            self.metadata[Bucket, Key] = Metadata or {}
        return {"ETag": self._etag(Bucket, Key)}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise client_error("NoSuchKey", "GetObject")
        body = self.objects[Bucket, Key]
        reply = {"Body": _Body(body), "ContentLength": len(body), "ETag": self._etag(Bucket, Key)}
        return {**reply, "Metadata": self.metadata.get((Bucket, Key), {})}

    def copy_object(self, Bucket: str, Key: str, CopySource: dict[str, str]) -> None:
        with self._effect(f"copy {Bucket}/{Key}"):
            self.objects[Bucket, Key] = self.objects[CopySource["Bucket"], CopySource["Key"]]

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of a bucket that begin with ``prefix``, sorted."""
        return sorted(key for b, key in self.objects if b == bucket and key.startswith(prefix))

    def _etag(self, bucket: str, key: str) -> str:
        return f'"{hashlib.md5(self.objects[bucket, key], usedforsecurity=False).hexdigest()}"'

    def _effect(self, call: str) -> _Effect:
        self.calls.append(call)
        return _Effect(len(self.calls) == self.fail_on, len(self.calls) == self.fail_after)


@dataclass
class _Effect:
    """A block around an effect that raises before or after it."""

    before: bool
    after: bool

    def __enter__(self) -> None:
        if self.before:
            raise client_error("InternalError")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self.after and kind is None:
            raise client_error("RequestTimeout")


@dataclass
class FakeDynamoDB:
    """DynamoDB with items by table and by the value of their only key attribute."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    reads: int = 0

    def get_item(self, TableName: str, Key: dict[str, Any], ConsistentRead: bool = False) -> dict[str, Any]:
        self.reads += 1
        item = self.tables.get(TableName, {}).get(_key(Key))
        return {"Item": item} if item else {}

    def put_item(self, TableName: str, Item: dict[str, Any], ConditionExpression: str = "") -> None:
        name = "sessionId" if "sessionId" in Item else "apiKeyId"
        self.tables.setdefault(TableName, {})[Item[name]["S"]] = Item

    def delete_item(self, TableName: str, Key: dict[str, Any]) -> None:
        if TableName not in self.tables:
            raise client_error("ResourceNotFoundException")
        self.tables[TableName].pop(_key(Key), None)


@dataclass
class FakeSQS:
    """SQS that records for how many seconds each message is hidden, and that can reject this call."""

    hidden: list[tuple[str, int]] = field(default_factory=list)
    rejects: bool = False

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        if self.rejects:
            raise client_error("MessageNotInflight", "ChangeMessageVisibility")
        assert QueueUrl == QUEUE_URL
        self.hidden.append((ReceiptHandle, VisibilityTimeout))


def _key(key: dict[str, Any]) -> str:
    (value,) = key.values()
    return str(value["S"])


class FakeTopic:
    """The ``publish`` of SNS's client, which keeps what it gets."""

    def __init__(self) -> None:
        self.published: list[dict[str, str]] = []

    def publish(self, **message: str) -> None:
        self.published.append(message)


def entitlement(
    scopes: tuple[str, ...] = ("ingest", "query", "sessions"), symbols: tuple[str, ...] = ("*",), enabled: bool = True
) -> dict[str, Any]:
    """An item of the table of API keys."""
    return {
        "apiKeyId": {"S": "key-1"},
        "enabled": {"BOOL": enabled},
        "scopes": {"L": [{"S": scope} for scope in scopes]},
        "symbols": {"L": [{"S": symbol} for symbol in symbols]},
        "client": {"S": "desk"},
    }


def api_event(method: str, path: str, body: str | None = None, **more: Any) -> dict[str, Any]:
    """A REST proxy event of API Gateway with a verified API key."""
    return {
        "httpMethod": method,
        "resource": path,
        "path": path,
        "headers": {},
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"identity": {"apiKeyId": "key-1"}},
        **more,
    }


def sqs_event(*keys: str, bucket: str = "raw", attempts: int = 1) -> dict[str, Any]:
    """A batch of SQS messages, each with one S3 event."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": json.dumps({"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]}),
                "attributes": {"ApproximateReceiveCount": str(attempts)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
                "awsRegion": "us-east-1",
            }
            for number, key in enumerate(keys)
        ]
    }


def ndjson_gz(*records: dict[str, Any] | str) -> bytes:
    """Gzipped NDJSON of raw lines, or of records in the form in which ingest writes them."""
    lines = [record if isinstance(record, str) else json.dumps(record, separators=(",", ":")) for record in records]
    return gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0)
