"""Decides whether a change of a policy allows more than before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from review.access.causes import Cause, Doubt
from review.access.conditions import mixed_keys
from review.access.document import Document
from review.access.engine import Access, Question, Search, Solution, Task, tasks
from review.access.examples import examples
from review.access.model import Model
from review.access.request import Witness, request_of
from review.access.rules import Rule, rules
from review.access.solver import Budget, BudgetExceededError, Solver
from review.access.statements import Condition, Effect, Entry, Kind, Statement, Unread
from review.access.symbols import readable


class Outcome(StrEnum):
    """Whether a change allows more; unknown counts as broader."""

    NOT_BROADER = "not broader"
    BROADER = "broader"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Decision:
    """Whether a change allows more.

    Attributes:
        outcome: The answer to both questions together.
        witnesses: For a broader policy, a request for each question that is answered with yes.
        doubts: What the answer to a question rests on, if it is unknown.
    """

    outcome: Outcome
    witnesses: tuple[Witness, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def may_be_broader(self) -> bool:
        """Whether the change is broader, or nobody knows."""
        return self.outcome is not Outcome.NOT_BROADER

    @property
    def causes(self) -> frozenset[Cause]:
        """Why an answer is unknown."""
        return frozenset(doubt.cause for doubt in self.doubts)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why an answer is unknown, for people."""
        return tuple(readable(str(doubt)) for doubt in self.doubts)


class Change(StrEnum):
    """What a change does to the access that a policy grants."""

    SAME = "same"
    BROADER = "broader"
    NARROWER = "narrower"
    CHANGED = "broader and narrower"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Comparison:
    """Both directions of a change.

    Attributes:
        broader: Whether the policy allows more after the change.
        narrower: Whether it allowed more before.
    """

    broader: Decision
    narrower: Decision

    @property
    def change(self) -> Change:
        """What the change does. It is unknown if the change may be broader and no request shows it."""
        if self.broader.outcome is Outcome.UNKNOWN:
            return Change.UNKNOWN
        more, less = self.broader.may_be_broader, self.narrower.may_be_broader
        return {
            (False, False): Change.SAME,
            (True, False): Change.BROADER,
            (False, True): Change.NARROWER,
            (True, True): Change.CHANGED,
        }[more, less]


def compare(before: Document | None, after: Document | None) -> Comparison:
    """Compare two policies of one place in both directions; None stands for no policy."""
    return Comparison(decide(before, after), decide(after, before))


def decide(
    before: Document | None, after: Document | None, *, states: int = Budget.states, nodes: int = Budget.nodes
) -> Decision:
    """Decide whether a policy allows more after a change.

    Args:
        before: The policy before the change; None if it did not exist.
        after: The policy after the change; None if it does not exist any more.
        states: The states of automata that the decision may visit.
        nodes: The partial requests that it may try.
    """
    kind = next((document.kind for document in (before, after) if document is not None), Kind.IDENTITY)
    pair = _Pair(before or Document.absent(kind), after or Document.absent(kind), Budget(states, nodes))
    if pair.before == pair.after:
        return Decision(Outcome.NOT_BROADER)
    return pair.decide()


# ---- one pair of policies -------------------------------------------------------------------------------------------


