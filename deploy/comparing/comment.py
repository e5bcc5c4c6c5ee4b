"""The comment on a pull request: one section for each environment whose result differs, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deploy.comparing.environments import EnvironmentReview
from review.findings.finding import Verdict
from review.formats.render import review_markdown
from review.judgement.reviewed import Review

MARKER = "<!-- cloudformation-review -->"
"""The first line of the comment, by which the workflow finds it again."""
NO_CHANGES = "<!-- no changes -->"
"""The second line if nothing changes; the workflow then creates no comment."""
MAX_CHARACTERS = 65_000  # of the 65,536 of a comment on GitHub; the workflow adds a link
_TOO_LONG = "\nSections that do not fit into a comment are left out. The whole is in the artifacts of the workflow.\n"


def comment(reviews: Sequence[EnvironmentReview]) -> str:
    """The whole comment.

    Environments of one platform with the same result share a section. A section that does not fit is left out, and the
    comment says so; its verdicts are first.
    """
    sections = [_section(names, body) for names, body in _sections(reviews)]
    text = "\n".join([*_head(reviews), "", *_table(reviews), ""])
    shown = [section for section in sections if len(text) + len(section) + len(_TOO_LONG) <= MAX_CHARACTERS]
    # In the order of the platforms, as many as fit together.
    while len(text) + sum(map(len, shown)) + len(_TOO_LONG) > MAX_CHARACTERS:
        shown.pop()
    return text + "".join(shown) + ("" if len(shown) == len(sections) else _TOO_LONG)


def _head(reviews: Sequence[EnvironmentReview]) -> list[str]:
    if all(entry.review is not None and entry.review.is_empty for entry in reviews):
        return [MARKER, NO_CHANGES, "## Review of the templates: no changes"]
    verdict = max((entry.review.verdict for entry in reviews if entry.review), default=Verdict.FINE)
    return [MARKER, f"## Review of the templates: {verdict.word}"]


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
    return f"<details><summary>{', '.join(names)}</summary>\n\n{body}\n</details>\n\n"
