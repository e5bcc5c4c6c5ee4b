"""Writes the result of a run as text, as commands for GitHub's log, as JSON, as SARIF 2.1.0 and as JUnit XML."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from xml.etree import ElementTree

from cfn.sarif import Region, Result, Rule, sarif_log
from cfn.text import visible, visible_lines
from gate.findings import Finding, Level, Tool
from gate.run import Check, GateResult

_GITHUB_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def summary(result: GateResult) -> str:
    """Returns the last line: the numbers of files and findings, and the duration."""
    templates = result.count_files(Tool.TEMPLATES)
    parameter_files = result.count_files(Tool.PARAMETERS)
    files = f"{_plural(templates, 'template')}, {_plural(parameter_files, 'parameter file')}"
    counts = {level: sum(finding.level == level for finding in result.findings) for level in Level}
    findings = ", ".join(_plural(count, level) for level, count in counts.items() if count) or "no findings"
    work = f"{result.fresh} checked, {result.cached} unchanged"
    return f"gate: {files}: {findings} ({work}, {result.elapsed_seconds:.1f} s)"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def text(result: GateResult) -> str:
    """Returns one line for each finding, in the form of compilers, so that editors can jump to the place."""
    lines = [
        f"{finding.file}:{finding.line}:{finding.column}: {finding.rule} {finding.level}: {_resource_prefix(finding)}"
        f"{finding.message} [{finding.tool}]"
        for finding in result.findings
    ]
    return "\n".join([*map(visible, lines), summary(result)])


def _resource_prefix(finding: Finding) -> str:
    return f"{finding.resource}: " if finding.resource else ""


def as_json(result: GateResult) -> str:
    """Returns the whole result as one object."""
    return json.dumps(
        {
            "summary": summary(result),
            "checks": [{"tool": check.tool, "file": check.file} for check in result.checks],
            "fresh": result.fresh,
            "cached": result.cached,
            "seconds": round(result.elapsed_seconds, 3),
            "findings": [finding.to_dict() for finding in result.findings],
        },
        indent=2,
    )


def github(result: GateResult) -> str:
    """Returns workflow commands, which GitHub shows beside the changed lines of a pull request.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = [
        f"::{_GITHUB_COMMANDS[finding.level]} file={_property(finding.file)},line={finding.line},"
        f"endLine={finding.end_line},col={finding.column},title={_property(finding.rule)}"
        f"::{_data(_resource_prefix(finding) + finding.message)}"
        for finding in result.findings
    ]
    return "\n".join([*lines, summary(result)])


def _data(value: str) -> str:
    """A value in a command; GitHub's log would interpret control characters."""
    return visible_lines(value).replace("%", "%25").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[GateResult], str]] = {"text": text, "json": as_json, "github": github}


def sarif(result: GateResult) -> str:
    """Returns SARIF 2.1.0. Describes each rule with findings once."""
    first_findings: dict[str, Finding] = {}
    for finding in result.findings:
        first_findings.setdefault(finding.rule, finding)
    rules = [_sarif_rule(first_findings[rule]) for rule in sorted(first_findings)]
    return sarif_log("cloud-platforms gate", rules, [*map(_sarif_result, result.findings)], _extensions(result))


def _extensions(result: GateResult) -> list[dict[str, str]]:
    """Returns the linters of the run, with their versions."""
    used = {check.tool for check in result.checks}
    return [
        {"name": tool, "version": importlib.metadata.version(tool)}
        for tool in (Tool.CFN_LINT, Tool.CLOUDFORMATION_VALIDATE)
        if tool in used
    ]


def _sarif_rule(finding: Finding) -> Rule:
    return Rule(
        finding.rule, finding.title or finding.rule, str(finding.level), (finding.tool,), help_uri=finding.help_uri
    )


def _sarif_result(finding: Finding) -> Result:
    return Result(
        rule=finding.rule,
        level=str(finding.level),
        message=finding.message,
        file=finding.file,
        region=Region(finding.line, finding.end_line, finding.column, finding.end_column),
        resource=finding.resource,
        identity=("gateFinding/v1", "\0".join((finding.rule, finding.file, finding.resource, finding.message))),
    )


def junit(result: GateResult) -> str:
    """Returns JUnit XML: a suite for each tool, a case for each file, and the findings of a file as its failure."""
    suites = ElementTree.Element("testsuites", name="gate", time=f"{result.elapsed_seconds:.3f}")
    findings = _by_check(result.findings)
    for tool in Tool:
        checks = [check for check in result.checks if check.tool == tool]
        if checks:
            suites.append(_junit_suite(tool, checks, findings))
    suites.set("tests", str(len(result.checks)))
    suites.set("failures", str(sum(check in findings for check in result.checks)))
    suites.set("errors", "0")
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _junit_suite(
    tool: Tool, checks: Sequence[Check], findings: Mapping[Check, Sequence[Finding]]
) -> ElementTree.Element:
    failures = sum(check in findings for check in checks)
    suite = ElementTree.Element(
        "testsuite", name=tool, tests=str(len(checks)), failures=str(failures), errors="0", skipped="0"
    )
    for check in checks:
        case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{tool}", name=check.file, file=check.file)
        if check in findings:
            # XML has no form for most control characters.
            first = findings[check][0]
            message = visible(f"{first.rule} {first.message}")
            failure = ElementTree.SubElement(case, "failure", type=first.rule, message=message)
            lines = (f"{f.file}:{f.line}:{f.column}: {f.rule} {f.message}" for f in findings[check])
            failure.text = "\n".join(map(visible, lines))
    return suite


def _by_check(findings: Iterable[Finding]) -> dict[Check, list[Finding]]:
    grouped: dict[Check, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(Check(finding.tool, finding.file), []).append(finding)
    return grouped
