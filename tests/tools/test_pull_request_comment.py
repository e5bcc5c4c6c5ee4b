"""One comment on a pull request, which each run updates, by a ``gh`` that records its calls and answers like GitHub's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.comparing import comment as comment_of_the_deployer
from tools import pull_request_comment
from tools.pull_request_comment import MAX_CHARACTERS, NO_CHANGES, fit, main

pytestmark = pytest.mark.requirement("REV-3")

MARK = "<!-- cloudformation-review -->"
REVIEW = f"{MARK}\n## Review of the templates: look\n\n`$(id)` é\n"
RUN = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "17"}
LINK = "\n[HTML pages and JSON](https://github.example/shop/platform/actions/runs/17#artifacts)\n"

# The program answers the list from a file, a page for each 100 comments, as `--paginate` with `--jq` prints them.
GH = """\
#!{python}
import json, pathlib, sys

folder = pathlib.Path({folder!r})
arguments = sys.argv[1:]
body = json.load(sys.stdin)["body"] if "--input" in arguments else None
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([arguments, body]) + "\\n")
error = folder / "error"
if error.exists():
    sys.exit(error.read_text())
if "--paginate" in arguments:
    sys.stdout.buffer.write((folder / "comments").read_bytes())
"""


class GitHub:
    """A fake of GitHub: its comments, and what was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        self.file = folder / "comment.md"
        self.file.write_text(REVIEW, "utf-8")
        gh = folder / "bin" / "gh"
        gh.parent.mkdir()
        gh.write_text(GH.format(python=sys.executable, folder=str(folder)))
        gh.chmod(0o755)
        self.comments()
        self.event(head={"full_name": "shop/platform"})

    def comments(self, *comments: tuple[int, str | None, bool]) -> None:
        """What the pull request has, as (id, body, by_program)."""
        rows = [{"id": number, "body": body, "by_program": program} for number, body, program in comments]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (self.folder / "comments").write_text(text, "utf-8")

    def event(self, *, head: Mapping[str, Any] | None) -> None:
        """The job's event: a pull request whose branch is in this repository; None for one that was deleted."""
        pull_request = {"number": 5, "head": {"repo": head}}
        self.write_event({"repository": {"full_name": "shop/platform"}, "pull_request": pull_request})

    def write_event(self, event: Mapping[str, Any]) -> None:
        (self.folder / "event.json").write_text(json.dumps(event))

    def run(self, **variables: str) -> int:
        event = {"GITHUB_EVENT_PATH": str(self.folder / "event.json"), "GITHUB_STEP_SUMMARY": str(self.summary)}
        return main([str(self.file)], {**event, **RUN, **variables})

    @property
    def calls(self) -> list[tuple[list[str], str | None]]:
        file = self.folder / "calls"
        return [(row[0], row[1]) for row in map(json.loads, file.read_text().splitlines())] if file.exists() else []

    @property
    def writes(self) -> list[tuple[list[str], str | None]]:
        return [(arguments, body) for arguments, body in self.calls if body is not None]


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return GitHub(tmp_path)


def created(body: str) -> tuple[list[str], str]:
    return ["api", "--method", "POST", "repos/shop/platform/issues/5/comments", "--input", "-"], body


def updated(number: int, body: str) -> tuple[list[str], str]:
    return ["api", "--method", "PATCH", f"repos/shop/platform/issues/comments/{number}", "--input", "-"], body


# ---- one comment ----------------------------------------------------------------------------------------------------


