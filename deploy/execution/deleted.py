"""Reads the last deleted stack of a name, as far as it is needed to look for what remains of it.

CloudFormation keeps deleted stacks and their resources for 90 days:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from cfn.types import STACK
from deploy.planning.snapshot import does_not_exist
from review.plan.model import Resource, Stack

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def last_deleted_stack(cloudformation: Any, name: str) -> Stack | None:
    """The stack of this name that was deleted last, with its nested stacks; None if CloudFormation knows none.

    Only names, ids and resources are read. The status of a resource that is gone is DELETE_COMPLETE.
    """
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    own = [summary for page in pages for summary in page["StackSummaries"] if summary["StackName"] == name]
    if not own:
        return None
    latest = max(own, key=lambda summary: summary.get("DeletionTime") or _NO_TIME)
    return _read(cloudformation, str(latest["StackId"]))


def _read(cloudformation: Any, stack_id: str) -> Stack:
    resources = _resources(cloudformation, stack_id)
    nested = {
        logical_id: resource.physical_id
        for logical_id, resource in resources.items()
        if resource.type == STACK and resource.physical_id.startswith("arn:")
    }
    return Stack(
        id=stack_id,
        name=stack_id.split("/")[1],
        status="DELETE_COMPLETE",
        updated="",
        template="",
        parameters={},
        outputs={},
        tags={},
        termination_protection=False,
        policy=None,
        resources=resources,
        children={logical_id: _read(cloudformation, child) for logical_id, child in nested.items()},
    )


def _resources(cloudformation: Any, stack_id: str) -> dict[str, Resource]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    try:
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
    except ClientError as error:
        if does_not_exist(error):
            return {}  # a nested stack that CloudFormation has forgotten
        raise
    return {
        summary["LogicalResourceId"]: Resource(
            summary["ResourceType"], summary.get("PhysicalResourceId", ""), summary["ResourceStatus"]
        )
        for summary in summaries
    }


def deleted_ids(deployed: Stack) -> frozenset[str]:
    """The physical ids of the resources that CloudFormation has deleted."""
    return frozenset(
        resource.physical_id
        for _, stack in deployed.walk()
        for resource in stack.resources.values()
        if resource.status == "DELETE_COMPLETE" and resource.physical_id
    )
