"""Finds what remains of a deleted stack: resources that a policy keeps, log groups, and what still carries its tags."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from cfn.types import STACK
from deploy.execution.watch import Outcome
from deploy.session import Aws, code_of, message_of
from review.plan.model import Stack

TAG_VALUES = 20  # GetResources takes as many values in a filter
# The tagging API shows a deleted resource for a while, so it is called again before a resource counts as remaining.
TAG_PATIENCE_SECONDS, TAG_PAUSE_SECONDS = 60.0, 5.0
# Log groups that services create by themselves, by the type and id of the resource.
OWN_LOG_GROUPS = {
    "AWS::Lambda::Function": "/aws/lambda/{id}",
    "AWS::ApiGateway::RestApi": "API-Gateway-Execution-Logs_{id}/",
    "AWS::RDS::DBCluster": "/aws/rds/cluster/{id}/",
    "AWS::CodeBuild::Project": "/aws/codebuild/{id}",
    "AWS::Logs::LogGroup": "{id}",
}


def kept_resources(outcome: Outcome) -> Iterator[str]:
    """The resources that their DeletionPolicy keeps."""
    for event in outcome.skipped:
        if event.type != STACK:
            yield f"{event.type} {event.physical_id or event.name} (kept by its DeletionPolicy)"


def remaining_log_groups(aws: Aws, deployed: Stack) -> Iterator[str]:
    """The log groups of the stack's resources that still exist."""
    logs = aws.client("logs")
    prefixes = {
        OWN_LOG_GROUPS[resource.type].format(id=resource.physical_id)
        for _, stack in deployed.walk()
        for resource in stack.resources.values()
        if resource.physical_id and resource.type in OWN_LOG_GROUPS
    }
    for prefix in sorted(prefixes):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                if prefix.endswith("/") or group["logGroupName"] == prefix:
                    yield f"AWS::Logs::LogGroup {group['logGroupName']}"


def tagged_resources(
    aws: Aws, deployed: Stack, deleted: frozenset[str], sleep: Callable[[float], None] = time.sleep
) -> tuple[list[str], list[str]]:
    """Find what still carries the tag of one of the stacks.

    Args:
        aws: The account and region.
        deployed: The stack as it was.
        deleted: The physical ids that CloudFormation reports as deleted.
        sleep: Waits some seconds.

    Returns:
        The ARNs that remain, and notes on those that only seem to.
    """
    tagging = aws.client("resourcegroupstaggingapi")
    names = [stack.name for _, stack in deployed.walk()]
    waited_seconds = 0.0
    while True:
        try:
            arns = sorted(set(_arns_of(tagging, names)))
        except ClientError as error:
            return [], [f"The tagging API could not be called for the stack's tags: {message_of(error)}"]
        remaining, notes = sort_out(aws, arns, deleted)
        if not remaining or waited_seconds >= TAG_PATIENCE_SECONDS:
            return remaining, notes
        sleep(TAG_PAUSE_SECONDS)
        waited_seconds += TAG_PAUSE_SECONDS


def _arns_of(tagging: Any, names: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(names), TAG_VALUES):
        by_name = {"Key": "aws:cloudformation:stack-name", "Values": list(names[start : start + TAG_VALUES])}
        for page in tagging.get_paginator("get_resources").paginate(TagFilters=[by_name]):
            for item in page["ResourceTagMappingList"]:
                yield item["ResourceARN"]


def sort_out(aws: Aws, arns: Iterable[str], deleted: frozenset[str]) -> tuple[list[str], list[str]]:
    """Separate the ARNs that remain from those that only the index of the tagging API still has.

    Returns:
        The ARNs that remain, and notes on keys and instances that are about to disappear.
    """
    remaining: list[str] = []
    keys: list[str] = []
    terminated: list[str] = []
    for arn in arns:
        name = arn.split(":", 5)[-1]
        if ":kms:" in arn and _is_key_dying(aws.client("kms"), arn):
            keys.append(name.removeprefix("key/"))
        elif {arn, name, name.split("/", 1)[-1], name.split(":", 1)[-1]} & deleted:
            continue
        elif ":ec2:" in arn and _is_terminated(aws.client("ec2"), name):
            terminated.append(name.split("/", 1)[-1])
        else:
            remaining.append(arn)
    notes = []
    if keys:
        names = ", ".join(keys)
        notes.append(f"KMS keeps keys that are scheduled for deletion until their waiting period is over: {names}.")
    if terminated:
        notes.append(f"EC2 shows terminated instances, volumes and interfaces for a while: {', '.join(terminated)}.")
    return remaining, notes


def _is_terminated(ec2: Any, name: str) -> bool:
    """Whether an instance, volume or interface is gone.

    Those of an Auto Scaling group carry the stack's tags without being its resources, so no event reports their end; and
    EC2 shows a terminated instance for a while:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
    """
    kind, _, identifier = name.partition("/")
    try:
        if kind == "instance":
            reservations = ec2.describe_instances(InstanceIds=[identifier])["Reservations"]
            instances = [instance for reservation in reservations for instance in reservation["Instances"]]
            return {instance["State"]["Name"] for instance in instances} <= {"shutting-down", "terminated"}
        if kind == "volume":
            volumes = ec2.describe_volumes(VolumeIds=[identifier])["Volumes"]
            return {volume["State"] for volume in volumes} <= {"deleting"}
        if kind == "network-interface":
            return not ec2.describe_network_interfaces(NetworkInterfaceIds=[identifier])["NetworkInterfaces"]
    except ClientError as error:
        if code_of(error).endswith(".NotFound"):
            return True
        raise
    return False


def _is_key_dying(kms: Any, arn: str) -> bool:
    try:
        state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if code_of(error) == "NotFoundException":
            return True
        raise
    return state in ("PendingDeletion", "PendingReplicaDeletion")
