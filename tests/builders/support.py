"""What the tests of templates share: the templates as plain data, and what becomes of them for given parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from builders.emit import as_dict
from builders.platforms import PLATFORMS
from builders.root import assemble
from cfn.resolve import Scope, Unknown
from cfn.text import readable

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A resource and where it stands."""

    platform: str
    tier: str
    title: str
    body: Mapping[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> Mapping[str, Any]:
        return self.body.get("Properties", {})

    def __str__(self) -> str:
        return f"{self.platform}/{self.tier}/{self.title}"


@cache
def templates(platform: str) -> dict[str, dict[str, Any]]:
    """Every template of a platform, as it is emitted."""
    return {name: as_dict(template) for name, template in assemble(PLATFORMS[platform]).templates.items()}


def every_resource(*types: str) -> Iterator[Found]:
    """The resources of all platforms, of the given types or of all."""
    for platform in PLATFORMS:
        yield from resources(platform, *types)


def resources(platform: str, *types: str) -> Iterator[Found]:
    """The resources of one platform, of the given types or of all."""
    for tier, template in templates(platform).items():
        for title, body in template["Resources"].items():
            if not types or body["Type"] in types:
                yield Found(platform, tier, title, body)


def one(platform: str, title: str) -> Found:
    """The resource with this logical id, which must be the only one."""
    (found,) = [found for found in resources(platform) if found.title == title]
    return found


def deployed(template: Template, **parameters: str) -> dict[str, Any]:
    """The resources that exist for the given parameters, with every ``Fn::If`` decided and absent values dropped."""
    scope = Scope(template, parameters, {})
    conditions = {name: _condition(name, scope) for name in template.get("Conditions", {})}
    return {
        title: _decide(body, conditions)
        for title, body in template["Resources"].items()
        if "Condition" not in body or conditions[body["Condition"]]
    }


def _condition(name: str, scope: Scope) -> bool:
    truth = scope.condition(name)
    assert not isinstance(truth, Unknown), f"the condition {name} is unknown: {truth.reason}"
    return truth


_ABSENT = object()


def _decide(value: Any, conditions: Mapping[str, bool]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"Fn::If"}:
            name, then, otherwise = value["Fn::If"]
            return _decide(then if conditions[name] else otherwise, conditions)
        if value == {"Ref": "AWS::NoValue"}:
            return _ABSENT
        decided = {key: _decide(item, conditions) for key, item in value.items()}
        return {key: item for key, item in decided.items() if item is not _ABSENT}
    if isinstance(value, list):
        return [item for item in (_decide(item, conditions) for item in value) if item is not _ABSENT]
    return value


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A policy document's statements, with Action and Resource as lists; CloudWatch Logs takes its documents as text."""
    if "Fn::Sub" in document:
        document = json.loads(text(document))
    return [
        {**s, **{key: s[key] if isinstance(s[key], list) else [s[key]] for key in ("Action", "Resource") if key in s}}
        for s in document["Statement"]
    ]


def policy_documents() -> Iterator[tuple[Found, str, Mapping[str, Any]]]:
    """Every policy document of every resource, with the property that holds it."""
    for found in every_resource():
        for name in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if name in found.properties:
                yield found, name, found.properties[name]


def permissions_of(platform: str, role: str) -> list[Mapping[str, Any]]:
    """The statements of the customer-managed policies that a role carries from its own template."""
    found = one(platform, role)
    here = templates(platform)[found.tier]["Resources"]
    names = [arn["Ref"] for arn in found.properties["ManagedPolicyArns"] if isinstance(arn, dict) and "Ref" in arn]
    return [
        statement
        for name in names
        if name in here
        for statement in statements(here[name]["Properties"]["PolicyDocument"])
    ]


def text(value: Any) -> str:
    """A name or ARN as one string, references as placeholders: enough to see what it begins and ends with."""
    result = readable(value) if isinstance(value, dict) else str(value)
    assert result is not None, f"no text in {value}"
    return result
