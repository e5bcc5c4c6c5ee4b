"""Policy documents and their statements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.builders.support.resources import Resource, all_resources, find_resource, templates, text


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A policy document's statements, with Action and Resource as lists. Documents for CloudWatch Logs are text."""
    if "Fn::Sub" in document:
        document = json.loads(text(document))
    return [
        {**s, **{key: s[key] if isinstance(s[key], list) else [s[key]] for key in ("Action", "Resource") if key in s}}
        for s in document["Statement"]
    ]


def policy_documents() -> Iterator[tuple[Resource, str, Mapping[str, Any]]]:
    """All policy documents of all resources, with the resource and the property."""
    for resource in all_resources():
        for name in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if name in resource.properties:
                yield resource, name, resource.properties[name]


def permissions_of(platform: str, role: str) -> list[Mapping[str, Any]]:
    """The statements of a role's customer-managed policies that its own template contains."""
    resource = find_resource(platform, role)
    siblings = templates(platform)[resource.tier]["Resources"]
    names = [arn["Ref"] for arn in resource.properties["ManagedPolicyArns"] if isinstance(arn, dict) and "Ref" in arn]
    return [
        statement
        for name in names
        if name in siblings
        for statement in statements(siblings[name]["Properties"]["PolicyDocument"])
    ]


def granted(role: Resource) -> Iterator[Mapping[str, Any]]:
    """The allowing statements of the role's policies, including policies of other tiers."""
    for arn in role.properties["ManagedPolicyArns"]:
        name = arn["Ref"]
        if name not in templates(role.platform)[role.tier]["Resources"]:
            (name,) = [
                tier["Outputs"][name]["Value"]["Ref"]
                for tier in templates(role.platform).values()
                if name in tier.get("Outputs", {}) and "Ref" in tier["Outputs"][name]["Value"]
            ]
        for statement in statements(find_resource(role.platform, name).properties["PolicyDocument"]):
            if statement["Effect"] == "Allow":
                yield statement
