"""Findings and rules: the form in which every check reports, and the form in which the gate describes its own checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """Severity in SARIF's words. A finding of any level fails the gate; the level shows a reader where to start."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Tool(StrEnum):
    """What reports a finding, in the order of the JUnit report. The first two are also names of distributions."""

    CFN_LINT = "cfn-lint"
    CLOUDFORMATION_VALIDATE = "cloudformation-validate"
    TEMPLATES = "templates"
    PARAMETERS = "parameters"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, kw_only=True)
class GateRule:
    """A rule that the gate itself checks.

    The project's cfn-lint rules (``gate/rules/``) describe themselves by class attributes of the same names.

    Attributes:
        id: stable code, as reports show it.
        tool: the check that reports it.
        shortdesc: the rule in one sentence, without a period.
        description: what the rule demands.
        reason: why.
        source_url: page on which the rule rests.
        failing_example: content of a file that breaks this rule and no other.
        passing_example: the same file, corrected.
        language: of the examples, ``yaml`` or ``json``.
    """

    id: str
    tool: Tool
    shortdesc: str
    description: str
    reason: str
    source_url: str
    failing_example: str
    passing_example: str
    language: str = "yaml"


@dataclass(frozen=True, order=True, kw_only=True)
class Finding:
    """A fault in a file. Lines and columns count from 1; ``file`` is a POSIX path relative to the root folder."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    message: str
    level: Level
    tool: Tool
    resource: str = ""
    title: str = ""
    help_uri: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns the finding as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Finding:
        """The inverse of ``to_dict``.

        Raises:
            KeyError: ``level`` or ``tool`` is missing.
            TypeError: another field is missing, or a field is unknown.
            ValueError: ``level`` or ``tool`` has an unknown value.
        """
        return cls(**{**values, "level": Level(values["level"]), "tool": Tool(values["tool"])})


def at_line(file: str, rule: GateRule, message: str, line: int = 1) -> Finding:
    """Returns an error of one of the gate's own rules, at a line of a file."""
    return Finding(
        file=file,
        line=line,
        column=1,
        end_line=line,
        end_column=2,
        rule=rule.id,
        message=message,
        level=Level.ERROR,
        tool=rule.tool,
        title=rule.shortdesc,
    )


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorts findings and drops repeats.

    cloudformation-validate has many of cfn-lint's rules under the same ids, but may report them at another line. If two
    tools report the same rule for the same resource (outside of resources, for the same line), the findings of the
    first tool stay. Callers put cfn-lint first.
    """
    merged: list[Finding] = []
    first_tools: dict[tuple[str, str, str | int], Tool] = {}
    for finding in findings:
        place = (finding.file, finding.rule, finding.resource or finding.line)
        if first_tools.setdefault(place, finding.tool) == finding.tool and finding not in merged:
            merged.append(finding)
    return tuple(sorted(merged))
