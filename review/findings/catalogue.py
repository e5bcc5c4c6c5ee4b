"""Describes the findings of the review as sections of ``docs/rules.md``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from review.examples import EXAMPLES
from review.examples.example import Example
from review.examples.strength import EXAMPLES as STRENGTH_EXAMPLES
from review.findings.codes import ALL_FINDINGS
from review.findings.finding import ReviewFinding

_WRAPPER = textwrap.TextWrapper(width=118, break_long_words=False, break_on_hyphens=False)
_EXAMPLES = (
    "In every sentence on this page, words in angle brackets stand for values. In an example without `Changes`, "
    "CloudFormation lists each resource whose text differs. `Changes`, `Details` and the fields in them have the names of "
    "CloudFormation's DescribeChangeSet."
)
_CHAPTERS = (
    (
        "R1",
        "Review, obstacles: R1xx",
        "The execution would fail at this change, and the stack would roll back. The review lists obstacles under "
        '"THIS WILL FAIL". ' + _EXAMPLES,
    ),
    (
        "R2",
        "Review, warnings: R2xx",
        'The change loses data ("DATA IS LOST"), replaces running instances ("Instances"), or CloudFormation\'s own '
        'validation reports it ("CloudFormation warns").',
    ),
    (
        "R3",
        "Review, notes: R3xx",
        "A note below a change says why the review judges it as certain, as possible, or as a change that will not happen. "
        "`make review OPTIONS=--all` also lists the changes that will not happen.",
    ),
    (
        "R4",
        "Review, strength: R4xx",
        "The change makes the platform weaker or stronger, or permissions and networks broader or narrower. Each code has a "
        "sentence for either direction. The reviewer has to look at the first, or to name the resource before its execution. "
        "A change in the other direction needs nothing. A test grades the change of each example.",
    ),
    (
        "R5",
        "Review, interruptions: R5xx",
        "The update happens in place, and the resource is out of service for a while.",
    ),
    (
        "R6",
        "Review, permissions: R6xx",
        "Policies are compared without AWS. The answer is *not broader*, *broader* with a request as example, or *unknown*, "
        "which counts as broader. All identity policies of a role are compared together, within its permissions boundary.",
    ),
)
_ALL_EXAMPLES = {**EXAMPLES, **STRENGTH_EXAMPLES}


def sections() -> tuple[str, ...]:
    """Returns the sections in Markdown. Each begins with a heading of the second level."""
    return tuple(
        _section(title, introduction, [finding for finding in ALL_FINDINGS if finding.code.startswith(prefix)])
        for prefix, title, introduction in _CHAPTERS
    )


def _section(title: str, introduction: str, findings: Sequence[ReviewFinding]) -> str:
    rows = [f"| [{finding.code}](#{finding.code.lower()}) | `{finding.forms[0]}` |" for finding in findings]
    table = "\n".join(["| code | sentence |", "|---|---|", *rows])
    return _join([f"## {title}", _WRAPPER.fill(introduction), table, *map(_finding_text, findings)])


def _finding_text(finding: ReviewFinding) -> str:
    certain, *others = (f"`{form} ({finding.code})`" for form in finding.forms)
    case = "If the change is only possible" if finding.possible else "If the change goes the other way"
    blocks = [f"### {finding.code}", certain, *(f"{case}: {form}" for form in others)]
    return _join([*blocks, "\n".join(_items(finding)), *_example_blocks(_ALL_EXAMPLES[finding.code])])


def _items(finding: ReviewFinding) -> Iterable[str]:
    if finding.reverse:
        yield f"- **Verdict**: {finding.verdict.word}"
    yield _item(f"**Reason**: {finding.reason}")
    if finding.source_url:
        yield f"- **Source**: <{finding.source_url}>"
    if finding.comes_with:
        yield f"- **Comes with**: {', '.join(finding.comes_with)}"


def _example_blocks(example: Example) -> Iterable[str]:
    if example.before == example.after:
        yield _yaml("Deployed and planned", example.after)
    else:
        yield _yaml("Deployed", example.before)
        yield _yaml("Planned", example.after)
    if example.plan:
        yield _yaml("The plan also holds", example.plan)


def _yaml(title: str, text: str) -> str:
    return f"{title}:\n\n```yaml\n{text}```"


def _item(text: str) -> str:
    return textwrap.indent(_WRAPPER.fill(text), "  ").replace("  ", "- ", 1)


def _join(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks)
