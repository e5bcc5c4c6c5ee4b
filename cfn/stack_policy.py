"""Reads a stack policy as CloudFormation does, so that the review can say what it will deny.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html: everything is denied that
no statement allows, and a denial outweighs every allowance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Policy:
    """The statements of a stack policy."""

    statements: tuple[Mapping[str, Any], ...]

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy of its JSON text."""
        return cls(tuple(json.loads(text).get("Statement", [])))

    def allows(self, action: str, logical_id: str, resource_type: str) -> bool:
        """Whether ``Update:Replace`` (or Modify, or Delete) may be done to the resource."""
        effects = {one["Effect"] for one in self.statements if _applies(one, action, logical_id, resource_type)}
        return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], action: str, logical_id: str, resource_type: str) -> bool:
    resource = f"LogicalResourceId/{logical_id}"
    return (
        _matches(statement, "Action", action)
        and _matches(statement, "Resource", resource)
        and _of_type(statement.get("Condition", {}), resource_type)
    )


def _matches(statement: Mapping[str, Any], key: str, value: str) -> bool:
    if f"Not{key}" in statement:
        return not any(fnmatchcase(value, pattern) for pattern in _listed(statement[f"Not{key}"]))
    return any(fnmatchcase(value, pattern) for pattern in _listed(statement.get(key, [])))


def _of_type(condition: Mapping[str, Any], resource_type: str) -> bool:
    """ResourceType is the only key that a stack policy's condition has."""
    for operator, keys in condition.items():
        patterns = _listed(keys.get("ResourceType", []))
        if operator == "StringLike":
            found = any(fnmatchcase(resource_type, pattern) for pattern in patterns)
        else:
            found = resource_type in patterns
        if not found:
            return False
    return True


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
