"""One run of the gate: what is checked anew, what is known, and the figures of the summary."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gate import lint, validate
from gate.cache import Cache, digest
from gate.configuration import TOOL as CONFIGURATION_TOOL
from gate.configuration import check_configuration, read_configuration
from gate.findings import Finding, merge
from gate.parameters import TOOL as PARAMETERS_TOOL
from gate.parameters import check_parameter_files, find_parameter_files
from gate.templates import TOOL as TEMPLATES_TOOL
from gate.templates import TemplateFile, check_children, children, find_templates


@dataclass(frozen=True)
class Request:
    """What to check and how. `root` is the folder of .cfnlintrc; all paths are relative to it."""

    root: Path
    paths: tuple[str, ...] = ("templates",)
    params: str = "params"
    cache_folder: Path | None = None
    jobs: int = 1
    fast: bool = False


@dataclass(frozen=True)
class Subject:
    """A tool's check of a file, passed or not; the unit that JUnit counts."""

    tool: str
    file: str


@dataclass(frozen=True)
class Result:
    """Everything a report needs. `fresh` counts the template checks that were made, `cached` those known already."""

    subjects: tuple[Subject, ...]
    findings: tuple[Finding, ...]
    fresh: int
    cached: int
    seconds: float

    def count_files(self, tool: str) -> int:
        """How many files a tool looked at."""
        return sum(subject.tool == tool for subject in self.subjects)


def run(request: Request) -> Result:
    """Make all checks of a request.

    Raises:
        GateError: the gate could not do its work; findings are no error.
    """
    started = time.perf_counter()
    configuration = read_configuration(request.root)
    templates = find_templates(request.root, request.paths)
    parameter_files = find_parameter_files(request.root, request.params, templates)
    cache = Cache(request.cache_folder)
    keys = _keys(templates, configuration, fast=request.fast)
    known = {place: found for place, key in keys.items() if (found := cache.get(key)) is not None}
    made = _check(request, templates, configuration, known.keys())
    for subject, findings in made.items():
        cache.put(keys[subject], findings)
    cache.prune()
    results = known | made
    # cfn-lint first: where both tools say the same, its words stay.
    ordered = sorted(results, key=lambda subject: (subject.tool != lint.TOOL, subject.file))
    all_findings = [finding for subject in ordered for finding in results[subject]]
    all_findings += check_children(templates)
    all_findings += check_configuration(configuration)
    all_findings += check_parameter_files(request.root, parameter_files)
    others = [Subject(CONFIGURATION_TOOL, ".cfnlintrc")]
    others += [Subject(TEMPLATES_TOOL, template.name) for template in templates]
    others += [Subject(PARAMETERS_TOOL, file.name) for file in parameter_files]
    return Result(
        subjects=(*ordered, *others),
        findings=merge(all_findings),
        fresh=len(made),
        cached=len(known),
        seconds=time.perf_counter() - started,
    )


def _keys(templates: Iterable[TemplateFile], configuration: bytes, *, fast: bool) -> dict[Subject, str]:
    """The cache key of every check. It covers all that the answer depends on."""
    gate = _own_sources()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    tools = {validate.TOOL: validate.version()} | ({} if fast else {lint.TOOL: lint.version()})
    keys: dict[Subject, str] = {}
    for template in templates:
        reached = children(template)
        for tool, version in tools.items():
            parts = [
                ("tool", f"{tool} {version} on {python}".encode()),
                ("gate", gate),
                ("configuration", configuration),
                ("name", template.name.encode()),
                ("template", template.content),
                *((f"child {path}", reached[path]) for path in sorted(reached)),
            ]
            keys[Subject(tool, template.name)] = digest(parts)
    return keys


@functools.cache
def _own_sources() -> bytes:
    """A digest of the gate itself, its own rules included, and of `cfn`, whose table of names a rule reads."""
    project = Path(__file__).parents[1]
    sources = [
        path for folder in ("cfn", "gate") for path in (project / folder).rglob("*") if path.suffix in (".py", ".json")
    ]
    return digest((path.relative_to(project).as_posix(), path.read_bytes()) for path in sorted(sources)).encode()


def _check(
    request: Request, templates: Iterable[TemplateFile], configuration: bytes, known: Iterable[Subject]
) -> dict[Subject, tuple[Finding, ...]]:
    """Check what is not known yet; the fast tool works while the workers of the other one start."""
    settled = set(known)
    to_lint = [] if request.fast else [item for item in templates if Subject(lint.TOOL, item.name) not in settled]
    to_validate = [item for item in templates if Subject(validate.TOOL, item.name) not in settled]
    if not to_lint:
        return _by_subject(validate.TOOL, validate.validate(to_validate, configuration) if to_validate else {})
    with lint.LintRun(request.root, to_lint, request.jobs) as linting:
        validated = validate.validate(to_validate, configuration) if to_validate else {}
        linted = linting.results()
    return _by_subject(validate.TOOL, validated) | _by_subject(lint.TOOL, linted)


def _by_subject(tool: str, results: Mapping[str, tuple[Finding, ...]]) -> dict[Subject, tuple[Finding, ...]]:
    return {Subject(tool, name): findings for name, findings in results.items()}
