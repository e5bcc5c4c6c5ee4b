"""Makes all checks of a request, or takes their results from the cache."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gate import lint, validate
from gate.cache import Cache, digest_parts
from gate.configuration import NAME as CONFIGURATION
from gate.configuration import check_configuration, read_configuration
from gate.findings import Finding, Tool, merge
from gate.parameters import ParameterFilePath, check_parameter_files, find_parameter_files
from gate.templates import TemplateFile, check_children, children, find_templates


@dataclass(frozen=True)
class GateRequest:
    """What to check, and how.

    Attributes:
        root: folder of ``.cfnlintrc``. All paths are relative to it.
        paths: templates, or folders of templates.
        params: folder of the parameter files.
        cache_folder: where results are kept, or None for no cache.
        jobs: worker processes for cfn-lint.
        fast: leave cfn-lint out.
    """

    root: Path
    paths: tuple[str, ...] = ("templates",)
    params: str = "params"
    cache_folder: Path | None = None
    jobs: int = 1
    fast: bool = False


@dataclass(frozen=True)
class Check:
    """A tool's check of a file, with or without findings. JUnit counts these."""

    tool: Tool
    file: str


@dataclass(frozen=True)
class GateResult:
    """Everything that a report needs.

    Attributes:
        checks: all checks, also those without findings.
        findings: all findings, sorted.
        fresh: number of template checks that this run made.
        cached: number of template checks whose results came from the cache.
        elapsed_seconds: duration of the run.
    """

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    fresh: int
    cached: int
    elapsed_seconds: float

    def count_files(self, tool: Tool) -> int:
        """Returns the number of files that a tool checked."""
        return sum(check.tool == tool for check in self.checks)


def run_checks(request: GateRequest) -> GateResult:
    """Makes all checks of a request.

    Raises:
        GateError: the gate cannot check. Findings are not an error.
    """
    started = time.perf_counter()
    configuration = read_configuration(request.root)
    templates = find_templates(request.root, request.paths)
    parameter_files = find_parameter_files(request.root, request.params, templates)
    cache = Cache(request.cache_folder)
    keys = _keys(templates, configuration, fast=request.fast)
    cached = {check: findings for check, key in keys.items() if (findings := cache.get(key)) is not None}
    fresh = _check_templates(request, templates, configuration, cached.keys())
    for check, findings in fresh.items():
        cache.put(keys[check], findings)
    cache.prune()
    results = cached | fresh
    # cfn-lint first, because merge() keeps the first tool's words.
    ordered = sorted(results, key=lambda check: (check.tool != Tool.CFN_LINT, check.file))
    all_findings = [finding for check in ordered for finding in results[check]]
    all_findings += check_children(templates)
    all_findings += check_configuration(configuration)
    all_findings += check_parameter_files(request.root, parameter_files)
    return GateResult(
        checks=(*ordered, *_uncached_checks(templates, parameter_files)),
        findings=merge(all_findings),
        fresh=len(fresh),
        cached=len(cached),
        elapsed_seconds=time.perf_counter() - started,
    )


def _uncached_checks(
    templates: Iterable[TemplateFile], parameter_files: Iterable[ParameterFilePath]
) -> tuple[Check, ...]:
    """Returns the gate's own checks, which take less time than their hash."""
    return (
        Check(Tool.CONFIGURATION, CONFIGURATION),
        *(Check(Tool.TEMPLATES, template.name) for template in templates),
        *(Check(Tool.PARAMETERS, file.name) for file in parameter_files),
    )


def _keys(templates: Iterable[TemplateFile], configuration: bytes, *, fast: bool) -> dict[Check, str]:
    """Returns the cache key of every template check. It covers everything that the result depends on."""
    gate = _own_sources()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    tools = {Tool.CLOUDFORMATION_VALIDATE: validate.version()}
    if not fast:
        tools[Tool.CFN_LINT] = lint.version()
    keys: dict[Check, str] = {}
    for template in templates:
        nested = children(template)
        for tool, version in tools.items():
            parts = [
                ("tool", f"{tool} {version} on {python}".encode()),
                ("gate", gate),
                ("configuration", configuration),
                ("name", template.name.encode()),
                ("template", template.content),
                *((f"child {path}", nested[path]) for path in sorted(nested)),
            ]
            keys[Check(tool, template.name)] = digest_parts(parts)
    return keys


@functools.cache
def _own_sources() -> bytes:
    """Returns a digest of the gate's sources, the project's rules included, and of ``cfn``, whose table of names a rule reads."""
    project = Path(__file__).parents[1]
    sources = [
        path
        for folder in ("cfn", "gate")
        for path in (project / folder).rglob("*")
        if path.suffix in (".py", ".json", ".guard")
    ]
    return digest_parts((path.relative_to(project).as_posix(), path.read_bytes()) for path in sorted(sources)).encode()


def _check_templates(
    request: GateRequest, templates: Sequence[TemplateFile], configuration: bytes, cached: Iterable[Check]
) -> dict[Check, tuple[Finding, ...]]:
    """Makes the template checks that are not cached. cloudformation-validate runs while cfn-lint's workers start."""
    skipped = set(cached)
    to_validate = [item for item in templates if Check(Tool.CLOUDFORMATION_VALIDATE, item.name) not in skipped]
    to_lint = [item for item in templates if Check(Tool.CFN_LINT, item.name) not in skipped]
    if request.fast or not to_lint:
        return _validate(to_validate, configuration)
    with lint.LintRun(request.root, to_lint, request.jobs) as lint_run:
        validated = _validate(to_validate, configuration)
        linted = lint_run.results()
    return validated | _by_check(Tool.CFN_LINT, linted)


def _validate(templates: Sequence[TemplateFile], configuration: bytes) -> dict[Check, tuple[Finding, ...]]:
    if not templates:
        return {}
    return _by_check(Tool.CLOUDFORMATION_VALIDATE, validate.validate_templates(templates, configuration))


def _by_check(tool: Tool, findings: Mapping[str, tuple[Finding, ...]]) -> dict[Check, tuple[Finding, ...]]:
    return {Check(tool, name): of_template for name, of_template in findings.items()}
