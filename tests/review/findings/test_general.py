"""The table of findings, and its examples taken through the review."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from review.examples import EXAMPLES
from review.findings import general
from review.findings.finding import ReviewFinding
from review.findings.general import FINDINGS
from review.findings.permissions import FINDINGS as PERMISSION_FINDINGS
from review.formats.document import review_json
from review.formats.render import review_markdown, review_text
from review.judgement.verdict import judge_plan
from tests.review.support.examples import example_plan

PACKAGE = Path(general.__file__).parents[1]
TABLES = ("findings", "examples")
CODE = re.compile(r"\((R[123]\d\d)\)$", re.MULTILINE)  # not what the change does to strength


def json_codes(value: Any) -> Iterator[str]:
    """Every ``code`` in a document."""
    if isinstance(value, dict):
        if re.fullmatch(r"R[123]\d\d", str(value.get("code"))):
            yield value["code"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from json_codes(item)


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.code)
def test_example_has_its_code_and_no_other(finding: ReviewFinding) -> None:
    review = judge_plan(example_plan(EXAMPLES[finding.code]))
    expected = {finding.code, *finding.comes_with}
    text = review_text(review, detailed=True)
    assert set(CODE.findall(text)) == expected, text
    assert set(json_codes(json.loads(review_json(review)))) == expected
    assert set(CODE.findall(review_markdown(review))) <= expected


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.code)
def test_example_shows_its_sentence(finding: ReviewFinding) -> None:
    text = review_text(judge_plan(example_plan(EXAMPLES[finding.code])), detailed=True)
    forms = [
        re.sub(r"\\\{\w+\\\}|\{\w+\}", ".+", re.escape(form)) for form in (finding.sentence, finding.possible or "")
    ]
    assert any(form and re.search(rf"{form} \({finding.code}\)$", text, re.MULTILINE) for form in forms), text


def test_codes_are_unique_sorted_and_of_a_known_group() -> None:
    codes = [finding.code for finding in FINDINGS]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"R[123]\d\d", code) for code in codes)
    assert {code for finding in FINDINGS for code in finding.comes_with} < set(codes)


def test_every_finding_has_an_example() -> None:
    assert list(EXAMPLES) == [finding.code for finding in (*FINDINGS, *PERMISSION_FINDINGS)]


def test_no_sentence_belongs_to_two_codes() -> None:
    sentences = [form for finding in FINDINGS for form in finding.forms]
    assert len(sentences) == len(set(sentences))


def test_every_finding_is_in_the_table_and_used_by_the_code_that_judges() -> None:
    names = {name: value for name, value in vars(general).items() if isinstance(value, ReviewFinding)}
    assert list(names.values()) == list(FINDINGS)
    sources = [path.read_text("utf-8") for path in PACKAGE.rglob("*.py")]
    used = {name for source in sources for name in re.findall(r"\bgeneral\.([A-Z_]+)\b", source)}
    assert used == names.keys()


def test_no_sentence_is_written_outside_of_the_table() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.parent.name not in TABLES)
    parts = [part.strip(" :,;") for finding in FINDINGS for form in finding.forms for part in re.split(r"<\w+>", form)]
    assert [part for part in parts if len(part) > 12 and part in sources] == []


@pytest.mark.parametrize(
    ("certain", "sentence"),
    [(True, "is removed: trades-1 (R201)"), (False, "may be removed: trades-1 (R201)")],
)
def test_remark_has_the_sentence_of_its_certainty(certain: bool, sentence: str) -> None:
    assert str(general.REMOVED_WITH_DATA.remark(certain=certain, id="trades-1")) == sentence
