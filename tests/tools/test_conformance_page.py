from __future__ import annotations

from pathlib import Path

from tests.local.conformance.support.row import Difference, Row, Table
from tools import conformance_page

TABLE = Table(
    "Some service",
    (
        Row("works", "It does a ``|`` b.", "https://docs.aws.amazon.com/a.html", calls=("s3.put_object",)),
        Row(
            "differs",
            "It waits.",
            "https://docs.aws.amazon.com/b.html",
            difference=Difference("It does not wait.", "That it is fast.", "nobody can see it."),
        ),
    ),
)


def test_committed_page_is_what_the_rows_say() -> None:
    written = conformance_page.PAGE.read_text(encoding="utf-8")
    assert written == conformance_page.page(), "call `make templates`"


def test_differing_rows_come_first_with_what_nobody_should_conclude() -> None:
    text = conformance_page.page([TABLE])
    assert text.index("`differs`") < text.index("`works`")
    assert "| It does not wait. No test: nobody can see it. | That it is fast. |" in text
    assert "| [Some service](#some-service) | 2 | 1 | 1 |" in text


def test_a_cell_ends_only_where_it_should() -> None:
    assert "It does a `\\|` b. ([source](https://docs.aws.amazon.com/a.html))<br>`s3.put_object` | passes |" in (
        conformance_page.section(TABLE)
    )


def test_page_is_written_where_the_option_says(tmp_path: Path) -> None:
    assert conformance_page.main(["--out", str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == conformance_page.page()
