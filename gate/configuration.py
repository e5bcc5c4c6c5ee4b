"""Reads ``.cfnlintrc`` for the cache key, and demands a reason for each check that it ignores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gate.errors import ConfigurationError
from gate.findings import Finding, GateRule, Tool, at_line

NAME = ".cfnlintrc"
RULE = GateRule(
    id="GATE01",
    tool=Tool.CONFIGURATION,
    shortdesc="Every check that .cfnlintrc ignores carries its reason as a comment",
    description=(
        "Each entry of ignore_checks is on its own line. The reason is a comment on that line or on the line above."
    ),
    reason=(
        "An entry switches a check off for every template. Without a reason, no reviewer can decide whether the entry "
        "is still right."
    ),
    source_url="https://github.com/aws-cloudformation/cfn-lint#config-file",
    failing_example="""
        regions:
          - us-east-1
        ignore_checks:
          - W3002
    """,
    passing_example="""
        regions:
          - us-east-1
        ignore_checks:
          - W3002 # packaging replaces the relative TemplateURLs of a root
    """,
)
_TOP_LEVEL_KEY = re.compile(r"^(\w+)\s*:(.*)$")
_ITEM = re.compile(r"^\s*-\s*(?P<check>[A-Z]\w*)\s*(?:#\s*(?P<reason>\S.*))?$")


@dataclass(frozen=True)
class IgnoredCheck:
    """An entry of ``ignore_checks`` at its line. ``reason`` is its comment, or empty."""

    check: str
    reason: str
    line: int


def read_configuration(root: Path) -> bytes:
    """Returns the content of ``.cfnlintrc`` in the root folder.

    Raises:
        ConfigurationError: the file is missing. cfn-lint would use the configuration in the user's home folder, so
            that two people would run different gates.
    """
    path = root / NAME
    if not path.is_file():
        raise ConfigurationError(
            str(path), "missing. The file sets the region, the project's rules and the ignored checks"
        )
    return path.read_bytes()


def ignored_checks(content: bytes) -> Iterator[IgnoredCheck]:
    """Yields the entries of ``ignore_checks``, each with the comment on its own line or on the line above."""
    inside = False
    comment_above = ""
    for number, line in enumerate(content.decode().splitlines(), start=1):
        text = line.strip()
        if (key := _TOP_LEVEL_KEY.match(line)) is not None:
            inside = key.group(1) == "ignore_checks"
        elif inside and (item := _ITEM.match(line)) is not None:
            yield IgnoredCheck(item["check"], item["reason"] or comment_above, number)
        comment_above = text if text.startswith("#") else ""


def check_configuration(content: bytes) -> tuple[Finding, ...]:
    """Returns a finding for each ignored check without a reason, and for entries that share a line."""
    findings = [
        _finding(number, "write each entry of ignore_checks on its own line, with its reason")
        for number, line in enumerate(content.decode().splitlines(), start=1)
        if _has_entries_on_its_line(line)
    ]
    findings += [
        _finding(entry.line, f"{entry.check} is ignored without a reason. Add `# why` to the line")
        for entry in ignored_checks(content)
        if not entry.reason
    ]
    return tuple(findings)


def _has_entries_on_its_line(line: str) -> bool:
    key = _TOP_LEVEL_KEY.match(line)
    return key is not None and key.group(1) == "ignore_checks" and key.group(2).strip() not in ("", "[]")


def _finding(line: int, message: str) -> Finding:
    return at_line(NAME, RULE, message, line)
