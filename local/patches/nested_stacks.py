"""Gap: the emulator runs nested stacks with an engine of their own, which does less than the one of top-level stacks.

That engine passes no old attributes to an update, so that reading one of an unchanged resource fails. It leaves the
resources of a child that failed half-way, deletes without events and without a reason for a failure, does not resolve
dynamic references, and no longer calls custom resources for a replaced physical id. The patch runs each child through the
top-level engine instead, so that both behave the same.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine
from typing import Any

from local.ministack.internals import emulator_module, replace_handler, require

_cloudformation = emulator_module("services.cloudformation")
_engine = emulator_module("services.cloudformation.engine")
_handlers = emulator_module("services.cloudformation.handlers")
_helpers = emulator_module("services.cloudformation.helpers")
_provisioners = emulator_module("services.cloudformation.provisioners")
_stack_engine = emulator_module("services.cloudformation.stacks")
_core = emulator_module("core.responses")

_SUCCESSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def install() -> None:
    """Replace the handlers of AWS::CloudFormation::Stack."""
    require(_stack_engine, "_deploy_stack_async", "_delete_stack_async", "_add_event")
    require(_provisioners, "_nested_stack_lookup_name", "_check_nested_stack_capabilities", "_inherited_capabilities")
    replace_handler(
        "AWS::CloudFormation::Stack",
        {"create": _create, "update": _update, "delete": _delete, "update_with_logical_id": True},
    )
    require(_handlers, "_ACTION_HANDLERS")
    actions = _handlers._ACTION_HANDLERS
    actions["DescribeStacks"] = _with_parents(actions["DescribeStacks"])


def _with_parents(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add RootId and ParentId of nested stacks, which DescribeStacks leaves out."""

    def describe(params: Any) -> Any:
        status, headers, body = original(params)
        text = body.decode() if isinstance(body, bytes) else str(body)
        for record in list(_cloudformation._stacks.values()):
            if record.get("ParentId"):
                own = f"<StackId>{record['StackId']}</StackId>"
                text = text.replace(
                    own, f"{own}<ParentId>{record['ParentId']}</ParentId><RootId>{record['RootId']}</RootId>"
                )
        return status, headers, text.encode()

    return describe


def _create(logical_id: str, props: dict[str, Any], parent: str) -> tuple[str, dict[str, str]]:
    name = f"{parent}-{logical_id}-{_core.new_uuid().replace('-', '')[:12].upper()}"
    arn = f"arn:aws:cloudformation:{_core.get_region()}:{_core.get_account_id()}:stack/{name}/{_core.new_uuid()}"
    return _deploy(name, arn, props, parent, previous=None)


def _update(
    physical_id: str, old_props: dict[str, Any], props: dict[str, Any], parent: str, logical_id: str | None = None
) -> tuple[str, dict[str, str]]:
    name = _provisioners._nested_stack_lookup_name(physical_id)
    previous = _cloudformation._stacks.get(name)
    if previous is None or previous.get("StackStatus") == "DELETE_COMPLETE":
        return _create(logical_id or physical_id, props, parent)
    return _deploy(name, previous["StackId"], props, parent, previous=copy.deepcopy(previous))


def _deploy(
    name: str, arn: str, props: dict[str, Any], parent: str, *, previous: dict[str, Any] | None
) -> tuple[str, dict[str, str]]:
    """Create or update one child. Raises ValueError with the first reason if it failed; it has rolled back then."""
    template, body = _template(props, parent)
    record, parameters = _record(name, arn, template, body, props, parent, previous)
    _cloudformation._stacks[name] = record
    first_event = len(_cloudformation._stack_events.setdefault(arn, []))
    _stack_engine._add_event(arn, name, name, "AWS::CloudFormation::Stack", record["StackStatus"], physical_id=arn)
    _on_the_loop(
        _stack_engine._deploy_stack_async(
            name,
            arn,
            template,
            parameters,
            False,
            record["Tags"],
            is_update=previous is not None,
            previous_stack=previous,
        )
    )
    status = _cloudformation._stacks[name]["StackStatus"]
    if status not in _SUCCESSES:
        reason = _first_failure(_cloudformation._stack_events[arn][first_event:]) or status
        if previous is None:
            _delete(arn, props)
        raise ValueError(f"Embedded stack {arn} was not successfully {'updated' if previous else 'created'}: {reason}")
    outputs = _cloudformation._stacks[name]["Outputs"]
    return arn, {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in outputs}


