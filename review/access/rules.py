"""Statements as rules: an effect, and the predicates that a request has to satisfy.

Sources, below https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_elements_action.html (prefix and name
ignore case), reference_policies_variables.html (a variable without a value can make the whole statement invalid).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from review.access.causes import Cause, Doubt
from review.access.conditions import condition_predicate, doubtful
from review.access.model import Model
from review.access.predicates import ACTION, RESOURCE, Predicate
from review.access.principals import principal_predicate
from review.access.statements import Effect, Entry, Kind, Statement, Unread
from review.access.texts import Reading, variable_names


@dataclass(frozen=True)
class Rule:
    """What a statement does: its effect on every request that satisfies all predicates."""

    effect: Effect
    predicates: tuple[Predicate, ...]


@functools.lru_cache(maxsize=4096)
def rules(entry: Entry, kind: Kind, model: Model) -> tuple[Rule, ...]:
    """The rule of a statement; of one without a known effect, a rule for each effect."""
    if isinstance(entry, Unread):
        effects = tuple(Effect) if entry.effect is None else (entry.effect,)
        return tuple(Rule(effect, (doubtful(Doubt(entry.cause, f"{effect} {entry.text}")),)) for effect in effects)
    return (Rule(entry.effect, tuple(dict.fromkeys(_predicates(entry, kind, model)))),)


def _predicates(statement: Statement, kind: Kind, model: Model) -> Iterator[Predicate]:
    if statement.principal is not None:
        delegates = statement.effect is Effect.ALLOW and kind in (Kind.RESOURCE, Kind.TRUST)
        yield principal_predicate(statement.principal, model, delegates=delegates)
    actions = tuple(model.pattern(value, Reading.LIKE_IGNORING_CASE) for value in statement.action.values)
    yield Predicate(ACTION, actions, negated=statement.action.negated)
    if statement.resource is not None:
        patterns = tuple(
            model.pattern(value, model.resources, variables=statement.variables) for value in statement.resource.values
        )
        yield Predicate(RESOURCE, patterns, negated=statement.resource.negated)
    for condition in statement.conditions:
        yield condition_predicate(condition, model, variables=statement.variables)
    if variables := sorted({name for text in _texts(statement) for name in variable_names(text)}):
        yield doubtful(Doubt(Cause.VARIABLE, f"values of {', '.join(variables)}"))


def _texts(statement: Statement) -> Iterator[str]:
    """The texts that may have policy variables."""
    if statement.variables:
        yield from statement.resource.values if statement.resource else ()
        for condition in statement.conditions:
            yield from condition.values
