"""Compares decisions of the engine with the evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from review.access.causes import Cause
from review.access.decision import decide
from review.access.engine import Question
from review.access.request import Request, Witness
from review.access.statements import Kind
from tests.review.access.support.evaluator import Rules, Statement, Subject, outcome
from tests.review.access.support.policies import document, plain
from tests.review.access.support.tiny import TOKEN, Pair, Universe, substituted
from tests.review.access.support.traps import Trap

Layers = Sequence[Sequence[Statement]]


def readings(kind: Kind) -> tuple[Rules, Rules]:
    """Both readings of wildcards in resources."""
    delegates = kind in (Kind.RESOURCE, Kind.TRUST)
    return Rules(delegates, in_segments=False), Rules(delegates, in_segments=True)


def answers(question: Question, before: Layers, after: Layers, subject: Subject, rules: Rules) -> bool:
    """Whether a request answers a question with yes."""
    old, new = outcome(before, subject, rules), outcome(after, subject, rules)
    if question is Question.ALLOWED:
        return new == "allow" != old
    return old == "deny" != new


def subjects(request: Request) -> Iterator[Subject]:
    """The requests that a witness stands for: both, if it does not matter what identity policies allow."""
    for backed in (True, False) if request.identity_allows is None else (request.identity_allows,):
        yield Subject(request.principal, backed, request.action, request.resource, request.context)


def confirms(witness: Witness, before: Layers, after: Layers, kind: Kind) -> bool:
    """Whether the evaluator confirms a witness by one of the readings."""
    return any(
        all(answers(witness.question, before, after, subject, rules) for subject in subjects(witness.request))
        for rules in readings(kind)
    )


def trap_fault(trap: Trap) -> str | None:
    """What is wrong with the answer to a row of the hand table; None if it is right."""
    before, after = trap.layers
    decision = decide(document(before, trap.kind), document(after, trap.kind))
    if decision.outcome is not trap.outcome:
        return f"{decision.outcome} instead of {trap.outcome}: {decision}"
    if trap.cause is not None and decision.causes != {trap.cause}:
        return f"{sorted(decision.causes)} instead of {trap.cause!r}"
    raw = [plain(layer) for layer in before], [plain(layer) for layer in after]
    if trap.evaluated and not all(confirms(witness, *raw, trap.kind) for witness in decision.witnesses):
        return f"the evaluator does not confirm {decision.witnesses}"
    return None


SUBSTITUTES = ("arn:aws:s3:::a", "arn:aws:s3:::a/b", "arn:aws:s3:::b:c", "arn:aws:sq:x:y:a")
"""Texts for which the token of the tiny universe may stand."""


def tiny_fault(pair: Pair) -> str | None:
    """What is wrong with the decision on a tiny pair, by the enumeration of every request; None if it is right."""
    decision = decide(document(pair.before, pair.kind), document(pair.after, pair.kind))
    has_token = substituted(pair, "") != pair
    if not decision.causes <= ({Cause.REFERENCE} if has_token else set()):
        return f"unknown: {decision.doubts}: {pair}"
    answered = {witness.question for witness in decision.witnesses}
    if not all(confirms(witness, pair.before, pair.after, pair.kind) for witness in decision.witnesses):
        return f"not confirmed: {decision.witnesses}: {pair}"
    if decision.doubts:
        return None
    for text in (TOKEN, *(SUBSTITUTES if has_token else ())):
        universe = Universe(substituted(pair, text))
        for question in set(Question) - answered:
            for rules in readings(pair.kind):
                if bits := universe.answering(question, rules):
                    return f"contradicted: {question}, {rules}, {universe.subject(bits)}: {pair}"
    return None
