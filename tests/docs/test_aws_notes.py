"""Every finding has a row, and the tests that a row names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "aws-notes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CELL = re.compile(r"(?<!\\)\|")


def rows(section: str) -> list[list[str]]:
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in lines[1:]]


@pytest.mark.parametrize(
    ("section", "findings"),
    [
        ("Trading", [str(number) for number in range(1, 12)]),
        ("Transactions", [str(number) for number in range(1, 15)]),
        ("Security packs", [f"R{number}" for number in range(1, 11)]),
    ],
)
def test_every_finding_has_a_row(section: str, findings: list[str]) -> None:
    assert [name for name, *_ in rows(section) if "," not in name] == findings


def test_every_row_says_what_was_done_by_which_source_and_what_shows_it() -> None:
    for section in SECTIONS:
        assert not [row for row in rows(section) if len(row) != 4 or not all(row)]


def named_tests() -> Iterator[tuple[str, str]]:
    """The file and the test of each reference; a reference without file belongs to the one before it."""
    for section in SECTIONS:
        for *_, shown in rows(section):
            file = ""
            for path, name in re.findall(r"`?(?:(tests/[\w/]+\.py)|…)?(?:::)(test_\w+)", shown):
                file = path or file
                yield file, name


@pytest.mark.parametrize(("file", "name"), sorted(set(named_tests())))
def test_a_test_that_a_row_names_exists(file: str, name: str) -> None:
    assert re.search(
        rf"^    (?:async )?def {name}\(|^def {name}\(", (PROJECT / file).read_text(encoding="utf-8"), re.MULTILINE
    )


def test_files_that_rows_name_exist() -> None:
    assert not [path for path in re.findall(r"tests/[\w/]+\.py", PAGE) if not (PROJECT / path).is_file()]
