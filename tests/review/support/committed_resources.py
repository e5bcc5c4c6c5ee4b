"""Offline reviews of single resources of the committed platforms, each with the resources of its stack that it needs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cfn.templates import CommittedTemplates, Template, parse
from review.formats.document import review_document
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan
from tests.review.strength.support.platforms import Resource, resources

ELSEWHERE = "Elsewhere"
_OUTSIDE = {
    "Type": "Custom::Elsewhere",
    "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:111122223333:function:f"},
}
_LEFT_OUT = ("Condition", "DependsOn", "Metadata")  # they name what is not in the small template

Entries = Mapping[str, Mapping[str, Any]]


def entry(resource: Resource) -> dict[str, Any]:
    """A resource as an entry of a template."""
    attributes = {name: value for name, value in resource.attributes.items() if name not in _LEFT_OUT}
    return {"Type": resource.type, **attributes, "Properties": dict(resource.properties)}


def logical_id(resource: Resource) -> str:
    """The name of a resource in its template."""
    return resource.name.rpartition("/")[2]


@cache
def stacks() -> Mapping[str, Mapping[str, Resource]]:
    """The resources of each stack, by the path of the stack and their logical ids."""
    found: defaultdict[str, dict[str, Resource]] = defaultdict(dict)
    for resource in resources():
        found[resource.name.rpartition("/")[0]][logical_id(resource)] = resource
    return found


@cache
def neighbours(resource: str) -> Entries:
    """The entries that a resource of this name refers to, the IAM entries that refer to it, and a custom resource."""
    stack, _, own = resource.rpartition("/")
    siblings = stacks()[stack]
    wanted = _references(siblings[own].properties) & siblings.keys()
    wanted |= {name for name, one in siblings.items() if _is_iam(one) and own in _references(one.properties)}
    return {ELSEWHERE: _OUTSIDE, **{name: entry(siblings[name]) for name in sorted(wanted - {own})}}


def _is_iam(resource: Resource) -> bool:
    return resource.type.startswith("AWS::IAM::")


def _references(value: Any) -> set[str]:
    return set(_referred(value))


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        if isinstance(value.get("Fn::GetAtt"), list):
            yield value["Fn::GetAtt"][0]
        for child in value.values():
            yield from _referred(child)
    elif isinstance(value, list):
        for child in value:
            yield from _referred(child)


def reviewed(before: Entries, after: Entries) -> dict[str, Any]:
    """The JSON document of the review of one template's update."""
    plan = offline_plan(_side(before), _side(after), Place())
    return review_document(judge_plan(plan))


def _side(entries: Entries) -> Side:
    text = json.dumps({"Resources": entries})
    template = Template("root.yaml", text, parse(text))
    return Side(CommittedTemplates(template, {"root.yaml": template}))
