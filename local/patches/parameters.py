"""Gap: the emulator checks the constraints of a parameter of an SSM type against the value that its name leads to.

CloudFormation checks them against the name, which the caller passes. Templates list the names of public parameters as
AllowedValues (the developer guide of AWS's own samples does so for LatestAmiId); the type validates the value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_engine = emulator_module("services.cloudformation.engine")
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
