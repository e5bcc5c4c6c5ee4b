"""``python -m tools.rules_page`` writes docs/rules.md: every rule of the gate and every finding of the review, by code.

Each package describes its own rules. A section is Markdown that begins with a heading of the second level; to add one, add
the function that returns it to ``SECTIONS``.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.rules_page", "Interrupted. The page may be incomplete. Repeat the command."))

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gate import catalogue as gate_catalogue
from review.findings import catalogue as review_catalogue

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"
SECTIONS: tuple[Callable[[], Iterable[str]], ...] = (gate_catalogue.sections, review_catalogue.sections)
INTRODUCTION = """\
# Rules

This page has every code that a report of this project shows.

- **E98xx and GATExx** are the project's own rules for templates, parameter files and configuration. `python -m gate` prints
  the code before each finding. SARIF has it as `ruleId`, JUnit as the `type` of a failure. A finding of any level fails the
  gate.
- **Rxxx** are the findings of the review of a plan. `make review` prints the code in parentheses after the sentence. JSON has
  it as `code`. A finding that is blocked must be allowed by the name of its resource. `--fail-on` ends `review` and `execute`
  with an exit code if the review has a finding that the option names.

`make templates` writes this page from the code. A test runs the gate over each example of a rule: the first fails with this
code and no other, the second passes. Another test reviews the plan of each example of a finding: the review prints this code
and no other, apart from the code with which it always comes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the page and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.rules_page", description="Writes the page of all rules.")
    parser.add_argument("--out", type=Path, default=PAGE, help="default: docs/rules.md")
    options = parser.parse_args(argv)
    options.out.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Returns the page in Markdown."""
    sections = [section for make_sections in SECTIONS for section in make_sections()]
    return "\n\n".join([INTRODUCTION, *sections]) + "\n"
