"""Random pairs of policies over small alphabets, compared with the enumeration of every request."""

from __future__ import annotations

import pytest

from review.access.decision import Outcome, decide
from review.access.engine import Question
from tests.review.access.support.checks import answers, readings, tiny_fault
from tests.review.access.support.policies import document
from tests.review.access.support.tiny import TOKEN, Universe, pairs, random_pair, substituted

SAMPLE = 80
BATCH = 250
BATCHES = range(0, 5_000, BATCH)


@pytest.mark.requirement("REV-2")
def test_every_request_of_a_sample_agrees() -> None:
    assert [fault for pair in pairs(SAMPLE) if (fault := tiny_fault(pair))] == []


@pytest.mark.matrix
@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("start", BATCHES)
def test_every_request_agrees(start: int) -> None:
    assert [fault for pair in pairs(BATCH, start) if (fault := tiny_fault(pair))] == []


def test_the_sample_holds_every_answer() -> None:
    """A sample whose answers were all alike would show little."""
    outcomes = [decide(document(p.before, p.kind), document(p.after, p.kind)).outcome for p in pairs(SAMPLE)]
    assert min(outcomes.count(Outcome.BROADER), outcomes.count(Outcome.NOT_BROADER)) > SAMPLE // 4


def test_the_enumeration_numbers_requests_consistently() -> None:
    """The request of a number answers the question by the evaluator itself, not only by bits."""
    found = 0
    for pair in pairs(20, 900):
        universe = Universe(pair)
        for rules in readings(pair.kind):
            for question in Question:
                if bits := universe.answering(question, rules):
                    found += 1
                    assert answers(question, pair.before, pair.after, universe.subject(bits), rules)
    assert found > 10


def test_a_seed_is_a_pair() -> None:
    assert random_pair(7) == random_pair(7) != random_pair(8)


def test_a_token_stands_for_any_text() -> None:
    """The enumeration also takes a text for the token, because a real ARN may match other patterns."""
    with_token = next(pair for pair in pairs(100) if substituted(pair, "text") != pair)
    assert substituted(with_token, TOKEN) == with_token
