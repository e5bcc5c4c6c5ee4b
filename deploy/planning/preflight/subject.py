"""What the checks ask about: the account, the parameters, the planned resources and the deployed stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from cfn.errors import Fault
from cfn.templates import CommittedTemplates, parse
from deploy.planning.snapshot import does_not_exist
from deploy.session import Aws
from review.plan.model import Stack, StackPath
from review.plan.offline import Side, assumed_stack

Finding = Fault | str
"""What a check finds: a fault, for which nothing is planned, or a note in whole sentences."""


@dataclass(frozen=True)
class PlannedResource:
    """A resource that the templates have with these parameters.

    Attributes:
        path: The logical ids of the nested stacks that lead to it.
        logical_id: Its name in its template.
        properties: Its properties as its template has them, not resolved.
    """

    path: StackPath
    logical_id: str
    properties: Mapping[str, Any]

    def __str__(self) -> str:
        return "/".join((*self.path, self.logical_id))


@dataclass(frozen=True)
class Subject:
    """A deployment that is about to be planned.

    Attributes:
        aws: The account and region.
        templates: The committed templates.
        values: The value of every parameter of the root.
        file: The parameter file, as faults show it.
        deployed: The stack's entry of DescribeStacks; None if it does not exist.
    """

    aws: Aws
    templates: CommittedTemplates
    values: Mapping[str, str]
    file: str
    deployed: Mapping[str, Any] | None = None

    @cached_property
    def _planned(self) -> Stack:
        return assumed_stack(Side(self.templates, self.values), {"AWS::Region": self.aws.region})

    def planned(self, resource_type: str) -> Iterator[PlannedResource]:
        """The resources of a type, in the root and in all nested stacks, whose conditions do not rule them out."""
        stacks: list[tuple[StackPath, Stack]] = [((), self._planned)]
        while stacks:
            path, stack = stacks.pop()
            resources = parse(stack.template)["Resources"]
            for logical_id, resource in stack.resources.items():
                if resource.type == resource_type:
                    yield PlannedResource(path, logical_id, resources[logical_id].get("Properties") or {})
            stacks += [((*path, name), child) for name, child in stack.children.items()]

    def deployed_value(self, parameter: str) -> str | None:
        """The value of a parameter of the deployed root; None if there is none."""
        entries = (self.deployed or {}).get("Parameters", [])
        return next((entry["ParameterValue"] for entry in entries if entry["ParameterKey"] == parameter), None)

    def deployed_id(self, path: StackPath, logical_id: str) -> str | None:
        """The physical id of a resource of the deployed stack; None if it is not deployed."""
        physical_id = str(self.deployed["StackId"]) if self.deployed else None
        for name in (*path, logical_id):
            physical_id = physical_id and self._physical_id(physical_id, name)
        return physical_id or None

    def _physical_id(self, stack_id: str, logical_id: str) -> str | None:
        cloudformation = self.aws.client("cloudformation")
        try:
            answer = cloudformation.describe_stack_resource(StackName=stack_id, LogicalResourceId=logical_id)
        except ClientError as error:
            if does_not_exist(error):
                return None
            raise
        detail = answer["StackResourceDetail"]
        return None if detail["ResourceStatus"] == "DELETE_COMPLETE" else detail.get("PhysicalResourceId")
