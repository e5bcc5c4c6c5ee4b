"""The policies of the committed templates, resolved with each parameter file."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn.parameters import filled_by_packaging, with_defaults
from cfn.templates import load_templates
from review.access.discovery import ATTACHED_POLICIES, POLICIES
from review.access.stacks import StackTemplate, resolved_resources
from review.access.statements import Kind
from review.access.symbols import encode

PROJECT = Path(__file__).parents[4]
FILES = tuple(
    (platform.name, path.stem)
    for platform in sorted((PROJECT / "params").iterdir())
    for path in sorted(platform.glob("*.json"))
    if path.stem != "deployment"
)
"""Platform and environment of every parameter file."""
ACCOUNT = "111122223333"
PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True)
class ShippedPolicy:
    """One policy as plain data with tokens."""

    name: str
    kind: Kind
    policy: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


@functools.cache
def tree(platform: str, environment: str) -> tuple[StackTemplate, dict[str, str]]:
    """The templates of a platform, and the parameters of an environment. What packaging fills in has a value too."""
    templates = load_templates(PROJECT / "templates" / platform)
    given = json.loads((PROJECT / "params" / platform / f"{environment}.json").read_text("utf-8"))["Parameters"]
    values = with_defaults(templates.root.document, given)
    values |= {name: f"packaged-{name.lower()}" for name in values if filled_by_packaging(name)}
    documents = {name: template.document for name, template in templates.by_name.items()}
    return StackTemplate.of(documents, templates.root.name), values


@functools.cache
def shipped_policies(platform: str, environment: str) -> tuple[ShippedPolicy, ...]:
    """Every policy document, one by one."""
    root, values = tree(platform, environment)
    return tuple(_policies(root, values, f"{platform}/{environment}"))


@functools.cache
def policies_without_parameters(platform: str) -> tuple[ShippedPolicy, ...]:
    """Every policy document if no parameter has a value."""
    root, _ = tree(platform, "prod")
    return tuple(_policies(root, {}, platform))


def _policies(root: StackTemplate, values: Mapping[str, str], name: str) -> Iterator[ShippedPolicy]:
    for resource in resolved_resources(root, values, PSEUDO):
        found: list[tuple[Kind, Any]] = [
            (row.kind, resource.properties.get(row.path)) for row in POLICIES if row.type == resource.type
        ]
        if resource.type in ATTACHED_POLICIES:
            found.append((Kind.IDENTITY, resource.properties["PolicyDocument"]))
        for kind, value in found:
            if value is not None:
                plain = encode(value)
                policy = json.loads(plain) if isinstance(plain, str) else plain
                statements = policy["Statement"]
                listed = statements if isinstance(statements, list) else [statements]
                yield ShippedPolicy(f"{name}/{resource.name}", kind, {**policy, "Statement": listed})
