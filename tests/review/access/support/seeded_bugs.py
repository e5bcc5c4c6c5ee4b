"""Faults that a person might make in the engine, as patches. The tests have to notice each of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from review.access import (
    conditions,
    decision,
    engine,
    globs,
    model,
    principals,
    rules,
    solver,
    statements,
    texts,
)
from review.access.globs import Wild
from review.access.predicates import Pattern, Predicate, Quantifier
from review.access.texts import Reading

Bug = Callable[[pytest.MonkeyPatch], None]


def _operators(patch: pytest.MonkeyPatch, **changes: Any) -> None:
    patch.setattr(conditions, "OPERATORS", {**conditions.OPERATORS, **changes})


def _condition(patch: pytest.MonkeyPatch, change: Callable[[Predicate, str], Predicate]) -> None:
    """Change what a condition becomes, by its operator."""
    original = conditions.condition_predicate

    def changed(condition: Any, *arguments: Any, **more: Any) -> Predicate:
        return change(original(condition, *arguments, **more), condition.operator)

    patch.setattr(rules, "condition_predicate", changed)


def _wildcards(patch: pytest.MonkeyPatch, changes: Mapping[Wild, Wild]) -> None:
    """Replace the wildcards of texts and resources."""
    original = texts._with_wildcards

    def changed(text: Any) -> list[Any]:
        return [changes.get(element, element) if isinstance(element, Wild) else element for element in original(text)]

    readers = {reading: changed if read is original else read for reading, read in texts._READERS.items()}
    patch.setattr(texts, "_READERS", readers)


def star_stops_at_colon(patch: pytest.MonkeyPatch) -> None:
    _wildcards(patch, {Wild.MANY: Wild.MANY_IN_SEGMENT})


def question_mark_is_optional(patch: pytest.MonkeyPatch) -> None:
    _wildcards(patch, {Wild.ONE: Wild.MANY})


def actions_keep_case(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(texts, "_FOLDING", (Reading.IGNORING_CASE,))


def texts_ignore_case(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(texts, "_FOLDING", (*texts._FOLDING, Reading.EXACT))


def keys_keep_case(patch: pytest.MonkeyPatch) -> None:
    original = statements.Condition

    def spelled(operator: str, key: str, values: tuple[str, ...], name: str) -> Any:
        return original(operator, name, values, name)

    patch.setattr(statements, "Condition", spelled)


def absent_key_satisfies_positive_operator(patch: pytest.MonkeyPatch) -> None:
    _condition(patch, lambda found, operator: found if operator == "Null" else replace(found, if_absent=True))


def absent_key_violates_negated_operator(patch: pytest.MonkeyPatch) -> None:
    _condition(
        patch, lambda found, operator: replace(found, if_absent=False) if re.search("Not|^NotIp", operator) else found
    )


def if_exists_is_ignored(patch: pytest.MonkeyPatch) -> None:
    _condition(
        patch, lambda found, operator: replace(found, if_absent=False) if operator.endswith("IfExists") else found
    )


def null_is_turned_round(patch: pytest.MonkeyPatch) -> None:
    _condition(
        patch,
        lambda found, operator: (
            replace(found, negated=not found.negated, if_absent=not found.if_absent) if operator == "Null" else found
        ),
    )


def less_or_equal_is_less(patch: pytest.MonkeyPatch) -> None:
    _operators(
        patch, NumericLessThanEquals=conditions.OPERATORS["NumericLessThan"],
        DateLessThanEquals=conditions.OPERATORS["DateLessThan"],
    )  # fmt: skip


def nothing_between_numbers(patch: pytest.MonkeyPatch) -> None:
    from review.access import values

    patch.setattr(values, "_around", lambda amounts: iter(amounts))


def networks_have_no_outside(patch: pytest.MonkeyPatch) -> None:
    from review.access import values

    patch.setattr(values, "_edges", lambda matcher: (matcher.block[0], matcher.block[-1]))


def exact_operators_take_wildcards(patch: pytest.MonkeyPatch) -> None:
    _operators(patch, StringEquals=conditions.OPERATORS["StringLike"])


def arns_are_texts(patch: pytest.MonkeyPatch) -> None:
    _operators(
        patch, **{name: conditions.OPERATORS[name.replace("Arn", "String")] for name in ("ArnLike", "ArnNotLike")}
    )


def values_are_all_required(patch: pytest.MonkeyPatch) -> None:
    """The first of several values is the only one."""
    _condition(patch, lambda found, operator: replace(found, patterns=found.patterns[:1]))


def all_values_is_any_value(patch: pytest.MonkeyPatch) -> None:
    _condition(
        patch,
        lambda found, operator: replace(found, quantifier=Quantifier.ANY) if operator.startswith("ForAll") else found,
    )


def one_value_can_be_several(patch: pytest.MonkeyPatch) -> None:
    """Keys with one value are treated as sets."""
    _condition(
        patch,
        lambda found, operator: (
            replace(found, quantifier=Quantifier.ANY)
            if found.quantifier is Quantifier.ONE and not found.if_absent and operator != "Null"
            else found
        ),
    )


def several_values_are_one(patch: pytest.MonkeyPatch) -> None:
    """Only the first member of a set is found."""
    original = solver.Solver._find_several

    def first(self: Any, required: Any, forbidden: Any, dimension: str) -> Any:
        found = original(self, required, forbidden, dimension)
        claims = [(each, True) for each in required] + [(each, False) for each in forbidden]
        return found if not found else None if (only := self._member(claims, dimension)) is None else (only,)

    patch.setattr(solver.Solver, "_find_several", first)


def not_action_is_action(patch: pytest.MonkeyPatch) -> None:
    original = statements._choice

    def positive(raw: Mapping[str, Any], element: str) -> Any:
        choice = original(raw, element)
        return choice and replace(choice, negated=False)

    patch.setattr(statements, "_choice", positive)


def not_principal_is_principal(patch: pytest.MonkeyPatch) -> None:
    original = statements._principal

    def positive(raw: Mapping[str, Any], kind: Any) -> Any:
        choice = original(raw, kind)
        return choice and replace(choice, negated=False)

    patch.setattr(statements, "_principal", positive)


def accounts_grant_directly(patch: pytest.MonkeyPatch) -> None:
    original = principals.principal_predicate
    patch.setattr(
        rules, "principal_predicate", lambda choice, known, delegates: original(choice, known, delegates=False)
    )


def boundaries_are_ignored(patch: pytest.MonkeyPatch) -> None:
    original = engine.tasks

    def first_layer(question: Any, before: Any, after: Any, **more: Any) -> Any:
        return original(
            question, replace(before, layers=before.layers[:1]), replace(after, layers=after.layers[:1]), **more
        )

    patch.setattr(decision, "tasks", first_layer)


def only_the_first_layer_of_before(patch: pytest.MonkeyPatch) -> None:
    original = engine.tasks

    def one_layer(question: Any, before: Any, after: Any, **more: Any) -> Any:
        return original(question, replace(before, layers=before.layers[:1]), after, **more)

    patch.setattr(decision, "tasks", one_layer)


def denials_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    """Only the question of CheckNoNewAccess is asked."""
    original = engine.tasks
    patch.setattr(decision, "tasks", lambda question, *sides, **more: original(engine.Question.ALLOWED, *sides, **more))


def new_denials_do_not_count(patch: pytest.MonkeyPatch) -> None:
    original = engine.tasks

    def without(question: Any, before: Any, after: Any, **more: Any) -> Iterator[Any]:
        for task in original(question, before, after, **more):
            yield replace(task, rules=tuple(rule for rule in task.rules if rule not in after.denials))

    patch.setattr(decision, "tasks", without)


def only_the_first_branch(patch: pytest.MonkeyPatch) -> None:
    original = engine.Search._branches
    patch.setattr(engine.Search, "_branches", lambda self, state, conflicts: original(self, state, conflicts)[-1:])


def no_letter_outside_the_patterns(patch: pytest.MonkeyPatch) -> None:
    def used(given: Any) -> str:
        literals = sorted(e for each in given for e in each.elements if isinstance(e, str) and len(e) == 1)
        return literals[0] if literals else "x"

    patch.setattr(solver, "unused_letter", used)


def resources_have_one_reading(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(model.Model, "resources", property(lambda self: Reading.RESOURCE))


def resources_are_values_of_their_own(patch: pytest.MonkeyPatch) -> None:
    """Distinct tokens are distinct texts, also to show that nothing is broader."""
    original = model.Model.unknown_cause
    patch.setattr(model.Model, "unknown_cause", lambda self, text: original(replace(self, fresh=True), text))


def doubts_imply_each_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pattern, "implies", lambda self, other: True)


def unread_statements_are_skipped(patch: pytest.MonkeyPatch) -> None:
    original = rules.rules
    patch.setattr(
        decision, "rules", lambda entry, *more: () if isinstance(entry, statements.Unread) else original(entry, *more)
    )


def mixed_keys_are_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decision, "mixed_keys", lambda given: frozenset())


BUGS: tuple[Bug, ...] = (
    star_stops_at_colon,
    question_mark_is_optional,
    actions_keep_case,
    texts_ignore_case,
    keys_keep_case,
    absent_key_satisfies_positive_operator,
    absent_key_violates_negated_operator,
    if_exists_is_ignored,
    null_is_turned_round,
    less_or_equal_is_less,
    nothing_between_numbers,
    networks_have_no_outside,
    exact_operators_take_wildcards,
    arns_are_texts,
    values_are_all_required,
    all_values_is_any_value,
    one_value_can_be_several,
    several_values_are_one,
    not_action_is_action,
    not_principal_is_principal,
    accounts_grant_directly,
    boundaries_are_ignored,
    only_the_first_layer_of_before,
    denials_are_not_asked,
    new_denials_do_not_count,
    only_the_first_branch,
    no_letter_outside_the_patterns,
    resources_have_one_reading,
    resources_are_values_of_their_own,
    doubts_imply_each_other,
    unread_statements_are_skipped,
    mixed_keys_are_compared,
)
CACHES: tuple[Any, ...] = (rules.rules, globs.is_within)


def clear_caches() -> None:
    """Forget what was computed with or without a patch."""
    for cached in CACHES:
        assert isinstance(cached, functools._lru_cache_wrapper)
        cached.cache_clear()
