"""The comment on a pull request: one section for each environment whose result differs, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deploy.comparing.environments import EnvironmentReview
from review.finding import Verdict
from review.render import review_markdown
from review.reviewed import Review

MARKER = "<!-- cloudformation-review -->"
"""The first line of the comment, by which the workflow finds it again."""
MAX_CHARACTERS = 65_536  # of a comment on GitHub; the API answers 422 to a longer one
_TOO_LONG = "\n\nThis review is longer than a comment can be. The whole is in the artifacts of the workflow.\n"


def comment(reviews: Sequence[EnvironmentReview]) -> str:
    """The whole comment.

    Environments of one platform with the same result share a section. A comment that would be too long ends early and
    says so; its verdicts are first.
    """
    verdict = max((entry.review.verdict for entry in reviews if entry.review), default=Verdict.FINE)
    sections = [_section(names, body) for names, body in _sections(reviews)]
    text = "\n".join([MARKER, f"## Review of the templates: {verdict.word}", "", *_table(reviews), *sections])
    if len(text) <= MAX_CHARACTERS:
        return text
    return text[: MAX_CHARACTERS - len(_TOO_LONG)].rsplit("\n", 1)[0] + _TOO_LONG


def _table(reviews: Iterable[EnvironmentReview]) -> list[str]:
    rows = [f"| {entry.platform} | {entry.environment} | {_result(entry.review)} |" for entry in reviews]
    return ["| platform | environment | verdict |", "|---|---|---|", *rows, ""]


def _result(review: Review | None) -> str:
    if review is None:
        return "no row any more: the stack stays until `deploy destroy`"
    return "no changes" if review.is_empty else review.verdict.word


def _sections(reviews: Iterable[EnvironmentReview]) -> list[tuple[list[str], str]]:
    """The results that are not empty, each with the environments that have it."""
    by_result: dict[tuple[str, str], list[str]] = {}
    for entry in reviews:
        if entry.review is not None and not entry.review.is_empty:
            body = review_markdown(entry.review).partition("\n")[2]  # without the title, which names the environment
            by_result.setdefault((entry.platform, body), []).append(f"{entry.platform} {entry.environment}")
    return [(names, body) for (_, body), names in by_result.items()]


def _section(names: Sequence[str], body: str) -> str:
    return f"<details><summary>{', '.join(names)}</summary>\n\n{body}\n</details>\n"
