"""What is deployed now: a stack and everything nested in it, each with template, parameters, outputs and resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cfn.types import STACK
from deploy.session import code_of, message_of
from review.model import Resource, Stack

READERS = 4  # stacks read at a time; more only meets CloudFormation's throttling


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """DescribeStacks of one stack, or None when there is none of that name (or it is deleted)."""
    try:
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
            return None
        raise
    stack: dict[str, Any] | None = next((one for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"), None)
    return stack


def stamp(description: Mapping[str, Any]) -> str:
    """When the stack last changed: the same text as long as nothing touched it."""
    moment = description.get("LastUpdatedTime") or description.get("CreationTime")
    return moment.isoformat() if isinstance(moment, datetime) else str(moment or "")


def read(cloudformation: Any, description: Mapping[str, Any]) -> Stack:
    """The stack of a DescribeStacks answer with everything nested in it."""
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        return _read(cloudformation, description, pool)


def _read(cloudformation: Any, description: Mapping[str, Any], pool: ThreadPoolExecutor | None) -> Stack:
    identifier = description["StackId"]
    resources = {
        item["LogicalResourceId"]: Resource(
            item["ResourceType"], item.get("PhysicalResourceId", ""), item["ResourceStatus"]
        )
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=identifier)
        for item in page["StackResourceSummaries"]
        if item["ResourceStatus"] != "DELETE_COMPLETE"
    }
    nested = {key: item.physical_id for key, item in resources.items() if item.type == STACK and item.physical_id}

    def child(physical_id: str) -> Stack | None:
        found = describe(cloudformation, physical_id)
        return _read(cloudformation, found, None) if found else None

    stacks = list((pool.map if pool else map)(child, nested.values()))
    return Stack(
        id=identifier,
        name=description["StackName"],
        status=description["StackStatus"],
        updated=stamp(description),
        template=template_text(cloudformation.get_template(StackName=identifier, TemplateStage="Original")),
        parameters={
            item["ParameterKey"]: str(item.get("ResolvedValue") or item.get("ParameterValue", ""))
            for item in description.get("Parameters", [])
        },
        outputs={item["OutputKey"]: item.get("OutputValue", "") for item in description.get("Outputs", [])},
        tags={item["Key"]: item["Value"] for item in description.get("Tags", [])},
        termination_protection=bool(description.get("EnableTerminationProtection", False)),
        policy=cloudformation.get_stack_policy(StackName=identifier).get("StackPolicyBody") or None,
        resources=resources,
        children={key: stack for key, stack in zip(nested, stacks, strict=True) if stack is not None},
    )


def template_text(answer: Mapping[str, Any]) -> str:
    """The body of a GetTemplate answer as text; botocore turns a JSON body into a mapping."""
    body = answer["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body, indent=2)
