"""Access to ministack's modules. Each function checks what it touches and fails with the name of what is missing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from local.host.errors import EmulatorMismatchError


def emulator_module(name: str) -> Any:
    """Return a module of the emulator, such as ``emulator_module("services.rds")``. Untyped, as the emulator is.

    Raises:
        EmulatorMismatchError: The emulator has no such module.
    """
    try:
        return importlib.import_module(f"ministack.{name}")
    except ModuleNotFoundError as error:
        raise EmulatorMismatchError(f"a module ministack.{name}", "none") from error


def require(module: Any, *names: str) -> None:
    """Raise EmulatorMismatchError unless ``module`` has all ``names``."""
    missing = [name for name in names if not hasattr(module, name)]
    if missing:
        raise EmulatorMismatchError(f"{', '.join(missing)} in {module.__name__}", "no such name")


def wrap(module: Any, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace function ``name`` of ``module`` by ``wrapper(original)``."""
    require(module, name)
    setattr(module, name, wrapper(getattr(module, name)))


def wrap_action(module: Any, action: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace the handler of an API action in the table of ``module`` by ``wrapper(original)``."""
    require(module, "_ACTION_MAP")
    if action not in module._ACTION_MAP:
        raise EmulatorMismatchError(f"an action {action} in {module.__name__}", "none")
    module._ACTION_MAP[action] = wrapper(module._ACTION_MAP[action])


def add_action(module: Any, action: str, handler: Callable[[Any], Any]) -> None:
    """Add an API action that the table of ``module`` lacks."""
    require(module, "_ACTION_MAP")
    if action in module._ACTION_MAP:
        raise EmulatorMismatchError(
            f"no action {action} in {module.__name__} (we bring one)", "one of the emulator's own"
        )
    module._ACTION_MAP[action] = handler


def handlers() -> dict[str, dict[str, Any]]:
    """Return the emulator's table of resource types: type → create, update, delete."""
    provisioners = emulator_module("services.cloudformation.provisioners")
    require(provisioners, "_RESOURCE_HANDLERS")
    table: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
    return table


def replace_handler(resource_type: str, handler: dict[str, Any]) -> None:
    """Replace the handler of a type that the emulator has."""
    if resource_type not in handlers():
        raise EmulatorMismatchError(f"a handler of {resource_type}", "none")
    handlers()[resource_type] = {**handlers()[resource_type], **handler}


def add_handler(resource_type: str, handler: dict[str, Any]) -> None:
    """Add a type that the emulator lacks."""
    if resource_type in handlers():
        raise EmulatorMismatchError(f"no handler of {resource_type} (we bring one)", "one of the emulator's own")
    handlers()[resource_type] = handler
