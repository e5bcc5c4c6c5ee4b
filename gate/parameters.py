"""Parameter files against the root templates they are for, by the checks of `cfn.parameters`, which the deployer makes too."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn.errors import TemplateError
from cfn.parameters import find_faults
from cfn.templates import ROOTS, parse
from gate.findings import Finding, GateRule, Tool, at_line
from gate.templates import TemplateFile

DEPLOYER_SETTINGS = "deployment.json"  # in the same folder, but not a parameter file
RULE = GateRule(
    id="GATE02",
    tool=Tool.PARAMETERS,
    shortdesc="A parameter file fits the parameters of its root template",
    description=(
        "The file sets each parameter that has no default, and no parameter that the root does not declare or that "
        "packaging sets. Each value is text and obeys the type and constraints of its parameter. Together the values "
        "obey the root's Rules and the orders in its metadata (ParameterOrder). Tags and stack policy are within the "
        "limits of CloudFormation. The root of the examples declares EnvironmentSuffix and RetentionDays."
    ),
    reason=(
        "CloudFormation checks parameters only at deployment, and it cannot compare two numbers. The gate reports all "
        "faults of a file together, each with its line. The deployer makes the same checks."
    ),
    source_url="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html",
    failing_example="""
        {
          "Parameters": {
            "EnvironmentSuffix": "dev",
            "RetentionDay": "30"
          }
        }
    """,
    passing_example="""
        {
          "Parameters": {
            "EnvironmentSuffix": "dev",
            "RetentionDays": "30"
          }
        }
    """,
    language="json",
)


@dataclass(frozen=True)
class ParameterFilePath:
    """Where a parameter file is, and the root template that it is for.

    Attributes:
        name: POSIX path relative to the root folder, or absolute if the file is outside that folder.
        template: the root template.
    """

    name: str
    template: TemplateFile


def find_parameter_files(root: Path, folder: str, templates: Iterable[TemplateFile]) -> tuple[ParameterFilePath, ...]:
    """Returns the files ``<folder>/<platform>/*.json`` of every platform whose root template is among the templates."""
    parameter_files: list[ParameterFilePath] = []
    for template in templates:
        parent, file = posixpath.split(template.name)
        if file not in ROOTS:
            continue
        paths = sorted((root / folder / posixpath.basename(parent)).glob("*.json"))
        names = [_name(path, root) for path in paths if path.name != DEPLOYER_SETTINGS]
        parameter_files += [ParameterFilePath(name, template) for name in names]
    return tuple(parameter_files)


def _name(path: Path, root: Path) -> str:
    """Returns the path relative to the root folder if possible. The folder of parameter files may be elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def check_parameter_files(root: Path, files: Sequence[ParameterFilePath]) -> tuple[Finding, ...]:
    """Returns a finding for each fault. Skips the files of an unreadable root, which has its own findings."""
    roots: dict[str, Mapping[str, Any]] = {}
    findings: list[Finding] = []
    for file in files:
        name = file.template.name
        if name not in roots:
            try:
                roots[name] = parse(file.template.content.decode(), name)
            except (TemplateError, UnicodeDecodeError):
                roots[name] = {}
        if roots[name]:
            faults = find_faults(root / file.name, roots[name], file.name, region=_region(root / file.name))
            findings += [
                _finding(fault.file, fault.line, f"{fault.name}: {fault.what} {fault.do}".strip()) for fault in faults
            ]
    return tuple(findings)


def _region(path: Path) -> str | None:
    """Returns the region of the environment in ``deployment.json``, for the root's Rules.

    Without a region, rules that need one stay undecided. The deployer reports faults of ``deployment.json`` itself.
    """
    try:
        region = json.loads((path.parent / DEPLOYER_SETTINGS).read_text("utf-8"))[path.stem]["Region"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return region if isinstance(region, str) else None


def _finding(file: str, line: int | None, message: str) -> Finding:
    return at_line(file, RULE, message, line or 1)
