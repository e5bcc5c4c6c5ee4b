"""What nobody has decided is a problem, and so is a decision without a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.packs.decisions import FalseFinding, Suppression
from tools.packs.judgement import problems
from tools.packs.results import Finding, PackReport, Subject

BUCKET = Subject("shop/storage", "RawBucket")
FINDING = Finding("NO_LOCK", BUCKET, "prod", "lock it")
REPORT = PackReport("guard-dog", "dog", frozenset({"NO_LOCK", "NO_LOG"}), frozenset({"NO_PEER"}), (FINDING,))
SUPPRESSION = Suppression("dog", "NO_LOCK", BUCKET, "what is locked cannot be deleted")
ROW = FalseFinding("guard-dog", "NO_LOCK", ("shop/*:*Bucket",), "misread")


def test_an_undecided_finding_names_rule_resource_and_forms() -> None:
    report = replace(REPORT, findings=(FINDING, replace(FINDING, form="dev")))
    assert list(problems([report], [], [])) == ["guard-dog: NO_LOCK: shop/storage:RawBucket (dev, prod): lock it"]


@pytest.mark.parametrize(("suppressions", "rows"), [([SUPPRESSION], []), ([], [ROW])])
def test_a_finding_with_an_answer_is_no_problem(suppressions: list[Suppression], rows: list[FalseFinding]) -> None:
    assert not list(problems([REPORT], suppressions, rows))


@pytest.mark.parametrize(
    ("suppression", "problem"),
    [
        (replace(SUPPRESSION, rule="NO_LOG"), "the pack does not report this"),
        (replace(SUPPRESSION, rule="NO_SUCH"), "the pack has no such rule"),
        (replace(SUPPRESSION, reason="because"), "the suppression has no reason"),
        (replace(SUPPRESSION, subject=Subject("shop/storage", "Other")), "the pack does not report this"),
    ],
)
def test_a_suppression_in_vain_is_a_problem(suppression: Suppression, problem: str) -> None:
    (found,) = (
        problems([REPORT], [SUPPRESSION, suppression], [])
        if suppression.reason != "because"
        else problems([REPORT], [suppression], [])
    )
    assert problem in found


def test_the_key_of_another_pack_suppresses_nothing() -> None:
    (found,) = problems([REPORT], [replace(SUPPRESSION, key="cat")], [])
    assert "NO_LOCK" in found


def test_nothing_is_said_of_rules_that_did_not_run() -> None:
    peer = replace(SUPPRESSION, rule="NO_PEER")
    row = replace(ROW, rule="NO_PEER")
    assert not list(problems([replace(REPORT, findings=())], [peer], [row]))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (replace(ROW, where=("shop/*:*Bucket", "shop/*:*Queue")), "no finding matches shop/*:*Queue"),
        (replace(ROW, rule="NO_SUCH"), "the pack has no such rule"),
        (replace(ROW, pack="cat"), "The page has a row of cat, which did not run"),
    ],
)
def test_a_row_in_vain_is_a_problem(row: FalseFinding, problem: str) -> None:
    (found,) = problems([REPORT], [SUPPRESSION], [row])
    assert problem in found
