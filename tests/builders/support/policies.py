"""Policy documents and their statements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.builders.support.resources import Found, every_resource, one, templates, text


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