@dataclass
class _Pair:
    """Two different policies of one place, and the work that their comparison may take."""

    before: Document
    after: Document
    budget: Budget

    def decide(self) -> Decision:
        readings = [Model(mixed=mixed_keys(self._conditions))]
        strict = replace(readings[0], in_segments=True)
        if any(rules(entry, self.kind, strict) != rules(entry, self.kind, readings[0]) for entry in self._entries):
            readings.append(strict)
        try:
            return _combined([answer for model in readings for answer in self._answers(model)])
        except BudgetExceededError:
            return Decision(Outcome.UNKNOWN, doubts=(Doubt(Cause.BUDGET, ""),))

    @property
    def kind(self) -> Kind:
        return self.after.kind

    @property
    def _entries(self) -> Iterator[Entry]:
        for document in (self.before, self.after):
            for layer in document.layers:
                yield from layer

    @property
    def _conditions(self) -> Iterator[Condition]:
        for entry in self._entries:
            yield from entry.conditions if isinstance(entry, Statement) else ()

    @property
    def _key_names(self) -> Mapping[str, str]:
        """The spelling of condition keys; of two, the first in the order of the alphabet."""
        return {
            condition.key: condition.name for condition in sorted(self._conditions, key=lambda each: each.name)[::-1]
        }

    def _answers(self, model: Model) -> Iterator[Decision]:
        """The answers to both questions. A request that lost its denial may be newly allowed too."""
        before, after = self._access(self.before, model), self._access(self.after, model)
        lost = self._answer(Question.NOT_DENIED, model, before, after, denied=True)
        yield lost
        yield self._answer(Question.ALLOWED, model, before, after, denied=lost.may_be_broader)

    def _answer(self, question: Question, model: Model, before: Access, after: Access, *, denied: bool) -> Decision:
        solution = self._solution(tasks(question, before, after, denied=denied), (before, after), certain=False)
        if solution is None:
            return Decision(Outcome.NOT_BROADER)
        if solution.doubts:
            example = self._example(question, model, denied=denied)
            if example is None or example.doubts:
                return Decision(Outcome.UNKNOWN, doubts=tuple(sorted((example or solution).doubts)))
            solution = example
        return Decision(Outcome.BROADER, (Witness(question, request_of(solution, self._key_names)),))

    def _example(self, question: Question, model: Model, *, denied: bool) -> Solution | None:
        """A request that answers the question if the value of each resource is a value of its own.

        One without doubts, if possible.
        """
        fresh = replace(model, fresh=True)
        before, after = (
            self._access(document, fresh, without=self._common_unread) for document in (self.before, self.after)
        )
        parts = list(tasks(question, before, after, denied=denied))
        return self._solution(parts, (before, after), certain=True) or self._solution(
            parts, (before, after), certain=False
        )

    def _solution(self, parts: Iterable[Task], policies: tuple[Access, Access], *, certain: bool) -> Solution | None:
        return Search(Solver(certain, self.budget, examples(policies))).first(parts)

    @property
    def _common_unread(self) -> frozenset[Entry]:
        """Attached policies without a text that stay attached: an example is what changes beside them."""
        common = frozenset.intersection(*(frozenset().union(*doc.layers) for doc in (self.before, self.after)))
        return frozenset(entry for entry in common if isinstance(entry, Unread) and entry.cause is Cause.OTHER_POLICY)

    def _access(self, document: Document, model: Model, *, without: frozenset[Entry] = frozenset()) -> Access:
        layers: list[tuple[Rule, ...]] = []
        denials: list[Rule] = []
        for layer in document.layers:
            read = [rule for entry in sorted(layer - without, key=repr) for rule in rules(entry, self.kind, model)]
            layers.append(tuple(rule for rule in read if rule.effect is Effect.ALLOW))
            denials += [rule for rule in read if rule.effect is Effect.DENY]
        return Access(tuple(layers), tuple(denials))


def _combined(answers: Iterable[Decision]) -> Decision:
    """The answers to all questions as one: broader if any is, else unknown if any is."""
    given = list(answers)
    outcomes = {answer.outcome for answer in given}
    outcome = next(
        outcome for outcome in (Outcome.BROADER, Outcome.UNKNOWN, Outcome.NOT_BROADER) if outcome in outcomes
    )
    by_question = {witness.question: witness for answer in reversed(given) for witness in answer.witnesses}
    doubts = tuple(sorted({doubt for answer in given for doubt in answer.doubts}))
    ordered = tuple(by_question[question] for question in Question if question in by_question)
    return Decision(outcome, ordered, doubts)