def _template(props: dict[str, Any], parent: str) -> tuple[dict[str, Any], str]:
    url = props.get("TemplateURL")
    body, error = _helpers._resolve_template({"TemplateURL": [url]})
    if error is not None or not body:
        raise ValueError(f"S3 error: the template {url} of the nested stack cannot be read")
    template = _engine._parse_template(body)
    _provisioners._check_nested_stack_capabilities(parent, template)
    parameters = _parameters(template, props)
    _engine.validate_template_support(template, _engine._evaluate_conditions(template, parameters), params=parameters)
    return template, body


def _parameters(template: dict[str, Any], props: dict[str, Any]) -> dict[str, Any]:
    values = props.get("Parameters") or {}
    if any(isinstance(value, list | dict) for value in values.values()):
        raise ValueError("Value of property Parameters must be an object with String (or simple type) properties")
    resolved: dict[str, Any] = _engine._resolve_parameters(
        template, [{"Key": key, "Value": _text(value)} for key, value in values.items()]
    )
    return resolved


def _text(value: object) -> str:
    """Return a scalar as CloudFormation writes it: a YAML boolean is ``true``, not Python's ``True``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _record(
    name: str,
    arn: str,
    template: dict[str, Any],
    body: str,
    props: dict[str, Any],
    parent: str,
    previous: dict[str, Any] | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the child's stack record while it deploys, and its resolved parameters."""
    parameters = _parameters(template, props)
    parent_record = _cloudformation._stacks.get(parent) or {}
    before = previous or {}
    record = {
        **before,
        "StackName": name,
        "StackId": arn,
        "StackStatus": "UPDATE_IN_PROGRESS" if previous else "CREATE_IN_PROGRESS",
        "StackStatusReason": "",
        "CreationTime": before.get("CreationTime") or _core.now_iso(),
        "LastUpdatedTime": _core.now_iso(),
        "Description": template.get("Description", ""),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value["Value"], "NoEcho": value["NoEcho"]}
            for key, value in parameters.items()
        ],
        "Tags": [tag for tag in props.get("Tags") or [] if not tag["Key"].startswith("aws:")],
        "Outputs": before.get("Outputs", []),
        "DisableRollback": False,
        "Capabilities": _provisioners._inherited_capabilities(parent),
        "RootId": parent_record.get("RootId") or parent_record.get("StackId", ""),
        "ParentId": parent_record.get("StackId", ""),
        "_region": _core.get_region(),
        "_parent_stack_name": parent,
        "_resources": copy.deepcopy(before.get("_resources", {})),
        "_template": template,
        "_template_body": body,
        "_resolved_params": parameters,
        "_conditions": _engine._evaluate_conditions(template, parameters),
    }
    return record, parameters


def _delete(physical_id: str, props: dict[str, Any]) -> None:
    name = _provisioners._nested_stack_lookup_name(physical_id)
    record = _cloudformation._stacks.get(name)
    if record is None or record["StackStatus"] == "DELETE_COMPLETE":
        return
    _on_the_loop(_stack_engine._delete_stack_async(name, record["StackId"]))
    if record["StackStatus"] != "DELETE_COMPLETE":
        raise ValueError(f"Embedded stack {record['StackId']} was not deleted: {record.get('StackStatusReason', '')}")


def _on_the_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run the engine's coroutine on the emulator's loop and wait.

    This is a worker thread with the stack's account and region in its context, which the loop's task copies.
    """
    asyncio.run_coroutine_threadsafe(work, emulator_module("app")._MAIN_LOOP).result()


def _first_failure(events: list[dict[str, Any]]) -> str:
    for event in events:
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceStatusReason"]:
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}"
    return ""
