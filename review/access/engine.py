"""The two questions about a change of a policy, and the search for a request that answers one of them with yes.

A request is allowed if a rule of every layer allows it and no rule denies it. The questions are:

- Is there a request that is allowed after the change and was not allowed before?
- Is there a request that was denied before the change and is not denied after it?

The first question alone is what CheckNoNewAccess of IAM Access Analyzer asks. It misses a Deny that is dropped from a policy
without an Allow, such as a bucket policy that only demands TLS, although requests that identity policies allow then pass. If
both answers are no for every policy at its place, then every combination of policies that AWS evaluates is monotone, so no
request is newly allowed anywhere.

The search is a clause search (DPLL). It keeps, for each dimension, the predicates that the request has to satisfy and to
violate, and one value that does so. A rule that must not match, but matches these values, is a conflict: the search then
violates one of its predicates after another. Every dimension is decided exactly, so the search finds a request if one exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from review.access.causes import Doubt
from review.access.predicates import ACTION, PRINCIPAL, RESOURCE, Member, Predicate, Value
from review.access.rules import Rule
from review.access.solver import Solver

State = Mapping[str, tuple[frozenset[Predicate], frozenset[Predicate]]]
"""Dimension → the predicates that have to be true and those that have to be false."""


class Question(StrEnum):
    """What is asked of a change."""

    ALLOWED = "allowed now, and not before"
    NOT_DENIED = "denied before, and not now"


@dataclass(frozen=True)
class Access:
    """What a policy allows and denies.

    Attributes:
        layers: Rules that allow; a request needs one rule of every layer. A permissions boundary is the second layer.
        denials: Rules that deny.
    """

    layers: tuple[tuple[Rule, ...], ...]
    denials: tuple[Rule, ...]


@dataclass(frozen=True)
class Task:
    """One part of a question: a request that satisfies all predicates and matches none of the rules."""

    predicates: tuple[Predicate, ...]
    rules: tuple[Rule, ...]


def tasks(question: Question, before: Access, after: Access, *, denied: bool = True) -> Iterator[Task]:
    """The parts of a question; a request answers the question if it answers any part.

    Args:
        question: The question.
        before: The access before the change.
        after: The access after it.
        denied: Whether a request that was denied before can be newly allowed. It cannot if no denial was lost.
    """
    if question is Question.NOT_DENIED:
        for denial in before.denials:
            yield Task(denial.predicates, after.denials)
        return
    for chosen in product(*after.layers):
        predicates = tuple(dict.fromkeys(predicate for rule in chosen for predicate in rule.predicates))
        for layer in before.layers:
            yield Task(predicates, (*after.denials, *layer))
        for denial in before.denials if denied else ():
            yield Task(tuple(dict.fromkeys((*predicates, *denial.predicates))), after.denials)


@dataclass(frozen=True)
class Solution:
    """A request that answers a task.

    Attributes:
        values: The value of every dimension that the task names.
        decided: The dimensions whose value matters.
    """

    task: Task
    values: Mapping[str, Value]
    decided: frozenset[str]

    @property
    def request(self) -> Mapping[str, Value]:
        """The values that make up the request: without condition keys and doubts that do not matter."""
        shown = {PRINCIPAL, ACTION, RESOURCE, *self.decided}
        return {dimension: value for dimension, value in self.values.items() if dimension in shown}

    @property
    def doubts(self) -> frozenset[Doubt]:
        """The doubts on which the solution rests; empty if it is right whichever doubts are true."""
        doubts = {doubt for predicate in self.task.predicates for doubt in self._doubts(predicate)}
        for rule in self.task.rules:
            if not any(self._truth(predicate) is False for predicate in rule.predicates):
                doubts |= {doubt for predicate in rule.predicates for doubt in self._doubts(predicate)}
        return frozenset(doubts)

    def holds_with(self, dimension: str, text: str) -> bool:
        """Whether the request still answers the task if one dimension has another text."""
        values = {**self.values, dimension: (Member(text, self.values[dimension][0].granted),)}
        required = all(part.truth(values[part.dimension], certain=False) for part in self.task.predicates)
        return required and not any(
            all(part.truth(values[part.dimension], certain=False) for part in rule.predicates)
            for rule in self.task.rules
        )

    def _truth(self, predicate: Predicate) -> bool | None:
        return predicate.truth(self.values[predicate.dimension], certain=True)

    def _doubts(self, predicate: Predicate) -> set[Doubt]:
        return predicate.doubts(self.values[predicate.dimension]) if self._truth(predicate) is None else set()


@dataclass
class Search:
    """Answers tasks. It remembers the value of every set of predicates.

    Attributes:
        solver: Finds the value of one dimension.
    """

    solver: Solver
    _found: dict[tuple[str, frozenset[Predicate], frozenset[Predicate]], Value | None] = field(default_factory=dict)
    _order: dict[Predicate, int] = field(default_factory=dict)

    def first(self, parts: Iterable[Task]) -> Solution | None:
        """A solution of the first task that has one."""
        for task in parts:
            self.solver.budget.take_node()
            required = set(task.predicates)
            if not any(required.issuperset(rule.predicates) for rule in task.rules):
                solution = self._solve(task)
                if solution is not None:
                    return solution
        return None

    def _solve(self, task: Task) -> Solution | None:
        start = self._with({}, task.predicates, required=True)
        stack = [] if start is None else [start]
        while stack:
            self.solver.budget.take_node()
            state = stack.pop()
            conflicts = [rule for rule in task.rules if self._may_match(rule, state)]
            if not conflicts:
                dimensions = [ACTION, *state, *(part.dimension for rule in task.rules for part in rule.predicates)]
                values = {dimension: self._value(dimension, state) or () for dimension in dimensions}
                return Solution(task, values, frozenset(state))
            stack += self._branches(state, conflicts)
        return None

    def _branches(self, state: State, conflicts: Sequence[Rule]) -> list[State]:
        """The ways out of the conflict that has the fewest, the best last."""
        fewest: list[Predicate] | None = None
        for rule in conflicts:
            ways = [
                predicate for predicate in rule.predicates if self._with(state, [predicate], required=False) is not None
            ]
            if fewest is None or len(ways) < len(fewest):
                fewest = ways
            if len(fewest) < 2:
                break
        branches: list[State] = []
        rest: State | None = state
        for predicate in fewest or ():
            branch = None if rest is None else self._with(rest, [predicate], required=False)
            branches += [] if branch is None else [branch]
            rest = None if rest is None else self._with(rest, [predicate], required=True)
        return branches[::-1]

    def _with(self, state: State, predicates: Sequence[Predicate], *, required: bool) -> State | None:
        """The state with more predicates; None if a dimension then has no value."""
        extended = dict(state)
        for predicate in predicates:
            self._order.setdefault(predicate, len(self._order))
            true, false = extended.get(predicate.dimension, (frozenset(), frozenset()))
            pair = (true | {predicate}, false) if required else (true, false | {predicate})
            extended[predicate.dimension] = pair
        changed = {predicate.dimension for predicate in predicates}
        return None if any(self._value(dimension, extended) is None for dimension in changed) else extended

    def _value(self, dimension: str, state: State) -> Value | None:
        """A value of a dimension; of one without predicates, any value that it can have."""
        true, false = state.get(dimension, (frozenset(), frozenset()))
        key = dimension, true, false
        if key not in self._found:
            self._found[key] = (
                None if true & false else self.solver.find(self._in_order(true), self._in_order(false), dimension)
            )
        return self._found[key]

    def _in_order(self, predicates: Iterable[Predicate]) -> list[Predicate]:
        """The predicates as the search met them, because the order of a set differs from run to run."""
        return sorted(predicates, key=self._order.__getitem__)

    def _may_match(self, rule: Rule, state: State) -> bool:
        for predicate in rule.predicates:
            value = self._value(predicate.dimension, state)
            if value is not None and predicate.truth(value, certain=self.solver.certain) is False:
                return False
        return True
