"""Gap: two roles may have names that differ only in case. IAM does not distinguish them by case (API_CreateRole)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require

_iam = emulator_module("services.iam")


def install() -> None:
    """Compare the name of a new role without case."""
    require(_iam, "_IAM_HANDLERS", "_roles", "_p", "_error")
    actions = _iam._IAM_HANDLERS
    actions["CreateRole"] = _without_case(actions["CreateRole"])


def _without_case(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def create(parameters: Any) -> Any:
        name = _iam._p(parameters, "RoleName")
        if name.lower() in {role.lower() for role in list(_iam._roles)}:
            return _iam._error(409, "EntityAlreadyExists", f"Role with name {name} already exists.", ns="iam")
        return original(parameters)

    return create
