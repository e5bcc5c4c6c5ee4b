"""Findings in files as SARIF 2.1.0 with one run, as code scanning accepts it. The gate and the review write it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True)
class Rule:
    """What a finding is about.

    Attributes:
        id: Its stable code.
        title: The rule in one sentence.
        level: ``error``, ``warning`` or ``note``.
        tags: Words by which readers group rules.
        reason: What a finding means, and why; empty if the title says it.
        help_uri: The page on which it rests, or "".
    """

    id: str
    title: str
    level: str
    tags: tuple[str, ...] = ()
    reason: str = ""
    help_uri: str = ""


@dataclass(frozen=True)
class Region:
    """Lines and columns, counted from 1; without columns it is whole lines."""

    line: int
    end_line: int
    column: int | None = None
    end_column: int | None = None


@dataclass(frozen=True)
class Result:
    """One finding.

    Attributes:
        rule: The id of its rule.
        level: ``error``, ``warning`` or ``note``.
        message: Its sentence.
        file: The path of the file from the root of the repository.
        region: The place in the file.
        resource: The name of the resource, or "".
        path: The names from the root stack down to the resource, joined by slashes, or "".
        identity: By which code scanning recognizes the finding in the next run: the version of the scheme, and a text.
            The text has no line, because lines move with every edit.
        properties: What else a reader may need.
    """

    rule: str
    level: str
    message: str
    file: str
    region: Region
    resource: str
    identity: tuple[str, str]
    path: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


def sarif_log(
    driver: str, rules: Iterable[Rule], results: Sequence[Result], extensions: Sequence[Mapping[str, str]] = ()
) -> str:
    """The log of a run.

    Args:
        driver: The name of the tool.
        rules: All rules of the results, each once.
        results: The findings.
        extensions: Names and versions of the tools that the driver called.
    """
    described = list(rules)
    index = {rule.id: number for number, rule in enumerate(described)}
    tool = {"name": driver, "semanticVersion": "1.0.0", "rules": [*map(_rule, described)]}
    run = {
        "tool": {"driver": tool, "extensions": list(extensions)},
        "columnKind": "utf16CodeUnits",
        "results": [_result(result, index[result.rule]) for result in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    described: dict[str, Any] = {"id": rule.id, "shortDescription": {"text": rule.title}}
    if rule.reason:
        described |= {"fullDescription": {"text": rule.reason}, "help": {"text": rule.reason}}
    described |= {"defaultConfiguration": {"level": rule.level}, "properties": {"tags": list(rule.tags)}}
    return {**described, "helpUri": rule.help_uri} if rule.help_uri else described


def _result(result: Result, rule_index: int) -> dict[str, Any]:
    scheme, text = result.identity
    log: dict[str, Any] = {
        "ruleId": result.rule,
        "ruleIndex": rule_index,
        "level": result.level,
        "message": {"text": result.message},
        "locations": [_location(result)],
        "partialFingerprints": {scheme: hashlib.sha256(text.encode("utf-8")).hexdigest()},
    }
    return {**log, "properties": dict(result.properties)} if result.properties else log


def _location(result: Result) -> dict[str, Any]:
    region = {
        "startLine": result.region.line,
        "startColumn": result.region.column,
        "endLine": max(result.region.end_line, result.region.line),
        "endColumn": result.region.end_column,
    }
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": result.file, "uriBaseId": "%SRCROOT%"},
            "region": {name: number for name, number in region.items() if number is not None},
        }
    }
    if result.resource:
        full = {"fullyQualifiedName": result.path} if result.path else {}
        location["logicalLocations"] = [{"name": result.resource, **full, "kind": "resource"}]
    return location