def test_first_review_is_a_new_comment(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    github.comments((1, "Looks good.", False), (2, None, True), (3, f"Not first:\n{MARK}", True))
    assert github.run() == 0
    assert github.writes == [created(REVIEW + LINK)]
    assert capsys.readouterr().out == "The comment was created.\n"
    assert not github.summary.exists()


def test_later_review_updates_the_comment_in_place(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    github.comments((1, "First\u2028line.", False), (7, f"{MARK}\r\nolder", True))
    assert github.run() == 0
    assert github.writes == [updated(7, REVIEW + LINK)]
    assert capsys.readouterr().out == "The comment was updated.\n"


def test_comment_is_found_behind_hundreds_of_others(github: GitHub) -> None:
    github.comments(*((number, "Why?", False) for number in range(250)), (999, REVIEW, True))
    assert github.run() == 0
    assert github.writes == [updated(999, REVIEW + LINK)]
    (listed, _), _ = github.calls
    assert listed[:3] == ["api", "--paginate", "repos/shop/platform/issues/5/comments?per_page=100"]


def test_comment_of_a_person_with_the_mark_is_left_alone(github: GitHub) -> None:
    github.comments((1, REVIEW, False))
    assert github.run() == 0
    assert github.writes == [created(REVIEW + LINK)]


def test_review_without_changes_is_no_new_comment_but_updates_an_old_one(
    github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = f"{MARK}\n{NO_CHANGES}\n## Review of the templates: no changes\n"
    github.file.write_text(empty)
    assert github.run() == 0
    assert github.writes == []
    assert capsys.readouterr().out == "Nothing changes, and there is no comment to update.\n"
    github.comments((7, REVIEW, True))
    assert github.run() == 0
    assert github.writes == [updated(7, empty + LINK)]


def test_marks_are_those_of_the_deployer() -> None:
    assert comment_of_the_deployer.MARKER == MARK
    assert comment_of_the_deployer.NO_CHANGES == NO_CHANGES
    assert comment_of_the_deployer.MAX_CHARACTERS + len(LINK) + 200 < MAX_CHARACTERS


@pytest.mark.parametrize("head", [{"full_name": "stranger/platform"}, None], ids=["fork", "deleted fork"])
def test_review_of_a_fork_is_in_the_summary_of_the_job(head: Mapping[str, Any] | None, github: GitHub) -> None:
    github.event(head=head)
    github.summary.write_text("before\n")
    assert github.run() == 0
    assert github.calls == []
    assert github.summary.read_text("utf-8") == "before\n" + REVIEW + LINK


def test_link_is_left_out_outside_of_a_run(github: GitHub) -> None:
    assert github.run(GITHUB_RUN_ID="") == 0
    assert github.writes == [created(REVIEW)]


# ---- length ---------------------------------------------------------------------------------------------------------


def section(size: int) -> str:
    return f"<details><summary>a</summary>\n\n{'é' * size}\n</details>\n\n"


@pytest.mark.parametrize(
    ("sizes", "kept"), [([100, 200], 2), ([30_000, 30_000, 30_000], 2), ([30_000, 40_000], 1), ([70_000, 10], 0)]
)
def test_too_long_review_keeps_whole_sections_and_the_link(sizes: list[int], kept: int) -> None:
    text = fit(REVIEW + "".join(map(section, sizes)), LINK)
    assert len(text) <= MAX_CHARACTERS
    assert text.startswith(REVIEW)
    assert text.endswith(LINK)
    assert text.count("<details>") == text.count("</details>") == kept
    assert ("left out" in text) is (kept < len(sizes))


def test_review_of_exactly_the_length_of_a_comment_stays_whole() -> None:
    text = MARK + "x" * (MAX_CHARACTERS - len(MARK) - len(LINK))
    assert fit(text, LINK) == text + LINK
    assert len(fit(f"{text}x", LINK)) <= MAX_CHARACTERS


# ---- failures -------------------------------------------------------------------------------------------------------


def failure(github: GitHub, capsys: pytest.CaptureFixture[str], code: int, **variables: str) -> str:
    """Run the program, which must fail with this exit code, and return the only line of its message."""
    assert github.run(**variables) == code
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_rejected_call_says_which_right_the_job_needs(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    (github.folder / "error").write_text("\ngh: Resource not accessible by integration\x1b[1m (HTTP 403)")
    line = failure(github, capsys, 1)
    assert "gh api failed: gh: Resource not accessible by integration" in line
    assert "(HTTP 403). GH_TOKEN must be a token of the job, which needs `pull-requests: write`." in line
    assert "\x1b" not in line


def test_failure_without_a_word_of_gh_has_its_exit_code(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    (github.folder / "bin" / "gh").write_text("#!/bin/sh\nexit 4\n")
    assert "gh api failed: exit code 4." in failure(github, capsys, 1)


def test_missing_gh_is_named(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(github.folder / "nowhere"))
    assert "gh is not installed. GitHub's runners have it" in failure(github, capsys, 1)


def test_silent_github_ends_the_program(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pull_request_comment, "GH_TIMEOUT_SECONDS", 0.1)
    (github.folder / "bin" / "gh").write_text("#!/bin/sh\nexec sleep 10\n")
    assert "no answer within 0.1 seconds. Run the job again." in failure(github, capsys, 1)


@pytest.mark.parametrize("event", [{}, {"repository": {"full_name": "shop/platform"}, "ref": "refs/heads/main"}])
def test_other_event_is_an_error(event: Mapping[str, Any], github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    github.write_event(event)
    assert "names no event of a pull request. Run the program in a workflow" in failure(github, capsys, 2)


def test_missing_variables_files_and_marks_are_errors(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert "names no event" in failure(github, capsys, 2, GITHUB_EVENT_PATH="/nowhere")
    github.event(head=None)
    assert "GITHUB_STEP_SUMMARY names no file." in failure(github, capsys, 2, GITHUB_STEP_SUMMARY="")
    github.file.write_text("## Review\n")
    assert "does not begin with a mark" in failure(github, capsys, 2)
    github.file.unlink()
    assert "cannot be read: No such file or directory. Make it with `deploy diff --against" in failure(
        github, capsys, 2
    )


def test_program_needs_only_the_standard_library() -> None:
    """The option -S disables site-packages."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tools.pull_request_comment", "--help"],
        cwd=pull_request_comment.__file__.rpartition("/tools/")[0], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "usage: python -m tools.pull_request_comment" in done.stdout
