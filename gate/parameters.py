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
from gate.findings import Finding, at_file
from gate.templates import TemplateFile

TOOL = "parameters"
RULE = "GATE02"
TITLE = "A parameter file fits the parameters of its root template"
DEPLOYER_SETTINGS = "deployment.json"  # lies beside the parameter files and is none


@dataclass(frozen=True)
class ParameterFile:
    """A parameter file by its POSIX path below the root (whole where it lies elsewhere), with the root template it is for."""

    name: str
    template: TemplateFile


def find_parameter_files(root: Path, folder: str, templates: Iterable[TemplateFile]) -> tuple[ParameterFile, ...]:
    """The files `<folder>/<platform>/*.json` of every platform whose root is among the templates."""
    found: list[ParameterFile] = []
    for template in templates:
        parent, file = posixpath.split(template.name)
        if file not in ROOTS:
            continue
        beside = sorted((root / folder / posixpath.basename(parent)).glob("*.json"))
        names = [_name(path, root) for path in beside if path.name != DEPLOYER_SETTINGS]
        found += [ParameterFile(name, template) for name in names]
    return tuple(found)


def _name(path: Path, root: Path) -> str:
    """Below the root if it lies there; a folder of parameter files may lie elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def check_parameter_files(root: Path, files: Sequence[ParameterFile]) -> tuple[Finding, ...]:
    """A finding for each fault. Files of a root that cannot be read are left out: the root has its own findings."""
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
    """Where deployment.json deploys the environment, for the root's rules; None leaves those that ask for it undecided.

    What is wrong with deployment.json itself is the deployer's to say.
    """
    try:
        region = json.loads((path.parent / DEPLOYER_SETTINGS).read_text("utf-8"))[path.stem]["Region"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return region if isinstance(region, str) else None


def _finding(file: str, line: int | None, message: str) -> Finding:
    return at_file(file, RULE, message, tool=TOOL, title=TITLE, line=line or 1)
