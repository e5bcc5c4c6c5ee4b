"""Gaps of the section Conditions.

- Functions that build a value there stay as they are (intrinsic-function-reference-conditions.html, "Supported functions").
  The emulator compares the function itself with the other value, so that ``!Equals [!Join [",", !Ref Names], none]`` is
  false, whatever the list holds.
- A change set does not see a resource that comes or goes because its condition turns, and may say that nothing changes
  (conditions-section-structure.html: at each update, all conditions are evaluated again).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_engine = emulator_module("services.cloudformation.engine")
_change_sets = emulator_module("services.cloudformation.changesets")
_USERS = ("changesets", "engine", "handlers", "stacks")
"""The modules of the emulator's CloudFormation that have the evaluation by its name."""

_VALUES = ("Fn::FindInMap", "Fn::Join", "Fn::Split", "Fn::Sub")


def install() -> None:
    """Wrap the evaluation in each module that uses it, and what change sets compare."""
    require(_engine, "_resolve_refs")
    for name in _USERS:
        module = emulator_module(f"services.cloudformation.{name}")
        wrap(module, "_evaluate_conditions", _with_values)
    wrap(_change_sets, "_resolve_props_for_diff", _without_false_conditions)


def _with_values(original: Callable[..., dict[str, bool]]) -> Callable[..., dict[str, bool]]:
    """Put a value in place of each function that builds one, and evaluate then."""

    def evaluate(template: dict[str, Any], params: dict[str, Any]) -> dict[str, bool]:
        conditions = _resolved(template.get("Conditions") or {}, params, template.get("Mappings") or {})
        return original({**template, "Conditions": conditions}, params)

    return evaluate


def _resolved(node: Any, params: dict[str, Any], mappings: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, params, mappings) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and next(iter(node)) in _VALUES:
        return _engine._resolve_refs(node, {}, params, {}, mappings, "", "")
    return {key: _resolved(item, params, mappings) for key, item in node.items()}


def _without_false_conditions(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Compare only resources that exist before or after the change."""

    def resolve(template: dict[str, Any], params: dict[str, Any], *stack: Any) -> dict[str, Any]:
        resolved = original(template, params, *stack)
        if not resolved:
            return resolved
        holds = _change_sets._evaluate_conditions(template, params)
        resources = resolved["Resources"].items()
        return {"Resources": {name: entry for name, entry in resources if holds.get(entry.get("Condition"), True)}}

    return resolve
