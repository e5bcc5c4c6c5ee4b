"""Gaps: the emulator's RDS names no upgrade targets, and lets a cluster go back to an older version.

RDS lists with each engine version those to which a cluster can be upgraded. Here these are all later ones of the same major
version. AWS leaves some of them out, and has targets of later major versions too. RDS rejects an older version: "Cannot upgrade
aurora-postgresql from 17.5 to 17.4" (https://github.com/hashicorp/terraform-provider-aws/issues/45026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.ministack.internals import emulator_module, require, wrap, wrap_action

_rds = emulator_module("services.rds")
_TARGET = "<UpgradeTarget><EngineVersion>{}</EngineVersion><IsMajorVersionUpgrade>false</IsMajorVersionUpgrade></UpgradeTarget>"
_ENTRY = re.compile(r"<EngineVersion>([^<]+)</EngineVersion>.*?<ValidUpgradeTarget/>", re.DOTALL)


def install() -> None:
    """Wrap DescribeDBEngineVersions, and the check of a version that ModifyDBCluster makes."""
    require(_rds, "AURORA_MYSQL_ENGINE_VERSIONS", "AURORA_POSTGRESQL_ENGINE_VERSIONS", "_error", "_p")
    wrap_action(_rds, "DescribeDBEngineVersions", _with_targets)
    wrap(_rds, "_unsupported_aurora_engine_version_error", _without_downgrades)


def _families(engine: str) -> Mapping[str, str]:
    """The versions of an engine, in order, each with its parameter group family."""
    tables = {
        "aurora-mysql": _rds.AURORA_MYSQL_ENGINE_VERSIONS,
        "aurora-postgresql": _rds.AURORA_POSTGRESQL_ENGINE_VERSIONS,
    }
    return dict(tables.get(engine, ()))


def _targets(engine: str, version: str) -> list[str]:
    families = _families(engine)
    versions = list(families)
    later = versions[versions.index(version) + 1 :] if version in families else []
    return [other for other in later if families[other] == families[version]]


def _with_targets(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def describe(parameters: Any) -> Any:
        status, headers, body = original(parameters)
        engine = str(_rds._p(parameters, "Engine"))

        def with_targets(entry: re.Match[str]) -> str:
            targets = "".join(map(_TARGET.format, _targets(engine, entry[1])))
            return entry[0].replace("<ValidUpgradeTarget/>", f"<ValidUpgradeTarget>{targets}</ValidUpgradeTarget>")

        return status, headers, _ENTRY.sub(with_targets, body.decode()).encode()

    return describe


def _without_downgrades(original: Callable[..., Any]) -> Callable[..., Any]:
    def error(engine: str, version: str, *, current_version: str | None = None) -> Any:
        families = _families(engine)
        known = version in families and current_version in families and version != current_version
        if known and version not in _targets(engine, str(current_version)):
            text = f"Cannot upgrade {engine} from {current_version} to {version}"
            return _rds._error("InvalidParameterCombination", text, 400)
        return original(engine, version, current_version=current_version)

    return error
