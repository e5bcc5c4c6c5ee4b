"""Finds the value of one dimension that makes some predicates true and others false, or shows that no value does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from review.access.globs import Glob, Wild, next_letters, unused_letter
from review.access.predicates import (
    ACTION,
    BACKED,
    BARE,
    KEY,
    PRINCIPAL,
    RESOURCE,
    Member,
    Pattern,
    Predicate,
    Quantifier,
    Value,
)
from review.access.values import candidates


class BudgetExceededError(Exception):
    """The search needs more work than its limits permit."""


@dataclass
class Budget:
    """The work that one decision may take, counted, so that the same question always has the same answer.

    The defaults are a hundred times what edits of this project's policies take.

    Attributes:
        states: The states of automata that it may visit.
        nodes: The partial requests that it may try.
    """

    states: int = 20_000
    nodes: int = 5_000

    def take_state(self) -> None:
        """Raises BudgetExceededError."""
        self.states -= 1
        if self.states < 0:
            raise BudgetExceededError

    def take_node(self) -> None:
        """Raises BudgetExceededError."""
        self.nodes -= 1
        if self.nodes < 0:
            raise BudgetExceededError


# ---- the value of one dimension -------------------------------------------------------------------------------------

_Group = tuple[Pattern, ...]
_States = tuple[tuple[int, int], ...]
"""The globs that can still match, by number, with their states."""


def _glob(*parts: str | Wild) -> Pattern:
    return Pattern(Glob(tuple(element for part in parts for element in ([part] if isinstance(part, Wild) else part))))


# The signs before "AWS:" are those of review.access.principals.
DOMAINS: dict[str, _Group] = {
    PRINCIPAL: tuple(
        _glob(kind, Wild.LETTER, Wild.MANY)
        for kind in (f"{BARE}AWS:", f"{BACKED}AWS:", "Service:", "Federated:", "CanonicalUser:")
    ),
    ACTION: (_glob(Wild.LETTER, Wild.MANY, ":", Wild.LETTER, Wild.MANY),),
    RESOURCE: (_glob(Wild.LETTER, Wild.MANY),),
}
"""The texts that a dimension can have; a dimension that is not listed can have any text."""


@dataclass
class Solver:
    """Finds values.

    Attributes:
        certain: Whether a value must be right whichever doubts are true. Otherwise the solver chooses their truth.
        budget: What it may spend.
        examples: Texts to try first, by dimension.
    """

    certain: bool
    budget: Budget
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, required: Sequence[Predicate], forbidden: Sequence[Predicate], dimension: str) -> Value | None:
        """A value for which all required predicates are true and all forbidden ones false; None if no such value exists.

        Raises:
            BudgetExceededError: The search was not finished.
        """
        predicates = [*required, *forbidden]
        if any(predicate.quantifier is not Quantifier.ONE for predicate in predicates):
            return self._find_several(required, forbidden, dimension)
        can_be_absent = dimension.startswith(KEY)
        if can_be_absent and not predicates:
            return ()
        wanted = [(predicate, True) for predicate in required] + [(predicate, False) for predicate in forbidden]
        member = self._member(wanted, dimension)
        if member is not None:
            return (member,)
        absent = can_be_absent and all(predicate.if_absent is truth for predicate, truth in wanted)
        return () if absent else None

    def _find_several(
        self, required: Sequence[Predicate], forbidden: Sequence[Predicate], dimension: str
    ) -> Value | None:
        """Each member has to satisfy what is said of all; for each claim that some member exists there is one."""
        of_all = [(predicate, True) for predicate in required if predicate.quantifier is Quantifier.ALL]
        of_all += [(predicate, False) for predicate in forbidden if predicate.quantifier is Quantifier.ANY]
        of_some = [(predicate, True) for predicate in required if predicate.quantifier is Quantifier.ANY]
        of_some += [(predicate, False) for predicate in forbidden if predicate.quantifier is Quantifier.ALL]
        members = [self._member([*of_all, claim], dimension) for claim in of_some]
        return None if None in members else tuple(member for member in members if member is not None)

    def _member(self, wanted: Iterable[tuple[Predicate, bool]], dimension: str) -> Member | None:
        accept: list[_Group] = []
        reject: list[_Group] = []
        for predicate, truth in wanted:
            (accept if truth is not predicate.negated else reject).append(predicate.patterns)
        if any(set(group) <= {pattern for other in reject for pattern in other} for group in accept):
            return None  # every pattern that is left to match is forbidden
        own = list(_examples(accept))
        accept += [DOMAINS[dimension]] if dimension in DOMAINS else []
        return _MemberSearch(accept, reject, self).find((*own, *self.examples.get(dimension, ())))


class _MemberSearch:
    """The search for one member that matches a pattern of each group to accept and none of those to reject."""

    def __init__(self, accept: Iterable[_Group], reject: Iterable[_Group], solver: Solver) -> None:
        groups, rejected = [*accept], [pattern for group in reject for pattern in group]
        self.patterns = list(dict.fromkeys([*(pattern for group in groups for pattern in group), *rejected]))
        number = {pattern: position for position, pattern in enumerate(self.patterns)}
        self.accept = [frozenset(number[pattern] for pattern in group) for group in groups]
        self.reject = frozenset(number[pattern] for pattern in rejected)
        self.certain, self.budget = solver.certain, solver.budget

    def find(self, examples: Iterable[str]) -> Member | None:
        others = [pattern.matcher for pattern in self.patterns if not isinstance(pattern.matcher, Glob)]
        if others:
            return self._first(candidates(others))
        return self._first(examples) or self._by_automaton()

    def _first(self, texts: Iterable[str]) -> Member | None:
        for text in texts:
            hits = [number for number, pattern in enumerate(self.patterns) if pattern.matcher.matches(text)]
            granted = self._granted(hits)
            if granted is not None:
                return Member(text, granted)
        return None

    def _granted(self, hits: Sequence[int]) -> frozenset[Pattern] | None:
        """The patterns whose doubts have to be true for a text, by all that match it; None if the text does not do."""
        refused = [self.patterns[hit] for hit in hits if hit in self.reject]
        if any(self.certain or pattern.doubt is None for pattern in refused):
            return None
        granted: set[Pattern] = set()
        for group in self.accept:
            chosen = [self.patterns[hit] for hit in hits if hit in group]
            if any(pattern.doubt is None for pattern in chosen):
                continue
            free = [pattern for pattern in chosen if not any(map(pattern.implies, refused))]
            if not free or self.certain:
                return None
            granted |= set(free[:1])
        return frozenset(granted)

    def _by_automaton(self) -> Member | None:
        """The shortest text, breadth first over the product of all globs. A state lists the globs that can still match."""
        globs = [pattern.matcher for pattern in self.patterns if isinstance(pattern.matcher, Glob)]
        other = unused_letter(globs)
        start = tuple((number, each.start) for number, each in enumerate(globs))
        reached: dict[_States, tuple[_States, str] | None] = {start: None}
        queue = deque([start])
        while queue:
            states = queue.popleft()
            granted = self._granted([number for number, state in states if globs[number].accepts(state)])
            if granted is not None:
                return Member(_spelled(reached, states), granted)
            alive, positions = [globs[number] for number, _ in states], [state for _, state in states]
            for letter in (other, *sorted(next_letters(alive, positions) - {other})):
                stepped = ((number, globs[number].step(state, letter)) for number, state in states)
                after = tuple((number, state) for number, state in stepped if state)
                if after not in reached and self._is_alive(after, globs):
                    self.budget.take_state()
                    reached[after] = (states, letter)
                    queue.append(after)
        return None

    def _is_alive(self, states: _States, globs: Sequence[Glob]) -> bool:
        """Whether letters can follow after which the text does."""
        numbers = {number for number, _ in states if not (self.certain and self.patterns[number].doubt)}
        if any(group.isdisjoint(numbers) for group in self.accept):
            return False
        return not any(
            number in self.reject
            and (self.certain or self.patterns[number].doubt is None)
            and globs[number].accepts_all_that_follows(state)
            for number, state in states
        )


def _examples(accept: Iterable[_Group]) -> Iterator[str]:
    """Texts that match one of the patterns; not of actions with a wildcard, whose example is no action that people know."""
    for group in accept:
        for pattern in group:
            if isinstance(pattern.matcher, Glob) and (pattern.matcher.is_exact or not pattern.matcher.folds):
                yield pattern.matcher.example


def _spelled(reached: Mapping[_States, tuple[_States, str] | None], states: _States) -> str:
    """The letters on the way to a state."""
    spelled: list[str] = []
    step = reached[states]
    while step is not None:
        before, letter = step
        spelled.append(letter)
        step = reached[before]
    return "".join(reversed(spelled))
