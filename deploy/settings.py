"""Where the project's files are, and what deployment.json says of an environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.errors import SettingsError

STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
KEYS = {"StackName": str, "Region": str, "TerminationProtection": bool}
OPTIONAL = {"RoleArn": str}


@dataclass(frozen=True)
class Project:
    """The folders of the project; ``work`` holds caches and plans and is not committed."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / ".deploy"

    @property
    def lambda_src(self) -> Path:
        return self.root / "lambda_src"

    @property
    def web_src(self) -> Path:
        return self.root / "web_src"

    @property
    def params(self) -> Path:
        return self.root / "params"

    def templates(self, platform: str) -> Path:
        return self.root / "templates" / platform

    def parameters(self, platform: str, environment: str) -> Path:
        return self.params / platform / f"{environment}.json"

    def deployments(self, platform: str) -> Path:
        return self.params / platform / "deployment.json"

    def plan(self, platform: str, environment: str) -> Path:
        return self.work / f"{platform}-{environment}.plan.json"

    def shown(self, path: Path) -> str:
        """The path as a person types it: relative to the project when it is inside."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


@dataclass(frozen=True)
class Deployment:
    """One environment of a platform, as deployment.json gives it.

    ``role_arn`` is the role that CloudFormation works with; None means the caller's own rights.
    """

    platform: str
    environment: str
    stack_name: str
    region: str
    termination_protection: bool
    role_arn: str | None = None


def load_deployment(
    project: Project, platform: str, environment: str, *, region: str | None = None, stack_name: str | None = None
) -> Deployment:
    """The environment's row of deployment.json, with the command line's overrides.

    Raises SettingsError that names every fault of the row.
    """
    path = project.deployments(platform)
    shown = project.shown(path)
    if not path.exists():
        raise _no_platform(project, platform, shown)
    rows = _read(path, shown)
    if environment not in rows:
        known = ", ".join(sorted(rows)) or "none"
        raise SettingsError(
            f"{shown} has no environment {environment!r} (it has: {known}).",
            "Correct --environment (with make: ENV=…), or add it to that file.",
        )
    row = {**rows[environment]}
    if stack_name:
        row["StackName"] = stack_name
    if region:
        row["Region"] = region
    faults = _faults(row)
    if faults:
        raise SettingsError(f"{shown}, {environment}: {'; '.join(faults)}.", "Correct the file, then repeat.")
    protection = row["TerminationProtection"]
    return Deployment(platform, environment, row["StackName"], row["Region"], protection, row.get("RoleArn"))


def protectors(project: Project, stack_name: str, region: str) -> tuple[str, ...]:
    """The rows of all platforms that protect the stack from deletion, as "params/trading/deployment.json (prod)".

    Every row counts, because the command line can name another row's stack. Raises SettingsError where a file cannot be
    read or a row of this stack is wrong: then nobody can tell what it protects.
    """
    found = []
    for path in sorted((project.root / "params").glob("*/deployment.json")):
        shown = project.shown(path)
        for environment, row in _read(path, shown).items():
            if (row.get("StackName"), row.get("Region")) != (stack_name, region):
                continue
            if faults := _faults(row):
                raise SettingsError(f"{shown}, {environment}: {'; '.join(faults)}.", "Correct the file, then repeat.")
            if row["TerminationProtection"]:
                found.append(f"{shown} ({environment})")
    return tuple(found)


def _no_platform(project: Project, platform: str, shown: str) -> SettingsError:
    known = ", ".join(sorted(path.parent.name for path in project.params.glob("*/deployment.json")))
    what = f"There is no platform {platform!r}, because {shown} does not exist (there are: {known or 'none'})."
    return SettingsError(
        what, "Correct --platform (with make: PLATFORM=…). docs/third-platform.md says how to add one."
    )


def _read(path: Path, shown: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise SettingsError(f"{shown}:{error.lineno}: not JSON: {error.msg}.", "Correct that line.") from None
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise SettingsError(f"{shown} is not an object of objects.", 'Write {"dev": {"StackName": …}}.')
    return rows


def _faults(row: Mapping[str, Any]) -> list[str]:
    found = [f"unknown key {key}" for key in row if key not in KEYS | OPTIONAL]
    for key, kind in (KEYS | OPTIONAL).items():
        if key not in row:
            found += [] if key in OPTIONAL else [f"{key} is missing"]
        elif not isinstance(row[key], kind):
            found.append(f"{key} must be a {'boolean' if kind is bool else 'string'}")
    name, region, role = row.get("StackName"), row.get("Region"), row.get("RoleArn")
    if isinstance(name, str) and not STACK_NAME.fullmatch(name):
        found.append(f"StackName {name!r} must be letters, digits and hyphens, begin with a letter, at most 128")
    if isinstance(region, str) and not REGION.fullmatch(region):
        found.append(f"Region {region!r} does not look like a region such as us-east-1")
    if isinstance(role, str) and not ROLE.fullmatch(role):
        found.append(f"RoleArn {role!r} is not the ARN of a role")
    return found
