from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import rules_page


def test_committed_page_is_what_the_rules_say() -> None:
    assert rules_page.PAGE.read_text(encoding="utf-8") == rules_page.page(), "call `make templates`"


def test_page_has_an_anchor_for_every_code_of_its_tables() -> None:
    text = rules_page.page()
    linked = re.findall(r"^\| \[(\w+)\]\(#(\w+)\)", text, re.MULTILINE)
    assert {"E9801", "GATE01"} <= {code for code, _ in linked}
    assert [code for code, _ in linked] == re.findall(r"^### (\w+)$", text, re.MULTILINE)
    assert all(anchor == code.lower() for code, anchor in linked)


def test_section_of_another_package_is_one_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "rules.md"
    before = rules_page.page()
    monkeypatch.setattr(rules_page, "SECTIONS", (*rules_page.SECTIONS, lambda: ["## Review"]))
    assert rules_page.main(["--out", str(target)]) == 0
    assert target.read_text() == f"{before}\n## Review\n"
