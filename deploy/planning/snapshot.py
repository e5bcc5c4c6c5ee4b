"""Reads what is deployed: a stack and all nested ones, each with template, parameters, outputs and resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cfn.types import STACK
from deploy.session import code_of, message_of
from review.plan.model import Resource, Stack

READERS = 4  # stacks read at a time; more of them only meet CloudFormation's throttling


def does_not_exist(error: ClientError) -> bool:
    """Whether the error says that the stack does not exist (any more)."""
    return code_of(error) == "ValidationError" and "does not exist" in message_of(error)


def describe_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """The stack's entry of DescribeStacks; None if no such stack exists, or if it is deleted."""
    try:
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if does_not_exist(error):
            return None
        raise
    existing = (stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE")
    stack: dict[str, Any] | None = next(existing, None)
    return stack


def update_stamp(description: Mapping[str, Any]) -> str:
    """When the stack last changed: the same text until an operation changes it."""
    moment = description.get("LastUpdatedTime") or description.get("CreationTime")
    return moment.isoformat() if isinstance(moment, datetime) else str(moment or "")


def read_stack(cloudformation: Any, description: Mapping[str, Any]) -> Stack | None:
    """The stack of a DescribeStacks entry with all nested ones that exist; None if it was deleted meanwhile."""
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        return _read_existing(cloudformation, description, pool)


def _read_existing(
    cloudformation: Any, description: Mapping[str, Any] | None, pool: ThreadPoolExecutor | None
) -> Stack | None:
    """The stack; None if a deletion that runs removes it between two calls."""
    try:
        return None if description is None else _read(cloudformation, description, pool)
    except ClientError as error:
        if does_not_exist(error):
            return None
        raise


def _read(cloudformation: Any, description: Mapping[str, Any], pool: ThreadPoolExecutor | None) -> Stack:
    identifier = description["StackId"]
    resources = _resources(cloudformation, identifier)
    nested = {
        logical_id: resource.physical_id
        for logical_id, resource in resources.items()
        if resource.type == STACK and resource.physical_id
    }

    def read_child(physical_id: str) -> Stack | None:
        return _read_existing(cloudformation, describe_stack(cloudformation, physical_id), None)

    children = list((pool.map if pool else map)(read_child, nested.values()))
    return Stack(
        id=identifier,
        name=description["StackName"],
        status=description["StackStatus"],
        updated=update_stamp(description),
        template=template_text(cloudformation.get_template(StackName=identifier, TemplateStage="Original")),
        parameters=resolved_parameters(description),
        outputs={output["OutputKey"]: output.get("OutputValue", "") for output in description.get("Outputs", [])},
        tags={tag["Key"]: tag["Value"] for tag in description.get("Tags", [])},
        termination_protection=bool(description.get("EnableTerminationProtection", False)),
        policy=cloudformation.get_stack_policy(StackName=identifier).get("StackPolicyBody") or None,
        resources=resources,
        children={key: child for key, child in zip(nested, children, strict=True) if child is not None},
    )


def _resources(cloudformation: Any, stack_id: str) -> dict[str, Resource]:
    return {
        summary["LogicalResourceId"]: Resource(
            summary["ResourceType"], summary.get("PhysicalResourceId", ""), summary["ResourceStatus"]
        )
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
        for summary in page["StackResourceSummaries"]
        if summary["ResourceStatus"] != "DELETE_COMPLETE"
    }


def resolved_parameters(description: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a described stack or change set, those of SSM parameters as CloudFormation resolved them."""
    return {
        parameter["ParameterKey"]: str(parameter.get("ResolvedValue") or parameter.get("ParameterValue", ""))
        for parameter in description.get("Parameters", [])
    }


def template_text(response: Mapping[str, Any]) -> str:
    """The template of a GetTemplate response as text; botocore parses one in JSON."""
    body = response["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body, indent=2)
