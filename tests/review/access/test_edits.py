"""Edits of the committed policies: rewrites of the same meaning, narrower ones, broader ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from review.access.causes import Cause
from review.access.decision import Outcome, decide
from review.access.document import load
from review.access.engine import Question
from tests.review.access.support.checks import answers, confirms, readings
from tests.review.access.support.mutations import BROADER, NARROWER, SAME, Edit
from tests.review.access.support.sampling import random_subjects
from tests.review.access.support.shipped import (
    FILES,
    ShippedPolicy,
    policies_without_parameters,
    shipped_policies,
)

REQUESTS = 40
SAMPLE = (
    "Storage/RawBucketPolicy",
    "Keys/LogsKey",
    "Keys/RegionDenyPolicy",
    "Network/S3Endpoint",
    "Database/AnalystRole",
    "Network/FlowLogPolicy",
)


def _faults(policy: ShippedPolicy, edits: Mapping[str, Edit], expected: Outcome, requests: int) -> Iterator[str]:
    for name, edit in edits.items():
        for number, edited in enumerate(edit(policy.policy)):
            for fault in _edit_faults(policy, edited, expected, requests):
                yield f"{policy}, {name} ({number}): {fault}"


def _edit_faults(policy: ShippedPolicy, edited: dict[str, Any], expected: Outcome, requests: int) -> Iterator[str]:
    decision = decide(load(policy.policy, policy.kind), load(edited, policy.kind))
    if decision.outcome is not expected:
        yield str(decision)
    before, after = [policy.policy["Statement"]], [edited["Statement"]]
    for witness in decision.witnesses:
        if not confirms(witness, before, after, policy.kind):
            yield f"not confirmed: {witness}"
    open_questions = set(Question) - {witness.question for witness in decision.witnesses}
    for subject in random_subjects([policy.policy, edited], policy.kind, requests, seed=len(str(edited))):
        for question in open_questions:
            for rules in readings(policy.kind):
                if answers(question, before, after, subject, rules):
                    yield f"contradicted: {question}, {subject}"


def _sample() -> list[ShippedPolicy]:
    return [policy for policy in shipped_policies("trading", "dev") if policy.name.endswith(SAMPLE)]


def _all(file: tuple[str, str]) -> list[ShippedPolicy]:
    return list(shipped_policies(*file))


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize(
    ("edits", "expected"),
    [(SAME, Outcome.NOT_BROADER), (NARROWER, Outcome.NOT_BROADER), (BROADER, Outcome.BROADER)],
    ids=["same", "narrower", "broader"],
)
def test_edits_of_a_sample_are_known_for_what_they_are(edits: Mapping[str, Edit], expected: Outcome) -> None:
    policies = _sample()
    assert len(policies) == len(SAMPLE)
    assert [fault for policy in policies for fault in _faults(policy, edits, expected, 5)] == []


@pytest.mark.matrix
@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("file", FILES, ids="-".join)
@pytest.mark.parametrize("name", SAME)
def test_a_rewrite_of_the_same_meaning_is_not_broader(name: str, file: tuple[str, str]) -> None:
    faults = [
        fault for policy in _all(file) for fault in _faults(policy, {name: SAME[name]}, Outcome.NOT_BROADER, REQUESTS)
    ]
    assert faults == []


@pytest.mark.matrix
@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("file", FILES, ids="-".join)
@pytest.mark.parametrize("name", NARROWER)
def test_a_narrower_policy_is_not_broader(name: str, file: tuple[str, str]) -> None:
    edit = {name: NARROWER[name]}
    assert [fault for policy in _all(file) for fault in _faults(policy, edit, Outcome.NOT_BROADER, REQUESTS)] == []


@pytest.mark.matrix
@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("file", FILES, ids="-".join)
@pytest.mark.parametrize("name", BROADER)
def test_a_broader_policy_is_broader_by_a_confirmed_request(name: str, file: tuple[str, str]) -> None:
    edit = {name: BROADER[name]}
    assert [fault for policy in _all(file) for fault in _faults(policy, edit, Outcome.BROADER, REQUESTS)] == []


@pytest.mark.matrix
@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("platform", ["trading", "transactions"])
def test_no_answer_is_wrong_without_the_values_of_parameters(platform: str) -> None:
    """Answers may be unknown then. The value of a parameter may have a wildcard, so even two operators may differ."""
    for edits, wrong in ((SAME, Outcome.BROADER), (NARROWER, Outcome.BROADER), (BROADER, Outcome.NOT_BROADER)):
        for policy in policies_without_parameters(platform):
            for name, edit in edits.items():
                for edited in edit(policy.policy):
                    decision = decide(load(policy.policy, policy.kind), load(edited, policy.kind))
                    assert decision.outcome is not wrong, (str(policy), name, decision)
                    assert decision.causes <= {Cause.PARAMETER, Cause.CONDITION, Cause.REFERENCE}


@pytest.mark.parametrize("edits", [SAME, NARROWER, BROADER], ids=["same", "narrower", "broader"])
def test_each_edit_fits_some_policy(edits: Mapping[str, Edit]) -> None:
    policies = [policy for platform in ("trading", "transactions") for policy in shipped_policies(platform, "prod")]
    fitting = {name for name, edit in edits.items() if any(True for each in policies for _ in edit(each.policy))}
    assert fitting == set(edits)


def test_there_are_as_many_edits_as_required() -> None:
    assert (len(SAME), len(NARROWER), len(BROADER)) == (8, 6, 14)
