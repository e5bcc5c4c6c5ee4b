"""`.cfnlintrc`: read for the key of the cache, and held to a reason for each check it ignores."""

from __future__ import annotations

import re
from pathlib import Path

from gate.errors import ConfigurationError
from gate.findings import Finding, at_file

NAME = ".cfnlintrc"
TOOL = "configuration"
RULE = "GATE01"
TITLE = "Every check that .cfnlintrc ignores carries its reason as a comment"
_TOP_LEVEL_KEY = re.compile(r"^(\w+)\s*:(.*)$")
_ITEM = re.compile(r"^\s*-\s*(?P<check>[A-Z]\w*)\s*(?:#\s*(?P<reason>\S.*))?$")


def read_configuration(root: Path) -> bytes:
    """The bytes of `.cfnlintrc` in the root.

    Raises:
        ConfigurationError: there is none. cfn-lint would then fall back to the user's own, and two people would see
            different gates.
    """
    path = root / NAME
    if not path.is_file():
        raise ConfigurationError(str(path), "missing: it names the region, the own rules and the ignored checks")
    return path.read_bytes()


def check_configuration(content: bytes) -> tuple[Finding, ...]:
    """A finding for each entry of `ignore_checks` without a comment on its own line or right above it."""
    findings: list[Finding] = []
    inside = False
    above = ""
    for number, line in enumerate(content.decode().splitlines(), start=1):
        text = line.strip()
        if (key := _TOP_LEVEL_KEY.match(line)) is not None:
            inside = key.group(1) == "ignore_checks"
            if inside and key.group(2).strip() not in ("", "[]"):
                findings.append(_finding(number, "write ignore_checks as one check a line, each with its reason"))
        elif inside and (item := _ITEM.match(line)) is not None and not (item["reason"] or above):
            findings.append(_finding(number, f"{item['check']} is ignored without a reason: add `# why` to the line"))
        above = text if text.startswith("#") else ""
    return tuple(findings)


def _finding(line: int, message: str) -> Finding:
    return at_file(NAME, RULE, message, tool=TOOL, title=TITLE, line=line)
