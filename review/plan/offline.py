"""A plan without AWS: two template sets, each with parameters, as if the older one were deployed.

What only CloudFormation knows of the older set (ids, attributes) stays the function that it is in the template, with the
path of its stack: ``{"Ref": "Network/Vpc"}``. So the comparison follows values across stacks as it does in a real plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cfn.resolve import Scope
from cfn.templates import CommittedTemplates
from cfn.text import parameter_text
from cfn.types import STACK
from review.plan.model import ChangeSet, Plan, PlannedTemplate, Resource, Stack, StackPath
from review.plan.plan_file import FORMAT

ACCOUNT = "111122223333"  # the account of examples in AWS's documentation
NO_CHANGE_SET = ChangeSet("", "", "", "", "", {}, ())
"""The change set of a plan without AWS."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        templates: The root and the templates that it nests.
        parameters: The known values of the root's parameters; a parameter without value and default stays unresolved.
        tags: The tags of the stack.
        stack_policy: The stack policy as JSON, or None.
        termination_protection: Whether the stack is protected from deletion.
    """

    templates: CommittedTemplates
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    stack_policy: str | None = None
    termination_protection: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """The values of the root's parameters, with its defaults. Names that the root does not declare are left out."""
        return _values(self.templates.root.document, self.parameters)


@dataclass(frozen=True)
class Place:
    """Where the templates would be deployed: the values of pseudo parameters."""

    stack: str = "stack"
    region: str = "us-east-1"
    account: str = ACCOUNT
    partition: str = "aws"
    url_suffix: str = "amazonaws.com"


def offline_plan(before: Side | None, after: Side, place: Place) -> Plan:
    """The plan that would update the older set to the newer one.

    Args:
        before: The older set; None if everything is new.
        after: The newer set.
        place: Where both would be deployed.
    """
    plan = Plan(
        format=FORMAT,
        created="",
        platform="",
        environment="",
        region=place.region,
        account=place.account,
        partition=place.partition,
        url_suffix=place.url_suffix,
        stack=place.stack,
        kind="CREATE" if before is None else "UPDATE",
        bucket="",
        root=after.templates.root.name,
        templates={
            name: PlannedTemplate(template.sha256, template.text, "", template.sha256)
            for name, template in after.templates.by_name.items()
        },
        artifacts=(),
        parameters=after.values,
        tags=after.tags,
        stack_policy=after.stack_policy,
        termination_protection=after.termination_protection,
        change_set=NO_CHANGE_SET,
        deployed=None,
    )
    if before is None:
        return plan
    return replace(plan, deployed=assumed_stack(before, plan.pseudo, place.stack))


def assumed_stack(side: Side, pseudo: Mapping[str, str], name: str = Place.stack) -> Stack:
    """The stack of one template set, as if it were deployed.

    Args:
        side: The template set with its parameters.
        pseudo: The values of the pseudo parameters that are known.
        name: The name of the stack.

    Returns:
        The stack and its nested stacks, with the resources that exist by their conditions, or may exist.
    """
    root = _AssumedStack(side.templates, side.templates.root.name, side.values, pseudo, name)
    return replace(
        root.stack(),
        tags=side.tags,
        policy=side.stack_policy,
        termination_protection=side.termination_protection,
    )


def _values(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    known = {}
    for name, rules in document.get("Parameters", {}).items():
        if name in values:
            known[name] = values[name]
        elif "Default" in rules:
            known[name] = parameter_text(rules["Default"])
    return known


class _AssumedStack:
    """A stack of the older set, as if it were deployed."""

    def __init__(
        self,
        templates: CommittedTemplates,
        file: str,
        values: Mapping[str, Any],
        pseudo: Mapping[str, str],
        name: str,
        path: StackPath = (),
    ) -> None:
        self.templates, self.file, self.values = templates, file, values
        self.pseudo, self.name, self.path = pseudo, name, path
        self.document = templates.by_name[file].document
        self.scope = Scope(self.document, values, {**pseudo, "AWS::StackName": name}, self._attribute)
        self.children: dict[str, _AssumedStack] = {}

    def _attribute(self, logical_id: str, name: str) -> Any:
        if name.startswith("Outputs.") and (child := self._child(logical_id)) is not None:
            outputs = child.outputs()
            if name.removeprefix("Outputs.") in outputs:
                return outputs[name.removeprefix("Outputs.")]
        qualified = "/".join((*self.path, logical_id))
        return {"Fn::GetAtt": [qualified, name]} if name else {"Ref": qualified}

    def _child(self, logical_id: str) -> _AssumedStack | None:
        resource = self.document["Resources"].get(logical_id, {})
        file = str((resource.get("Properties") or {}).get("TemplateURL"))
        if resource.get("Type") != STACK or file not in self.templates.by_name:
            return None
        if logical_id not in self.children:
            passed = self.scope.resolve(resource["Properties"].get("Parameters") or {})
            texts = {name: parameter_text(value) for name, value in passed.items()}
            values = _values(self.templates.by_name[file].document, texts)
            path = (*self.path, logical_id)
            self.children[logical_id] = _AssumedStack(
                self.templates, file, values, self.pseudo, f"{self.name}-{logical_id}", path
            )
        return self.children[logical_id]

    def outputs(self) -> dict[str, Any]:
        """The outputs that exist, or may exist."""
        return {
            name: self.scope.resolve(entry["Value"])
            for name, entry in (self.document.get("Outputs") or {}).items()
            if self.scope.present(entry) is not False
        }

    def stack(self) -> Stack:
        """The stack with all nested ones."""
        present = {
            logical_id: resource
            for logical_id, resource in self.document["Resources"].items()
            if self.scope.present(resource) is not False
        }
        children = {logical_id: self._child(logical_id) for logical_id in present}
        return Stack(
            id=self.name,
            name=self.name,
            status="",
            updated="",
            template=self.templates.by_name[self.file].text,
            parameters=self.values,
            outputs=self.outputs(),
            tags={},
            termination_protection=False,
            policy=None,
            resources={logical_id: Resource(str(entry["Type"]), "", "") for logical_id, entry in present.items()},
            children={logical_id: child.stack() for logical_id, child in children.items() if child is not None},
        )
