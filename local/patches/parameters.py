"""Gap: the emulator checks the constraints of a parameter of an SSM type against the value that its name leads to.

CloudFormation checks them against the name, which the caller passes. Templates list the names of public parameters as
AllowedValues (the developer guide of AWS's own samples does so for LatestAmiId); the type validates the value.

DescribeStacks shows the value instead of the name. CloudFormation shows the name, and the value as ResolvedValue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from local.ministack.internals import emulator_module, require, wrap

_cloudformation = emulator_module("services.cloudformation")
_engine = emulator_module("services.cloudformation.engine")
_handlers = emulator_module("services.cloudformation.handlers")
_USERS = ("changesets", "handlers", "engine")
"""The modules of the emulator's CloudFormation that import the function by its name."""

_SSM = "AWS::SSM::Parameter::Value<"
_CONSTRAINTS = ("AllowedPattern", "AllowedValues", "MinLength", "MaxLength")


def install() -> None:
    """Wrap the function in each module that uses it."""
    require(_engine, "_resolve_parameters")
    for name in _USERS:
        module = emulator_module(f"services.cloudformation.{name}")
        if hasattr(module, "_resolve_parameters"):
            wrap(module, "_resolve_parameters", _by_name)
    actions = _handlers._ACTION_HANDLERS
    actions["DescribeStacks"] = _with_names(actions["DescribeStacks"])


def _by_name(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def resolve(template: dict[str, Any], *more: Any, **keywords: Any) -> dict[str, Any]:
        declared = template.get("Parameters") or {}
        ssm = {name: entry for name, entry in declared.items() if str(entry.get("Type", "")).startswith(_SSM)}
        if not ssm:
            return original(template, *more, **keywords)
        free = {
            name: {key: value for key, value in entry.items() if key not in _CONSTRAINTS} for name, entry in ssm.items()
        }
        resolved = original({**template, "Parameters": {**declared, **free}}, *more, **keywords)
        for name, entry in ssm.items():
            constraints = {**entry, "Type": "String", "Default": resolved[name].get("SsmName", resolved[name]["Value"])}
            if "SsmName" in resolved[name]:
                original({"Parameters": {name: constraints}}, [])  # which raises if the name is not allowed
        return resolved

    return resolve


def _with_names(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def describe(params: Any) -> Any:
        status, headers, body = original(params)
        text = body.decode() if isinstance(body, bytes) else str(body)
        for record in list(_cloudformation._stacks.values()):
            for key, value in (record.get("_resolved_params") or {}).items():
                if "SsmName" in value:
                    start = f"<ParameterKey>{key}</ParameterKey><ParameterValue>"
                    resolved, name = escape(str(value["Value"])), escape(str(value["SsmName"]))
                    text = text.replace(
                        f"{start}{resolved}</ParameterValue>",
                        f"{start}{name}</ParameterValue><ResolvedValue>{resolved}</ResolvedValue>",
                    )
        return status, headers, text.encode()

    return describe
