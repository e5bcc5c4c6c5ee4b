"""Gaps of CloudFormation's own rules.

- A circular dependency, an unknown name and one that a condition leaves out are found while resources are created. Here
  the change set is rejected.
- A stack policy is stored and not applied (protect-stack-resources.html).
- Two stacks may export the same name (using-cfn-stack-exports.html).
- The cleanup after a replacement leaves no events.
- A stack whose creation was rolled back can be updated.
- A change set has no events (API_DescribeEvents).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_cloudformation = emulator_module("services.cloudformation")
_engine = emulator_module("services.cloudformation.engine")
_stacks = emulator_module("services.cloudformation.stacks")
_change_sets = emulator_module("services.cloudformation.changesets")
_handlers = emulator_module("services.cloudformation.handlers")

_NAME = re.compile(r"\$\{([^!][^}]*)\}")


def install() -> None:
    """Add the checks."""
    require(_engine, "_topological_sort")
    require(_handlers, "_ACTION_HANDLERS", "_resolve_stack", "_p", "_error")
    require(_stacks, "_replacing_change", "_add_event")
    wrap(_change_sets, "validate_template_support", _with_references)
    wrap(_handlers, "validate_template_support", _with_references)
    wrap(_stacks, "_update_keeping_seed", _under_the_policy)
    wrap(_stacks, "_resolve_stack_outputs", _with_unique_exports)
    wrap(_stacks, "_delete_resource", _with_cleanup_events)
    actions = _handlers._ACTION_HANDLERS
    actions["CreateChangeSet"] = _of_updatable_stacks(actions["CreateChangeSet"])
    actions["DescribeEvents"] = _with_change_sets(actions["DescribeEvents"])


# -- states -----------------------------------------------------------------------------------------------------------


def _of_updatable_stacks(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Reject an update after a failed creation: such a stack can only be deleted (using-cfn-describing-stacks.html)."""

    def create(params: Any) -> Any:
        stack = _handlers._resolve_stack(_handlers._p(params, "StackName"))
        is_update = _handlers._p(params, "ChangeSetType", "UPDATE") == "UPDATE"
        if is_update and stack is not None and stack.get("StackStatus") == "ROLLBACK_COMPLETE":
            reason = f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
            return _handlers._error("ValidationError", reason)
        return original(params)

    return create


