"""Suppressions are read in each pack's format, and rows from the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.packs.command import PAGE
from tools.packs.decisions import FalseFinding, Suppression, false_findings, suppressions
from tools.packs.results import PacksError, Subject

PROJECT = Path(__file__).resolve().parents[3]
TEMPLATE = """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Metadata:
      checkov: {skip: [{id: CKV_AWS_18, comment: first}]}
      cdk_nag: {rules_to_suppress: [{id: AwsSolutions-S1, reason: second}]}
      guard: {SuppressedRules: [LOCK, LOG], Reasons: {LOCK: third}}
"""


def test_every_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "templates" / "shop").mkdir(parents=True)
    (tmp_path / "templates" / "shop" / "root.yaml").write_text(TEMPLATE)
    subject = Subject("shop/root", "Bucket")
    assert list(suppressions(tmp_path)) == [
        Suppression("checkov", "CKV_AWS_18", subject, "first"),
        Suppression("cdk_nag", "AwsSolutions-S1", subject, "second"),
        Suppression("guard", "LOCK", subject, "third"),
        Suppression("guard", "LOG", subject, ""),
    ]


def test_a_row_has_pack_rule_patterns_and_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "| pack | rule | where | why |\n|---|---|---|---|\n| cfn-guard | `LOG` | `a/*:B`, `c/d:E` | as `X` |\n"
    )
    assert false_findings(page) == [FalseFinding("cfn-guard", "LOG", ("a/*:B", "c/d:E"), "as `X`")]


def test_a_page_without_rows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Nothing\n")
    with pytest.raises(PacksError, match="has no row"):
        false_findings(tmp_path / "page.md")


def test_every_row_of_the_page_is_read() -> None:
    lines = [
        line
        for line in PAGE.read_text().splitlines()
        if line.startswith(("| checkov |", "| cdk-nag |", "| cfn-guard |"))
    ]
    rows = false_findings(PAGE)
    assert len({(row.pack, row.rule) for row in rows}) == len(rows) == len(lines)


def test_every_suppression_of_the_platforms_has_a_reason() -> None:
    entries = list(suppressions(PROJECT))
    assert {entry.key for entry in entries} == {"checkov", "cdk_nag", "guard"}
    assert not [entry for entry in entries if len(entry.reason) < 10]
    assert len(set(entries)) == len(entries)
