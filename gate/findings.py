"""Findings, the one shape in which every check reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """Severity in SARIF's words. All three fail the gate; the word tells a reader what to look at first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, order=True, kw_only=True)
class Finding:
    """One fault in one file. Lines and columns count from 1; `file` is POSIX style, relative to the root."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    message: str
    level: Level
    tool: str
    resource: str = ""
    title: str = ""
    help_uri: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Finding:
        """The inverse of `to_dict`.

        Raises:
            TypeError: a field is missing or unknown.
            ValueError: `level` is none of the three.
        """
        return cls(**{**values, "level": Level(values["level"])})


def at_file(file: str, rule: str, message: str, *, tool: str, title: str, line: int = 1) -> Finding:
    """An error about a file as a whole, or one of its lines."""
    return Finding(
        file=file,
        line=line,
        column=1,
        end_line=line,
        end_column=2,
        rule=rule,
        message=message,
        level=Level.ERROR,
        tool=tool,
        title=title,
    )


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted findings without repeats.

    cloudformation-validate carries many of cfn-lint's rules under the same ids, if not on the same line: of what two
    tools report of one rule on one resource (or line, outside of resources) the first tool's stays. Callers put the
    gate's own word (cfn-lint) first.
    """
    kept: list[Finding] = []
    seen: dict[tuple[str, str, str | int], str] = {}
    for finding in findings:
        place = (finding.file, finding.rule, finding.resource or finding.line)
        if seen.setdefault(place, finding.tool) == finding.tool and finding not in kept:
            kept.append(finding)
    return tuple(sorted(kept))