def _with_change_sets(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Report the operation that has created a change set. It has no findings, because nothing validates here."""

    def describe(params: Any) -> Any:
        named = _handlers._p(params, "ChangeSetName")
        found = [entry for entry in _cloudformation._change_sets.values() if named and named == entry["ChangeSetId"]]
        if not found or _handlers._p(params, "Filters.FailedEvents").lower() == "true":
            return original(params)
        entry = found[0]
        is_good = entry.get("Status") != "FAILED"
        fields = {
            "EventId": f"{entry['ChangeSetId'].rpartition('/')[2]}-1",
            "StackId": entry["StackId"],
            "OperationId": entry["ChangeSetId"].rpartition("/")[2],
            "OperationType": "CREATE_CHANGESET",
            "OperationStatus": "SUCCEEDED" if is_good else "FAILED",
            "EventType": "STACK_EVENT",
            "Timestamp": str(entry["CreationTime"]),
        }
        event = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        result = f"<OperationEvents><member>{event}</member></OperationEvents>"
        return _handlers._xml(200, "DescribeEventsResponse", f"<DescribeEventsResult>{result}</DescribeEventsResult>")

    return describe


# -- references -------------------------------------------------------------------------------------------------------


def _with_references(original: Callable[..., Any]) -> Callable[..., Any]:
    def validate(template: dict[str, Any], conditions: dict[str, bool], *more: Any, **options: Any) -> Any:
        resources = template.get("Resources") or {}
        existing = _existing(resources, conditions)
        known = {*existing, *(template.get("Parameters") or {})}
        sections = {**existing, "Outputs": _existing(template.get("Outputs") or {}, conditions)}
        unknown = sorted({name for section in sections.values() for name in _references(section)} - known)
        if unknown:
            raise ValueError(
                f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}] in the Resources block of "
                "the template"
            )
        try:
            _engine._topological_sort(resources, conditions)
        except ValueError as error:
            names = str(error).rpartition(": ")[2]
            raise ValueError(f"Circular dependency between resources: [{names}]") from error
        return original(template, conditions, *more, **options)

    return validate


def _existing(entries: dict[str, Any], conditions: dict[str, bool]) -> dict[str, Any]:
    """The resources or outputs that the conditions leave, each without the branches of Fn::If that are not taken."""
    return {
        name: _taken(entry, conditions)
        for name, entry in entries.items()
        if not isinstance(entry, dict) or conditions.get(entry.get("Condition", ""), True)
    }


def _taken(node: Any, conditions: dict[str, bool]) -> Any:
    if isinstance(node, list):
        return [_taken(item, conditions) for item in node]
    if not isinstance(node, dict):
        return node
    choice = node.get("Fn::If")
    if isinstance(choice, list) and len(choice) == 3 and choice[0] in conditions:
        return _taken(choice[1 if conditions[choice[0]] else 2], conditions)
    return {key: _taken(value, conditions) for key, value in node.items()}


def _references(node: Any) -> Iterator[str]:
    """The names that a part of a template refers to, pseudo parameters aside."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if len(node) == 1 and key == "Ref" and isinstance(value, str) and not value.startswith("AWS::"):
            yield value
        elif len(node) == 1 and key == "Fn::GetAtt":
            name = value.partition(".")[0] if isinstance(value, str) else value[0]
            yield from [name] if isinstance(name, str) else []
        elif len(node) == 1 and key == "Fn::Sub":
            yield from _substituted(value)
        else:
            yield from _references(value)


def _substituted(value: Any) -> Iterator[str]:
    text, given = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
    yield from _references(given)
    names = (match.partition(".")[0].strip() for match in _NAME.findall(str(text)))
    yield from (name for name in names if name not in given and not name.startswith("AWS::"))


# -- stack policies ---------------------------------------------------------------------------------------------------


def _under_the_policy(original: Callable[..., Any]) -> Callable[..., Any]:
    def update(
        resource_type: str, physical_id: str, old: Any, new: Any, stack: str, logical_id: str, *more: Any
    ) -> Any:
        policy = (_cloudformation._stacks.get(stack) or {}).get("_stack_policy")
        if policy and old != new:
            action = "Update:Replace" if _stacks._replacing_change(resource_type, old, new) else "Update:Modify"
            _check(json.loads(policy), action, logical_id, resource_type)
        return original(resource_type, physical_id, old, new, stack, logical_id, *more)

    return update


def _check(policy: dict[str, Any], action: str, logical_id: str, resource_type: str) -> None:
    """Raise ValueError unless the policy allows the action: it denies what no statement allows."""
    statements = policy.get("Statement") or []
    matching = [
        (number, statement)
        for number, statement in enumerate(statements if isinstance(statements, list) else [statements], 1)
        if _covers(statement, action, logical_id, resource_type)
    ]
    denied = [number for number, statement in matching if statement["Effect"] == "Deny"]
    where = f"for resource [LogicalResourceId/{logical_id}]"
    if denied:
        raise ValueError(f"Action denied by stack policy: Statement [#{denied[0]}] does not allow [{action}] {where}")
    if not matching:
        raise ValueError(f"Action not allowed by stack policy: no statement allows [{action}] {where}")


def _covers(statement: dict[str, Any], action: str, logical_id: str, resource_type: str) -> bool:
    resource = f"LogicalResourceId/{logical_id}"
    types = [
        value
        for condition in (statement.get("Condition") or {}).values()
        for value in _listed(condition.get("ResourceType"))
    ]
    return (
        _names(statement, "Action", action)
        and _names(statement, "Resource", resource)
        and (not types or any(fnmatchcase(resource_type, pattern) for pattern in types))
    )


def _names(statement: dict[str, Any], element: str, value: str) -> bool:
    if f"Not{element}" in statement:
        return not any(fnmatchcase(value, pattern) for pattern in _listed(statement[f"Not{element}"]))
    return any(fnmatchcase(value, pattern) for pattern in _listed(statement.get(element)))


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


# -- exports and cleanup ----------------------------------------------------------------------------------------------


def _with_unique_exports(original: Callable[..., Any]) -> Callable[..., Any]:
    def resolve(*arguments: Any) -> Any:
        outputs, exports = original(*arguments)
        for name, export in exports.items():
            other = _cloudformation._exports.get(name)
            if other is not None and other["StackId"] != export["StackId"]:
                stack = other["StackId"].split("/")[1]
                raise ValueError(f"Export with name {name} is already exported by stack {stack}")
        return outputs, exports

    return resolve


def _with_cleanup_events(original: Callable[..., Any]) -> Callable[..., Any]:
    """Report the deletion of what an update has replaced (using-cfn-updating-stacks-update-behaviors.html)."""

    def delete(resource_type: str, physical_id: str, props: Any, stack: str, logical_id: str, *more: Any) -> Any:
        record = _cloudformation._stacks.get(stack) or {}
        successor = (record.get("_resources") or {}).get(logical_id, {}).get("PhysicalResourceId")
        is_cleanup = record.get("StackStatus") == "UPDATE_IN_PROGRESS" and successor not in (None, physical_id)
        if not is_cleanup:
            return original(resource_type, physical_id, props, stack, logical_id, *more)
        identifier, cleanup = record["StackId"], "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        events = _cloudformation._stack_events.get(identifier) or []
        begun = [event["ResourceStatus"] for event in events if event["LogicalResourceId"] == stack]
        if not begun or begun[-1] != cleanup:
            own = "AWS::CloudFormation::Stack"
            _stacks._add_event(identifier, stack, stack, own, cleanup, physical_id=identifier)
        _stacks._add_event(identifier, stack, logical_id, resource_type, "DELETE_IN_PROGRESS", physical_id=physical_id)
        result = original(resource_type, physical_id, props, stack, logical_id, *more)
        _stacks._add_event(identifier, stack, logical_id, resource_type, "DELETE_COMPLETE", physical_id=physical_id)
        return result

    return delete
