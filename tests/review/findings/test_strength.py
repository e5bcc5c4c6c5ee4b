"""The table of findings on strength, and its examples taken through the grading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import review.strength
from cfn.templates import parse
from review.examples.example import Example
from review.examples.strength import EXAMPLES
from review.findings import catalogue, strength
from review.findings.finding import Label, Remark, ReviewFinding, Verdict
from review.findings.strength import FINDINGS, INTERRUPTS
from review.strength import grade
from review.strength.interruptions import interruption

PACKAGE = Path(review.strength.__file__).parent
PAIRS = [finding for finding in FINDINGS if finding is not INTERRUPTS]


def ids(finding: ReviewFinding) -> str:
    return finding.code


def attributes(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("Type", "Properties")}


def graded(example: Example) -> Iterator[Remark]:
    """The findings on every resource of an example that differs."""
    old, new = parse(example.before)["Resources"], parse(example.after)["Resources"]
    for logical_id in {**old, **new}:
        before, after = old.get(logical_id), new.get(logical_id)
        if before == after:
            continue
        yield from grade(
            (before or after)["Type"],
            before and before.get("Properties", {}),
            after and after.get("Properties", {}),
            attributes_before=before and attributes(before),
            attributes_after=after and attributes(after),
        )
        if before and after:
            remark = interruption(before["Type"], before.get("Properties", {}), after.get("Properties", {}))
            yield from [remark] if remark else []


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("finding", FINDINGS, ids=ids)
def test_example_has_its_code_sentence_and_verdict_and_no_other(finding: ReviewFinding) -> None:
    (remark,) = graded(EXAMPLES[finding.code])
    assert (remark.code, remark.verdict, remark.label) == (finding.code, finding.verdict, finding.label)
    assert re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(finding.sentence)), remark.sentence)


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("finding", PAIRS, ids=ids)
def test_reversed_example_has_the_opposite_label(finding: ReviewFinding) -> None:
    example = EXAMPLES[finding.code]
    (remark,) = graded(Example(example.after, example.before))
    assert remark.code == finding.code
    if finding is not strength.MAY_BE_WEAKER:  # of an unordered value, either direction may be weaker
        assert (remark.verdict, remark.label) == (Verdict.FINE, finding.label.opposite if finding.label else None)


def test_codes_are_unique_sorted_and_of_their_groups() -> None:
    codes = [finding.code for finding in FINDINGS]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"R[45]\d\d", code) for code in codes)
    assert list(EXAMPLES) == codes


def test_no_sentence_belongs_to_two_codes() -> None:
    sentences = [form for finding in FINDINGS for form in finding.forms]
    assert len(sentences) == len(set(sentences))


def test_every_finding_is_in_the_table_and_used() -> None:
    names = {name: value for name, value in vars(strength).items() if isinstance(value, ReviewFinding)}
    assert list(names.values()) == list(FINDINGS)
    sources = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    assert [name for name in names if not re.search(rf"\b{name}\b", sources)] == []


@pytest.mark.requirement("REV-2")
def test_verdicts_are_those_of_the_requirement() -> None:
    blocked = {finding.code for finding in FINDINGS if finding.verdict is Verdict.BLOCKED}
    data = {
        strength.ENCRYPTION,
        strength.BACKUP,
        strength.POINT_IN_TIME_RECOVERY,
        strength.VERSIONING,
        strength.AUDIT_TRAIL,
    }
    public = {strength.EXPOSURE, strength.WORLD}
    assert blocked == {finding.code for finding in data | public}
    assert {finding.verdict for finding in FINDINGS} == {Verdict.BLOCKED, Verdict.LOOK}


@pytest.mark.parametrize("label", list(Label))
def test_opposite_of_a_label_goes_the_other_way(label: Label) -> None:
    assert label.opposite.direction is not label.direction
    assert label.opposite.opposite is label


def test_finding_without_a_reverse_says_so() -> None:
    with pytest.raises(ValueError, match="R501 has no reverse"):
        INTERRUPTS.reversed_remark(properties="DBInstanceClass")


def test_catalogue_shows_both_sentences_and_the_verdict() -> None:
    text = "\n".join(catalogue.sections())
    assert "`weaker backup: <property> <before> -> <after> (R402)`" in text
    assert "If the change goes the other way: `stronger backup: <property> <before> -> <after> (R402)`" in text
    assert "- **Verdict**: blocked" in text
