"""A function that stores each event that it gets, and answers custom resources as their properties say."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import allow, role, unique
from tests.local.support.waiting import eventually

BUCKET = "conformance-events"

SOURCE = f'''
import json, os, time, urllib.request, uuid
import boto3

def handler(event, context):
    key = f"{{context.function_name}}/{{time.time_ns()}}-{{uuid.uuid4()}}"
    boto3.client("s3").put_object(Bucket="{BUCKET}", Key=key, Body=json.dumps(event).encode())
    if "ResponseURL" in event:
        answer(event, event["ResourceProperties"].get("Behaviour", "succeed"))
    return respond(event)

def answer(event, behaviour):
    if behaviour == "crash" and event["RequestType"] == "Create":
        raise RuntimeError("crashed")
    if behaviour == "silent" and event["RequestType"] == "Create":
        return
    failed = behaviour == "fail" and event["RequestType"] == "Create"
    body = json.dumps({{
        "Status": "FAILED" if failed else "SUCCESS",
        "Reason": "as the test says",
        "PhysicalResourceId": event["ResourceProperties"].get("Id", "same"),
        "StackId": event["StackId"], "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
        "Data": {{"Answer": event["ResourceProperties"].get("Value", "none")}},
    }}).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {{"Content-Type": ""}}, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()

def respond(event):
    failures = [record["messageId"] for record in event.get("Records", []) if "fail" in record.get("body", "")]
    return {{"batchItemFailures": [{{"itemIdentifier": name}} for name in failures]}}
'''


def code(source: str, **files: str) -> bytes:
    """A package with the module ``index``."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in {"index.py": source, **files}.items():
            archive.writestr(name, text)
    return stream.getvalue()


@dataclass(frozen=True)
class Recorder:
    """The function.

    Attributes:
        cloud: where it is deployed.
        name: its name.
        arn: its ARN.
    """

    cloud: EmbeddedCloud
    name: str
    arn: str

    def events(self) -> list[dict[str, Any]]:
        """All events of this function, the oldest first."""
        s3 = self.cloud.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.name}/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]

    def requests(self, stack: str) -> list[dict[str, Any]]:
        """The requests of the custom resources of a stack."""
        return [event for event in self.events() if f":stack/{stack}/" in event.get("StackId", "")]

    def wait_for(self, text: str, within_seconds: float = 15) -> dict[str, Any]:
        """The first event that contains a text."""
        found: dict[str, Any] = eventually(
            lambda: next((event for event in self.events() if text in json.dumps(event)), None), within_seconds
        )
        return found


@contextmanager
def recording_function(cloud: EmbeddedCloud, *, timeout: int = 10, **options: Any) -> Iterator[Recorder]:
    """Create a recorder of its own; it goes with the block."""
    s3 = cloud.client("s3")
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    arn = role(
        cloud,
        allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*"),
        allow("logs:*"),
        allow("sqs:*"),
    )
    name = unique("recorder")
    answer = cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.14",
        Handler="index.handler",
        Role=arn,
        Code={"ZipFile": code(SOURCE)},
        Timeout=timeout,
        **options,
    )
    yield Recorder(cloud, name, answer["FunctionArn"])
    cloud.client("lambda").delete_function(FunctionName=name)
