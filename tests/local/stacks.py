"""Deploying templates to the embedded AWS with nothing but boto3: these tests do not depend on the deployer."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud import EmbeddedCloud

HERE = Path(__file__).parent
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
TIMEOUT = 60.0


@dataclass
class Outcome:
    """How an operation on a stack ended. `failures` holds the reasons, of the whole tree."""

    status: str
    outputs: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def change(
    cloud: EmbeddedCloud, stack: str, template: str, parameters: dict[str, str] | None = None, **options: Any
) -> Outcome:
    """Create or update `stack` by a change set; "NO_CHANGES" is an outcome."""
    cloudformation = cloud.client("cloudformation")
    known = [entry for entry in stacks(cloud) if entry["StackName"] == stack]
    answer = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"c{time.time_ns()}",
        ChangeSetType="UPDATE" if known else "CREATE",
        TemplateBody=template,
        Capabilities=CAPABILITIES,
        IncludeNestedStacks=True,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
        **options,
    )
    described = cloudformation.describe_change_set(ChangeSetName=answer["Id"])
    if described["Status"] == "FAILED":
        assert "didn't contain changes" in described["StatusReason"], described["StatusReason"]
        return Outcome("NO_CHANGES")
    cloudformation.execute_change_set(ChangeSetName=answer["Id"])
    return _wait(cloud, answer["StackId"])


def delete(cloud: EmbeddedCloud, stack: str) -> Outcome:
    """Delete `stack` and wait."""
    cloudformation = cloud.client("cloudformation")
    arn = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    return _wait(cloud, arn)


def _wait(cloud: EmbeddedCloud, arn: str) -> Outcome:
    cloudformation = cloud.client("cloudformation")
    deadline = time.monotonic() + TIMEOUT
    while True:
        entry = cloudformation.describe_stacks(StackName=arn)["Stacks"][0]
        if not entry["StackStatus"].endswith("IN_PROGRESS"):
            break
        assert time.monotonic() < deadline, f"{arn} is still {entry['StackStatus']}\n{cloud.log_tail()}"
        time.sleep(0.03)
    outputs = {item["OutputKey"]: item["OutputValue"] for item in entry.get("Outputs", [])}
    return Outcome(entry["StackStatus"], outputs, _failures(cloud, arn))


def _failures(cloud: EmbeddedCloud, arn: str) -> list[str]:
    events = cloud.client("cloudformation").describe_stack_events(StackName=arn)["StackEvents"]
    return [
        f"{event['LogicalResourceId']} {event['ResourceStatus']}: {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]


def stacks(cloud: EmbeddedCloud) -> list[dict[str, Any]]:
    """The stacks that exist, children included."""
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return [entry for page in pages for entry in page["Stacks"] if entry["StackStatus"] != "DELETE_COMPLETE"]


def resources(cloud: EmbeddedCloud, stack: str) -> dict[str, str]:
    """Physical ids of a stack and its children by "Child.LogicalId" (or "LogicalId")."""
    found: dict[str, str] = {}
    entries = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    for entry in entries:
        name, identifier = entry["LogicalResourceId"], entry["PhysicalResourceId"]
        found[name] = identifier
        if entry["ResourceType"] == "AWS::CloudFormation::Stack":
            inner = resources(cloud, identifier)
            found |= {f"{name}.{key}": value for key, value in inner.items()}
    return found


class Platform:
    """The sample platform of tests/local/platform, uploaded by content hash as the deployer does."""

    def __init__(self, cloud: EmbeddedCloud, bucket: str = "artifacts") -> None:
        self.cloud = cloud
        self.bucket = bucket
        self._s3 = cloud.client("s3")
        if bucket not in {entry["Name"] for entry in self._s3.list_buckets()["Buckets"]}:
            self._s3.create_bucket(Bucket=bucket)

    def put(self, content: bytes, ending: str) -> str:
        """Upload and return the key."""
        key = f"{hashlib.sha256(content).hexdigest()}.{ending}"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def template(self, changes: dict[str, tuple[str, str]] | None = None) -> str:
        """The root with its children uploaded; `changes` replaces text in a child: {file: (old, new)}."""

        def uploaded(match: re.Match[str]) -> str:
            text = (HERE / "platform" / match.group(1)).read_text()
            if changes and match.group(1) in changes:
                old, new = changes[match.group(1)]
                assert old in text
                text = text.replace(old, new)
            return f"TemplateURL: https://s3.us-east-1.amazonaws.com/{self.bucket}/{self.put(text.encode(), 'yaml')}"

        return re.sub(r"TemplateURL: ([a-z]+\.yaml)", uploaded, (HERE / "platform" / "root.yaml").read_text())

    def parameters(self, suffix: str, **others: str) -> dict[str, str]:
        functions = {
            "AnswerKey": self.put(function_zip("answer", common="a", packages=True), "zip"),
            "ConsumeKey": self.put(function_zip("consume", common="b"), "zip"),
            "AlertKey": self.put(function_zip("alert"), "zip"),
            "ProvideKey": self.put(function_zip("provide", packages=True), "zip"),
        }
        return {"Suffix": suffix, "ArtifactBucket": self.bucket, **functions, **others}

    def deploy(self, suffix: str, changes: dict[str, tuple[str, str]] | None = None, **parameters: str) -> Outcome:
        return change(self.cloud, f"sample-{suffix}", self.template(changes), self.parameters(suffix, **parameters))


def function_zip(name: str, *, common: str | None = None, packages: bool = False) -> bytes:
    """The package of a function: its folder, a `common` of its own, and psycopg where it needs a database."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, HERE / "platform_functions" / name, name)
        if common is not None:
            _add(archive, HERE / "platform_functions" / f"common_{common}", "common")
        for package in ("psycopg", "psycopg_binary", "psycopg_binary.libs", "typing_extensions.py") if packages else ():
            _add(archive, _installed() / package, package)
    return stream.getvalue()


def _add(archive: zipfile.ZipFile, source: Path, target: str) -> None:
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            name = target if file == source else f"{target}/{file.relative_to(source)}"
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())


def _installed() -> Path:
    spec = importlib.util.find_spec("psycopg")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.parent
