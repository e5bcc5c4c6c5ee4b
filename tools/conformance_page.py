"""``python -m tools.conformance_page`` writes docs/embedded-aws.md: which behaviour of AWS the embedded AWS shows, and which not.

The rows are in ``tests/local/conformance/support/rows``, their tests beside them.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.conformance_page", "Interrupted. The page may be incomplete. Repeat the command."))

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.local.conformance.support.row import Row, Table
from tests.local.conformance.support.tables import TABLES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "embedded-aws.md"
INTRODUCTION = """\
# What the embedded AWS shows

This page tells readers of a demo what the embedded AWS proves and what it does not. The embedded AWS is an emulator under
patches ([decision 14](decisions/0014-ministack-under-a-launcher.md)). It does not equal AWS. A row that passes says only that
the emulator does what AWS documents for one behaviour that the platforms or the deployer rely on.

Each row has the page or public report that documents the behaviour, and a test of its name in `tests/local/conformance/`. The
rows were chosen from AWS's documentation before they were tested, and none is dropped because it fails. Every resource type of
the templates and every API call of the deployer, the functions, the service and the demo has at least one row.

The test of a row that differs states what AWS does and is expected to fail. If the emulator improves, the test fails, and
the row must change. `make templates` writes this page from the rows; a test compares it.

- **passes**: the test of the row passes.
- **differs**: the emulator does something else, or nothing that a test could see. The row counts as failing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the page and returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.conformance_page", description="Writes the conformance page."
    )
    parser.add_argument("--out", type=Path, default=PAGE, help="default: docs/embedded-aws.md")
    options = parser.parse_args(argv)
    options.out.write_text(page(), encoding="utf-8")
    return 0


def page(tables: Sequence[Table] = TABLES) -> str:
    """Returns the page in Markdown."""
    sections = [INTRODUCTION, counts(tables), differences(tables), *(section(table) for table in tables)]
    return "\n\n".join(sections) + "\n"


def counts(tables: Sequence[Table]) -> str:
    """Returns how many rows of each subject pass."""
    head = ["| subject | rows | pass | differ |", "|---|---|---|---|"]
    lines = [f"| [{table.subject}](#{_anchor(table.subject)}) | {_numbers(table.rows)} |" for table in tables]
    rows = [row for table in tables for row in table.rows]
    return "\n".join([*head, *lines, f"| **all** | {_numbers(rows)} |"])


def _numbers(rows: Sequence[Row]) -> str:
    differing = sum(row.difference is not None for row in rows)
    return f"{len(rows)} | {len(rows) - differing} | {differing}"


def differences(tables: Sequence[Table]) -> str:
    """Returns the rows that differ, each with what nobody should conclude."""
    lines = ["## What nobody should conclude from the demo", ""]
    lines += ["| subject | AWS | the embedded AWS | do not conclude |", "|---|---|---|---|"]
    for table in tables:
        for row in table.rows:
            if row.difference is not None:
                reason = f" No test: {row.difference.untestable}" if row.difference.untestable else ""
                emulator = f"{row.difference.emulator}{reason}"
                cells = (
                    table.subject,
                    f"{row.behaviour} ([source]({row.source}))",
                    emulator,
                    row.difference.conclusion,
                )
                lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(lines)


def section(table: Table) -> str:
    """Returns all rows of a subject, the differing ones first."""
    return "\n".join([f"## {table.subject}", "", "| row | AWS | result |", "|---|---|---|", *_lines(table.rows)])


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    for row in sorted(rows, key=lambda row: row.difference is None):
        result = "passes" if row.difference is None else "**differs**"
        about = ", ".join(f"`{name}`" for name in (*row.types, *row.calls))
        behaviour = f"{row.behaviour} ([source]({row.source}))" + (f"<br>{about}" if about else "")
        yield f"| `{row.id}` | {_cell(behaviour)} | {result} |"


def _cell(text: str) -> str:
    """Escapes what would end a cell. Double backticks are code in docstrings, and single ones suffice here."""
    return text.replace("|", "\\|").replace("``", "`")


def _anchor(heading: str) -> str:
    return "".join(letter for letter in heading.lower().replace(" ", "-") if letter.isalnum() or letter == "-")
