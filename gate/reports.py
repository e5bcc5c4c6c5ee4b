"""Findings for people (text), for GitHub's log, as JSON, as SARIF 2.1.0 and as JUnit XML."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from gate import lint, validate
from gate.configuration import TOOL as CONFIGURATION
from gate.findings import Finding, Level
from gate.parameters import TOOL as PARAMETERS
from gate.run import Result
from gate.templates import TOOL as TEMPLATES

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_GITHUB_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def summary(result: Result) -> str:
    """The last line: what was looked at, what was found, how long it took."""
    templates = result.count_files(TEMPLATES)
    files = result.count_files(PARAMETERS)
    counts = {level: sum(finding.level == level for finding in result.findings) for level in Level}
    found = ", ".join(_plural(count, level) for level, count in counts.items() if count) or "no findings"
    subjects = f"{_plural(templates, 'template')}, {_plural(files, 'parameter file')}"
    work = f"{result.fresh} checked, {result.cached} unchanged"
    return f"gate: {subjects}: {found} ({work}, {result.seconds:.1f} s)"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def text(result: Result) -> str:
    """One line a finding, as compilers write them, so that editors can jump to it."""
    lines = [
        f"{finding.file}:{finding.line}:{finding.column}: {finding.rule} {finding.level}: {_subject(finding)}"
        f"{finding.message} [{finding.tool}]"
        for finding in result.findings
    ]
    return "\n".join([*lines, summary(result)])


def _subject(finding: Finding) -> str:
    return f"{finding.resource}: " if finding.resource else ""


def as_json(result: Result) -> str:
    """The whole result as one object."""
    return json.dumps(
        {
            "summary": summary(result),
            "checks": [{"tool": subject.tool, "file": subject.file} for subject in result.subjects],
            "fresh": result.fresh,
            "cached": result.cached,
            "seconds": round(result.seconds, 3),
            "findings": [finding.to_dict() for finding in result.findings],
        },
        indent=2,
    )


def github(result: Result) -> str:
    """Workflow commands, which GitHub shows beside the changed lines of a pull request.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = [
        f"::{_GITHUB_COMMANDS[finding.level]} file={_property(finding.file)},line={finding.line},"
        f"endLine={finding.end_line},col={finding.column},title={_property(finding.rule)}"
        f"::{_data(_subject(finding) + finding.message)}"
        for finding in result.findings
    ]
    return "\n".join([*lines, summary(result)])


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Result], str]] = {"text": text, "json": as_json, "github": github}


def sarif(result: Result) -> str:
    """SARIF 2.1.0 with one run, as code scanning takes it; every rule that spoke is described once."""
    rules: dict[str, Finding] = {}
    for finding in result.findings:
        rules.setdefault(finding.rule, finding)
    order = sorted(rules)
    driver = {
        "name": "cloud-platforms gate",
        "semanticVersion": "1.0.0",
        "rules": [_sarif_rule(rules[rule]) for rule in order],
    }
    log = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver, "extensions": _extensions(result)},
                "columnKind": "utf16CodeUnits",
                "results": [_sarif_result(finding, order.index(finding.rule)) for finding in result.findings],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _extensions(result: Result) -> list[dict[str, str]]:
    """The tools behind the findings, with their versions."""
    used = {subject.tool for subject in result.subjects}
    return [
        {"name": tool, "version": importlib.metadata.version(distribution)}
        for tool, distribution in ((lint.TOOL, lint.DISTRIBUTION), (validate.TOOL, validate.DISTRIBUTION))
        if tool in used
    ]


def _sarif_rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.rule,
        "shortDescription": {"text": finding.title or finding.rule},
        "defaultConfiguration": {"level": str(finding.level)},
        "properties": {"tags": [finding.tool]},
    }
    if finding.help_uri:
        rule["helpUri"] = finding.help_uri
    return rule


def _sarif_result(finding: Finding, rule_index: int) -> dict[str, Any]:
    # Lines move with every edit; a finding is the same while rule, file, resource and words are.
    identity = "\0".join((finding.rule, finding.file, finding.resource, finding.message))
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": finding.file, "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": finding.line,
                "startColumn": finding.column,
                "endLine": max(finding.end_line, finding.line),
                "endColumn": finding.end_column,
            },
        }
    }
    if finding.resource:
        location["logicalLocations"] = [{"name": finding.resource, "kind": "resource"}]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": str(finding.level),
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"gateFinding/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def junit(result: Result) -> str:
    """JUnit XML: a suite for each tool, a case for each file it looked at, the findings of a file as its failure."""
    suites = ElementTree.Element("testsuites", name="gate", time=f"{result.seconds:.3f}")
    failures = 0
    by_subject = _by_subject(result.findings)
    for tool in (lint.TOOL, validate.TOOL, TEMPLATES, PARAMETERS, CONFIGURATION):
        files = [subject.file for subject in result.subjects if subject.tool == tool]
        if not files:
            continue
        failed = [file for file in files if (tool, file) in by_subject]
        failures += len(failed)
        suite = ElementTree.SubElement(
            suites, "testsuite", name=tool, tests=str(len(files)), failures=str(len(failed)), errors="0", skipped="0"
        )
        for file in files:
            case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{tool}", name=file, file=file)
            findings = by_subject.get((tool, file), [])
            if findings:
                message = f"{findings[0].rule} {findings[0].message}"
                failure = ElementTree.SubElement(case, "failure", type=findings[0].rule, message=message)
                failure.text = "\n".join(f"{f.file}:{f.line}:{f.column}: {f.rule} {f.message}" for f in findings)
    suites.set("tests", str(len(result.subjects)))
    suites.set("failures", str(failures))
    suites.set("errors", "0")
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _by_subject(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        grouped.setdefault((finding.tool, finding.file), []).append(finding)
    return grouped
