"""``python -m tools.pull_request_comment FILE`` keeps the review of a pull request as one comment, on a runner of GitHub.

FILE is what ``deploy diff --against REVISION --format markdown`` writes. It begins with a mark, which a reader does not see.
The program updates the comment that begins with that mark, or creates one. If nothing changes, it only updates.

GitHub's token is read-only for a pull request from a fork, whatever the workflow asks for. The program then writes the text
into the summary of the job. Exit codes: 0 done, 1 GitHub rejected a call, 2 a file or a variable of the runner is missing.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.pull_request_comment", "Interrupted. Repeat the command; it never leaves two comments."))

import argparse
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn.errors import ActionableError
from cfn.text import visible

NO_CHANGES = "<!-- no changes -->"
"""The second line of a review in which nothing changes, as ``deploy.comparing.comment`` writes it."""
MAX_CHARACTERS = 65_536  # of a comment; the API answers 422 to a longer one
GH_TIMEOUT_SECONDS = 120  # for all pages of a list
_MARK_START, _MARK_END = "<!-- ", " -->"
_SECTION_START = "<details>"
_SECTION_END = "\n</details>\n"
_CUT = "\nSections that do not fit into a comment are left out.\n"
# One line of JSON for each comment, in every version of gh: only new ones join the lists of several pages.
_COMMENTS = '.[] | {id, body, by_program: (.user.type == "Bot")} | @json'


class CommentError(ActionableError):
    """GitHub did not list, create or update a comment."""


class RunnerError(CommentError):
    """The file of the review, or something that GitHub gives to the jobs of a pull request, is missing."""

    exit_code = 2


@dataclass(frozen=True)
class PullRequest:
    """The pull request of the job.

    Attributes:
        repository: Its repository, as ``owner/name``.
        from_fork: Whether its branch is in another repository, or in one that was deleted.
    """

    repository: str
    number: int
    from_fork: bool


def main(argv: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Create or update the comment and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pull_request_comment",
        description="Keeps the review of a pull request as one comment, on a runner of GitHub.",
    )
    parser.add_argument("file", type=Path, help="what `deploy diff --against REVISION --format markdown` wrote")
    file: Path = parser.parse_args(argv).file
    try:
        review = _read(file)
        pull_request = read_pull_request(environment)
        body = fit(review, _link(pull_request, environment))
        if pull_request.from_fork:
            print(_write_summary(body, environment))
        else:
            print(keep_comment(pull_request, body))
    except CommentError as error:
        print(f"pull_request_comment: {error}", file=sys.stderr)
        return error.exit_code
    return 0


# ---- input ----------------------------------------------------------------------------------------------------------


def _read(file: Path) -> str:
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        do = f"Make it with `deploy diff --against REVISION --format markdown --out {file}`."
        raise RunnerError(f"{file} cannot be read: {error.strerror}.", do) from None
    if not text.startswith(_MARK_START) or _MARK_END not in text:
        do = "Give what `deploy diff --against REVISION --format markdown` writes."
        raise RunnerError(f"{file} does not begin with a mark, such as <!-- name -->.", do)
    return text


def read_pull_request(environment: Mapping[str, str]) -> PullRequest:
    """The pull request, from the event in the file that GITHUB_EVENT_PATH names.

    The format is in docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request.

    Raises:
        RunnerError: There is no event, or it is not that of a pull request.
    """
    try:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        repository = event["repository"]["full_name"]
        pull_request = event["pull_request"]
        head = pull_request["head"]["repo"]  # null after the fork was deleted
        from_fork = head is None or head["full_name"] != repository
        return PullRequest(repository, int(pull_request["number"]), from_fork)
    except (OSError, ValueError, KeyError, TypeError):
        do = "Run the program in a workflow on pull_request."
        raise RunnerError("GITHUB_EVENT_PATH names no event of a pull request.", do) from None


# ---- text -----------------------------------------------------------------------------------------------------------


def _link(pull_request: PullRequest, environment: Mapping[str, str]) -> str:
    """A last line that leads to the artifacts; empty outside of a run."""
    server, run_id = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_RUN_ID")
    if not (server and run_id):
        return ""
    return f"\n[HTML pages and JSON]({server}/{pull_request.repository}/actions/runs/{run_id}#artifacts)\n"


def fit(review: str, link: str) -> str:
    """The review with the link behind it. Of a review that is too long, as many whole sections as a comment can hold."""
    if len(review) + len(link) <= MAX_CHARACTERS:
        return review + link
    room = MAX_CHARACTERS - len(_CUT) - len(link)
    beginning = review.partition(_SECTION_START)[0]
    end = review.rfind(_SECTION_END, 0, room)
    if end >= 0:
        beginning = review[: end + len(_SECTION_END)]
    return (beginning if len(beginning) <= room else _mark(review)) + _CUT + link


def _mark(text: str) -> str:
    return text[: text.find(_MARK_END) + len(_MARK_END)]


def _has_changes(body: str) -> bool:
    return body.split("\n", 2)[1:2] != [NO_CHANGES]


def _write_summary(body: str, environment: Mapping[str, str]) -> str:
    """Write into the summary of the job, and return what was done."""
    file = environment.get("GITHUB_STEP_SUMMARY")
    if not file:
        raise RunnerError("GITHUB_STEP_SUMMARY names no file.", "Run the program as a step of a workflow.")
    with Path(file).open("a", encoding="utf-8") as summary:
        summary.write(body)
    return "The pull request is from a fork: its review is in the summary of this job."


# ---- comment --------------------------------------------------------------------------------------------------------


def keep_comment(pull_request: PullRequest, body: str) -> str:
    """Create the comment, or update it in place, and return what was done.

    Args:
        pull_request: The pull request.
        body: The comment. Its mark is that of no other comment.

    Raises:
        CommentError: gh is not installed, or GitHub rejects a call.
    """
    comments = f"repos/{pull_request.repository}/issues"
    number = next(_own_comments(pull_request, _mark(body)), None)
    if number is not None:
        _gh("--method", "PATCH", f"{comments}/comments/{number}", "--input", "-", document={"body": body})
        return "The comment was updated."
    if not _has_changes(body):
        return "Nothing changes, and there is no comment to update."
    _gh("--method", "POST", f"{comments}/{pull_request.number}/comments", "--input", "-", document={"body": body})
    return "The comment was created."


def _own_comments(pull_request: PullRequest, mark: str) -> Iterator[int]:
    """The ids of the comments with the mark, without those of people, who may quote it."""
    path = f"repos/{pull_request.repository}/issues/{pull_request.number}/comments?per_page=100"
    # Not splitlines, which also splits at separators of Unicode, and a comment may have them.
    for line in filter(None, _gh("--paginate", path, "--jq", _COMMENTS).split("\n")):
        comment = json.loads(line)
        if comment["by_program"] and (comment["body"] or "").startswith(mark):
            yield comment["id"]


def _gh(*arguments: str, document: Mapping[str, Any] | None = None) -> str:
    """Call the API of GitHub. A document goes to stdin, because a text of a template must not become an argument."""
    text = None if document is None else json.dumps(document)
    try:
        done = subprocess.run(
            ["gh", "api", *arguments],
            input=text, capture_output=True, encoding="utf-8", check=True, timeout=GH_TIMEOUT_SECONDS,
        )  # fmt: skip
    except FileNotFoundError:
        raise CommentError(
            "gh is not installed.", "GitHub's runners have it; cli.github.com has it for others."
        ) from None
    except subprocess.TimeoutExpired:
        what = f"GitHub gave no answer within {GH_TIMEOUT_SECONDS} seconds."
        raise CommentError(what, "Run the job again.") from None
    except subprocess.CalledProcessError as error:
        reason = visible("".join(error.stderr.strip().splitlines()[-1:]) or f"exit code {error.returncode}")
        do = "GH_TOKEN must be a token of the job, which needs `pull-requests: write`."
        raise CommentError(f"gh api failed: {reason.rstrip('.')}.", do) from None
    return done.stdout
