"""Plans written by hand: what is deployed, what is planned, and what CloudFormation lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cfn.parameters import with_defaults
from cfn.resolve import Scope
from cfn.templates import parse, text_digest
from cfn.text import parameter_text
from cfn.types import STACK
from review.plan.model import Change, ChangeSet, Detail, Plan, PlannedTemplate, Resource, Stack
from review.plan.plan_file import FORMAT

ACCOUNT = "111122223333"
PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


def stack_arn(name: str) -> str:
    return f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name}/1"


def deployed(
    name: str,
    template: str,
    parameters: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    children: Mapping[str, Stack] | None = None,
    *,
    absent: Sequence[str] = (),
    **more: Any,
) -> Stack:
    """A deployed stack whose resources have the id ``<logical id>-id``."""
    resources = {
        logical_id: Resource(
            resource["Type"],
            stack_arn(f"{name}-{logical_id}") if resource["Type"] == STACK else f"{logical_id}-id",
            "CREATE_COMPLETE",
        )
        for logical_id, resource in parse(template)["Resources"].items()
        if logical_id not in absent
    }
    fields: dict[str, Any] = {
        "id": stack_arn(name),
        "name": name,
        "status": "CREATE_COMPLETE",
        "updated": "2026-01-01T00:00:00+00:00",
        "template": template,
        "parameters": dict(parameters or {}),
        "outputs": dict(outputs or {}),
        "tags": {},
        "termination_protection": False,
        "policy": None,
        "resources": resources,
        "children": dict(children or {}),
    }
    return Stack(**{**fields, **more})


def as_deployed(
    templates: Mapping[str, str], name: str, parameters: Mapping[str, Any], stack: str = "small-dev"
) -> Stack:
    """The tree as CloudFormation would have created it: invented ids and outputs, values passed from stack to stack."""
    document = parse(templates[name])
    children: dict[str, Stack] = {}
    values = {
        key: parameters.get(key, rules.get("Default", "")) for key, rules in document.get("Parameters", {}).items()
    }

    def attribute(logical_id: str, attribute_name: str) -> str:
        if attribute_name.startswith("Outputs."):
            return str(child(logical_id).outputs[attribute_name.removeprefix("Outputs.")])
        return f"{logical_id}-{attribute_name or 'id'}"

    scope = Scope(document, values, {**PSEUDO, "AWS::StackName": stack}, attribute)

    def child(logical_id: str) -> Stack:
        if logical_id not in children:
            properties = document["Resources"][logical_id]["Properties"]
            passed = scope.resolve(properties.get("Parameters", {}))
            texts = {key: str(parameter_text(value)) for key, value in passed.items()}
            children[logical_id] = as_deployed(templates, properties["TemplateURL"], texts, f"{stack}-{logical_id}")
        return children[logical_id]

    present = {key: resource for key, resource in document["Resources"].items() if scope.present(resource) is not False}
    for logical_id, resource in present.items():
        if resource["Type"] == STACK:
            child(logical_id)
    outputs = {
        key: str(scope.resolve(output["Value"]))
        for key, output in document.get("Outputs", {}).items()
        if scope.present(output) is not False
    }
    absent = [key for key in document["Resources"] if key not in present]
    texts = {key: str(value) for key, value in values.items()}
    return deployed(stack, templates[name], texts, outputs, children, absent=absent)


def claim(
    logical_id: str,
    kind: str,
    action: str = "Modify",
    replacement: str = "False",
    details: Sequence[Detail] = (),
    child: ChangeSet | None = None,
    *,
    scope: Sequence[str] = ("Properties",),
    policy: str = "",
) -> Change:
    """One change as CloudFormation lists it."""
    return Change(
        action, logical_id, f"{logical_id}-id", kind, replacement, policy, tuple(scope), tuple(details), child
    )


def detail(
    name: str,
    recreation: str = "Never",
    evaluation: str = "Static",
    source: str = "DirectModification",
    cause: str = "",
    before: str | None = None,
    after: str | None = None,
    attribute: str = "Properties",
) -> Detail:
    """One detail of a change as CloudFormation gives it."""
    return Detail(attribute, name, f"/Properties/{name}", recreation, evaluation, source, cause, before, after)


def change_set(*changes: Change, status: str = "CREATE_COMPLETE", reason: str = "") -> ChangeSet:
    """A settled change set."""
    identifier = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:changeSet/deploy/1"
    return ChangeSet(identifier, stack_arn("small-dev"), status, "AVAILABLE", reason, {}, changes)


def make_plan(
    templates: Mapping[str, str],
    before: Stack | None = None,
    parameters: Mapping[str, str] | None = None,
    claims: ChangeSet | None = None,
    **more: Any,
) -> Plan:
    """A plan for ``root.yaml`` of the templates; without ``before`` it creates the stack.

    ``claims`` is CloudFormation's change set.
    """
    values = with_defaults(parse(templates["root.yaml"]), parameters or {})
    fields: dict[str, Any] = {
        "format": FORMAT,
        "created": "2026-01-01T00:00:00+00:00",
        "platform": "small",
        "environment": "dev",
        "region": "us-east-1",
        "account": ACCOUNT,
        "partition": "aws",
        "url_suffix": "amazonaws.com",
        "stack": "small-dev",
        "kind": "UPDATE" if before else "CREATE",
        "bucket": "b",
        "root": "root.yaml",
        "templates": {
            name: PlannedTemplate(text_digest(text), text, "", text_digest(text)) for name, text in templates.items()
        },
        "artifacts": (),
        "parameters": values,
        "tags": {},
        "stack_policy": None,
        "termination_protection": False,
        "change_set": claims or change_set(),
        "deployed": before,
    }
    return Plan(**{**fields, **more})


def everything_replaced(stack: Stack) -> ChangeSet:
    """The worst that AWS lists: every resource replaced, for a value that flows in from another stack."""

    def changes(inside: Stack) -> Iterator[Change]:
        for logical_id, resource in inside.resources.items():
            if resource.type == STACK:
                child = everything_replaced(inside.children[logical_id])
                yield claim(logical_id, STACK, details=[detail("", source="Automatic")], child=child)
            else:
                flowing = detail("Anything", "Always", "Dynamic", "ParameterReference", "SomeArn")
                yield claim(logical_id, resource.type, replacement="True", details=[flowing])

    return change_set(*changes(stack))
