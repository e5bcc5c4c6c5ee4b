"""Evaluates a stack policy as CloudFormation does, so that the review can report what CloudFormation will deny.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html: a stack policy denies what no
statement allows, and a denial outweighs every allowance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class StackPolicy:
    """The statements of a stack policy."""

    statements: tuple[Mapping[str, Any], ...]

    @classmethod
    def parse(cls, text: str) -> StackPolicy:
        """The policy of its JSON text."""
        return cls(tuple(json.loads(text).get("Statement", [])))

    def allows(self, action: str, logical_id: str, resource_type: str) -> bool:
        """Whether the policy allows ``Update:Modify``, ``Update:Replace`` or ``Update:Delete`` of the resource."""
        effects = {
            statement["Effect"]
            for statement in self.statements
            if _applies(statement, action, logical_id, resource_type)
        }
        return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], action: str, logical_id: str, resource_type: str) -> bool:
    return (
        _matches(statement, "Action", action)
        and _matches(statement, "Resource", f"LogicalResourceId/{logical_id}")
        and _of_type(statement.get("Condition", {}), resource_type)
    )


def _matches(statement: Mapping[str, Any], key: str, value: str) -> bool:
    if f"Not{key}" in statement:
        return not any(fnmatchcase(value, pattern) for pattern in _as_list(statement[f"Not{key}"]))
    return any(fnmatchcase(value, pattern) for pattern in _as_list(statement.get(key, [])))


def _of_type(condition: Mapping[str, Any], resource_type: str) -> bool:
    """Whether the condition holds; ResourceType is the only key that a stack policy's condition has."""
    for operator, keys in condition.items():
        patterns = _as_list(keys.get("ResourceType", []))
        if operator == "StringLike":
            holds = any(fnmatchcase(resource_type, pattern) for pattern in patterns)
        else:
            holds = resource_type in patterns
        if not holds:
            return False
    return True


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
