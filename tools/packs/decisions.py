"""What this project has decided about the findings of packs: suppressions in the templates, and rows of a page.

A suppression is for a finding that a requirement forces. It stands in the resource's metadata, in the pack's own format,
with its reason. A row of docs/security-packs.md is for a rule that misreads the templates: no team should have to look at it
again, and no resource should carry a suppression for a fault that it does not have.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn.templates import load_templates
from tools.packs.results import Finding, PacksError, Subject

_ROW = re.compile(
    r"^\| *(?P<pack>[\w-]+) *\| *`(?P<rule>[^`]+)` *\| *(?P<where>`[^|]+`) *\| *(?P<reason>[^|]+?) *\|$", re.MULTILINE
)
_PATTERN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, order=True)
class Suppression:
    """A rule that is suppressed for a resource.

    Attributes:
        key: The key of the pack in the metadata, such as ``cdk_nag``.
        rule: The pack's id of the rule.
        subject: The resource.
        reason: Why a requirement forces the finding; empty if the template has none.
    """

    key: str
    rule: str
    subject: Subject
    reason: str


@dataclass(frozen=True, order=True)
class FalseFinding:
    """A row of the page: a rule that misreads some resources.

    Attributes:
        pack: The name of the pack, such as ``cfn-guard``.
        rule: The pack's id of the rule.
        where: Patterns of resources, such as ``trading/*:*Alarm``.
        reason: What the rule misreads.
    """

    pack: str
    rule: str
    where: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether the row is about this finding of its pack."""
        subject = str(finding.subject)
        return finding.rule == self.rule and any(fnmatch.fnmatchcase(subject, pattern) for pattern in self.where)


def suppressions(root: Path) -> Iterator[Suppression]:
    """The suppressions in all templates below ``root``."""
    for folder in sorted(path for path in (root / "templates").iterdir() if path.is_dir()):
        for template in load_templates(folder).by_name.values():
            name = f"{folder.name}/{Path(template.name).stem}"
            for logical_id, resource in template.document["Resources"].items():
                metadata = resource.get("Metadata", {})
                for key, read in _FORMATS.items():
                    for rule, reason in read(metadata.get(key, {})):
                        yield Suppression(key, rule, Subject(name, logical_id), reason)


def _checkov(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Source: https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html."""
    for row in entry.get("skip", []):
        yield row["id"], row.get("comment", "")


def _cdk_nag(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Source: https://github.com/cdklabs/cdk-nag (``rules_to_suppress`` in a template's metadata)."""
    for row in entry.get("rules_to_suppress", []):
        yield row["id"], row.get("reason", "")


def _guard(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Guard's registry reads ``SuppressedRules``, which has no place for reasons; ``Reasons`` is this project's.

    Source: https://github.com/aws-cloudformation/aws-guard-rules-registry/blob/main/docs/Guard-Rules-Dev-Guide.md
    """
    reasons = entry.get("Reasons", {})
    for rule in entry.get("SuppressedRules", []):
        yield rule, reasons.get(rule, "")


_FORMATS = {"checkov": _checkov, "cdk_nag": _cdk_nag, "guard": _guard}


def false_findings(page: Path) -> list[FalseFinding]:
    """The rows of the page.

    Raises:
        PacksError: The page has no row.
    """
    rows = [
        FalseFinding(match["pack"], match["rule"], tuple(_PATTERN.findall(match["where"])), match["reason"])
        for match in _ROW.finditer(page.read_text(encoding="utf-8"))
    ]
    if not rows:
        raise PacksError(f"{page.name} has no row `| pack | rule | where | why |`.")
    return rows
