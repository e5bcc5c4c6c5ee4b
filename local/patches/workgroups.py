"""Gap: a query's own result location wins over a workgroup that enforces its settings (workgroups-settings-override.html)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_athena = emulator_module("services.athena")


def install() -> None:
    """Wrap StartQueryExecution."""
    require(_athena, "_workgroups")
    wrap(_athena, "_start_query_execution", _enforcing)


def _enforcing(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def start(data: dict[str, Any]) -> Any:
        group = _athena._workgroups.get(data.get("WorkGroup", "primary")) or {}
        configuration = group.get("Configuration") or {}
        enforces = str(configuration.get("EnforceWorkGroupConfiguration", True)).lower() == "true"
        if enforces and (configuration.get("ResultConfiguration") or {}).get("OutputLocation"):
            data = {key: value for key, value in data.items() if key != "ResultConfiguration"}
        return original(data)

    return start
