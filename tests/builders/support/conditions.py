"""Conditions of a template, evaluated for given parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfn.resolve import Scope, Unknown
from tests.builders.support.resources import Template

CERTIFICATE_ARN = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def deployed(template: Template, **parameters: str) -> dict[str, Any]:
    """The resources that exist for the given parameters, with each ``Fn::If`` resolved and absent values removed."""
    scope = Scope(template, parameters, {})
    conditions = {name: _condition(name, scope) for name in template.get("Conditions", {})}
    return {
        title: _decide(body, conditions)
        for title, body in template["Resources"].items()
        if "Condition" not in body or conditions[body["Condition"]]
    }


def _condition(name: str, scope: Scope) -> bool:
    truth = scope.condition(name)
    assert not isinstance(truth, Unknown), f"The condition {name} is unknown: {truth.reason}."
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
