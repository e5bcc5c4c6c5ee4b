"""Deploying templates to the embedded AWS with nothing but boto3: these tests do not depend on the deployer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from local.cloud import EmbeddedCloud

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
TIMEOUT_SECONDS = 60.0


@dataclass
class Outcome:
    """How an operation on a stack ended. ``failures`` holds the reasons, of the whole tree."""

    status: str
    outputs: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def change(
    cloud: EmbeddedCloud, stack: str, template: str, parameters: dict[str, str] | None = None, **options: Any
) -> Outcome:
    """Create or update ``stack`` by a change set; "NO_CHANGES" is an outcome."""
    cloudformation = cloud.client("cloudformation")
    known = [entry for entry in existing_stacks(cloud) if entry["StackName"] == stack]
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
    """Delete ``stack`` and wait."""
    cloudformation = cloud.client("cloudformation")
    arn = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    return _wait(cloud, arn)


def _wait(cloud: EmbeddedCloud, arn: str) -> Outcome:
    cloudformation = cloud.client("cloudformation")
    deadline = time.monotonic() + TIMEOUT_SECONDS
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


def existing_stacks(cloud: EmbeddedCloud) -> list[dict[str, Any]]:
    """The stacks that exist, children included."""
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return [entry for page in pages for entry in page["Stacks"] if entry["StackStatus"] != "DELETE_COMPLETE"]


def physical_ids(cloud: EmbeddedCloud, stack: str) -> dict[str, str]:
    """The physical ids of a stack and its children by "Child.LogicalId" (or "LogicalId")."""
    ids: dict[str, str] = {}
    entries = cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    for entry in entries:
        name, identifier = entry["LogicalResourceId"], entry["PhysicalResourceId"]
        ids[name] = identifier
        if entry["ResourceType"] == "AWS::CloudFormation::Stack":
            inner = physical_ids(cloud, identifier)
            ids |= {f"{name}.{key}": value for key, value in inner.items()}
    return ids
