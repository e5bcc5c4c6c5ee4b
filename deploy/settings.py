"""The folders of the project, and the settings of an environment in deployment.json."""

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
    """The folders of a project."""

    root: Path

    @property
    def work(self) -> Path:
        """Caches and plans; not committed."""
        return self.root / ".deploy"

    @property
    def lambda_src(self) -> Path:
        """The source of the functions."""
        return self.root / "lambda_src"

    @property
    def web_src(self) -> Path:
        """The source of the services for instances."""
        return self.root / "web_src"

    @property
    def params(self) -> Path:
        """The parameter files."""
        return self.root / "params"

    def templates(self, platform: str) -> Path:
        """The folder of a platform's committed templates."""
        return self.root / "templates" / platform

    def parameters(self, platform: str, environment: str) -> Path:
        """The parameter file of an environment."""
        return self.params / platform / f"{environment}.json"

    def deployments(self, platform: str) -> Path:
        """The platform's deployment.json."""
        return self.params / platform / "deployment.json"

    def plan(self, platform: str, environment: str) -> Path:
        """The plan file of an environment."""
        return self.work / f"{platform}-{environment}.plan.json"

    def relative(self, path: Path) -> str:
        """The path as a person types it: relative to the project for a path inside it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


@dataclass(frozen=True)
class Deployment:
    """One environment of a platform, as deployment.json declares it.

    Attributes:
        role_arn: The role that CloudFormation assumes; None for the caller's own permissions.
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
    """Read the row of an environment in deployment.json.

    Args:
        project: The project.
        platform: The folder below params/.
        environment: The row.
        region: The region instead of the row's.
        stack_name: The stack's name instead of the row's.

    Raises:
        SettingsError: The file or the row is missing or wrong; the error names every fault of the row.
    """
    path = project.deployments(platform)
    file = project.relative(path)
    if not path.exists():
        raise _no_platform(project, platform, file)
    rows = _read(path, file)
    if environment not in rows:
        known = ", ".join(sorted(rows)) or "none"
        raise SettingsError(
            f"{file} has no environment {environment!r} (it has: {known}).",
            "Correct --environment (with make: ENV=…), or add it to that file.",
        )
    row = {**rows[environment]}
    if stack_name:
        row["StackName"] = stack_name
    if region:
        row["Region"] = region
    _check(row, file, environment)
    protection = row["TerminationProtection"]
    return Deployment(platform, environment, row["StackName"], row["Region"], protection, row.get("RoleArn"))


def protecting_rows(project: Project, stack_name: str, region: str) -> tuple[str, ...]:
    """The rows of all platforms that protect a stack from deletion, as "params/trading/deployment.json (prod)".

    Every row counts, because the command line can name another row's stack.

    Raises:
        SettingsError: A file cannot be read or a row of this stack is wrong, so its protection is unknown.
    """
    protecting = []
    for path in sorted(project.params.glob("*/deployment.json")):
        file = project.relative(path)
        for environment, row in _read(path, file).items():
            if (row.get("StackName"), row.get("Region")) != (stack_name, region):
                continue
            _check(row, file, environment)
            if row["TerminationProtection"]:
                protecting.append(f"{file} ({environment})")
    return tuple(protecting)


def _no_platform(project: Project, platform: str, file: str) -> SettingsError:
    known = ", ".join(sorted(path.parent.name for path in project.params.glob("*/deployment.json")))
    what = f"There is no platform {platform!r}, because {file} does not exist (there are: {known or 'none'})."
    return SettingsError(
        what, "Correct --platform (with make: PLATFORM=…). docs/third-platform.md says how to add one."
    )


def _read(path: Path, file: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise SettingsError(f"{file}:{error.lineno}: not JSON: {error.msg}.", "Correct that line.") from None
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise SettingsError(f"{file} is not an object of objects.", 'Write {"dev": {"StackName": …}}.')
    return rows


def _check(row: Mapping[str, Any], file: str, environment: str) -> None:
    faults = _faults(row)
    if faults:
        raise SettingsError(f"{file}, {environment}: {'; '.join(faults)}.", "Correct the file, then repeat.")


def _faults(row: Mapping[str, Any]) -> list[str]:
    faults = [f"unknown key {key}" for key in row if key not in KEYS | OPTIONAL]
    for key, kind in (KEYS | OPTIONAL).items():
        if key not in row:
            faults += [] if key in OPTIONAL else [f"{key} is missing"]
        elif not isinstance(row[key], kind):
            faults.append(f"{key} must be a {'boolean' if kind is bool else 'string'}")
    name, region, role = row.get("StackName"), row.get("Region"), row.get("RoleArn")
    if isinstance(name, str) and not STACK_NAME.fullmatch(name):
        faults.append(f"StackName {name!r} must be letters, digits and hyphens, begin with a letter, at most 128")
    if isinstance(region, str) and not REGION.fullmatch(region):
        faults.append(f"Region {region!r} does not look like a region such as us-east-1")
    if isinstance(role, str) and not ROLE.fullmatch(role):
        faults.append(f"RoleArn {role!r} is not the ARN of a role")
    return faults
