"""Deployments that are about to be planned, for the checks before packaging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfn.templates import CommittedTemplates, Template, parse
from deploy.planning.preflight.subject import Subject
from tests.deploy.support.aws import ACCOUNT, Scripted

FILE = "params/small/dev.json"
ROOT_ID = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/small-dev/1"
TIER_ID = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/small-dev-Tier/2"
NOTHING = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
ROOT = """
Parameters:
  PostgresEngineVersion: {Type: String, AllowedValues: ["17.6", "17.7", "17.9"]}
  ManageApiGatewayAccount: {Type: String, AllowedValues: ["true", "false"]}
Resources:
  Tier:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: tier.yaml
      Parameters: {Manage: !Ref ManageApiGatewayAccount, Version: !Ref PostgresEngineVersion}
"""


def subject(
    scripted: Scripted,
    values: Mapping[str, str],
    *,
    tier: str = NOTHING,
    deployed: Mapping[str, str] | None = None,
) -> Subject:
    """A deployment of a root with one nested stack.

    Args:
        scripted: The account.
        values: The values of the parameters.
        tier: The template of the nested stack, whose name in the root is ``Tier``.
        deployed: The parameters of the deployed stack; None if it does not exist.
    """
    texts = {"root.yaml": ROOT, "tier.yaml": tier}
    templates = {name: Template(name, text, parse(text)) for name, text in texts.items()}
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in (deployed or {}).items()]
    stack = None if deployed is None else {"StackId": ROOT_ID, "Parameters": parameters}
    return Subject(scripted.aws, CommittedTemplates(templates["root.yaml"], templates), values, FILE, stack)


def script_resource(scripted: Scripted, logical_id: str, physical_id: str | None, *, times: int = 1) -> None:
    """Script the answers on a resource of the nested stack; without an id it is not deployed."""
    for _ in range(times):
        _script_one(scripted, ROOT_ID, "Tier", TIER_ID)
        _script_one(scripted, TIER_ID, logical_id, physical_id)


def _script_one(scripted: Scripted, stack_id: str, logical_id: str, physical_id: str | None) -> None:
    request = {"StackName": stack_id, "LogicalResourceId": logical_id}
    if physical_id is None:
        text = f"Resource {logical_id} does not exist for stack {stack_id}"
        scripted["cloudformation"].add_client_error(
            "describe_stack_resource", "ValidationError", text, expected_params=request
        )
        return
    detail: dict[str, Any] = {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": "AWS::X::Y",
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": "2026-01-01T00:00:00Z",
    }
    scripted["cloudformation"].add_response("describe_stack_resource", {"StackResourceDetail": detail}, request)
