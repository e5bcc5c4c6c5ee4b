"""Condition operators as predicates on condition keys.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (operators, and
absent keys: a positive operator is false, a negated one true, one with IfExists true) and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html (set operators).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from review.access.causes import Cause, Doubt
from review.access.globs import ANYTHING
from review.access.model import Model
from review.access.predicates import DOUBT, KEY, Pattern, Predicate, Quantifier
from review.access.statements import Condition
from review.access.symbols import symbols
from review.access.texts import Reading
from review.access.values import Family, Matcher, bound, network, truth

_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")
# Keys with several values, which need a set operator by the page of global condition keys:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_MULTIVALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    }
)


@dataclass(frozen=True)
class _Operator:
    """An operator without set operator and IfExists.

    Attributes:
        reading: How it compares texts; None if it compares other values.
        matcher: What one value of another family matches.
    """

    family: Family
    negated: bool = False
    reading: Reading | None = None
    matcher: Callable[[str], Matcher] = truth


def _ordered(family: Family, relation: str) -> Callable[[str], Matcher]:
    return lambda text: bound(family, relation, text)


def _operators() -> Mapping[str, _Operator]:
    table: dict[str, _Operator] = {"Bool": _Operator(Family.TRUTH)}
    for name, reading in {
        "String{}Equals": Reading.EXACT,
        "String{}EqualsIgnoreCase": Reading.IGNORING_CASE,
        "String{}Like": Reading.LIKE,
        "Arn{}Equals": Reading.ARN,
        "Arn{}Like": Reading.ARN,
    }.items():
        table[name.format("")] = _Operator(Family.TEXT, reading=reading)
        table[name.format("Not")] = _Operator(Family.TEXT, negated=True, reading=reading)
    for family, prefix in ((Family.NUMBER, "Numeric"), (Family.DATE, "Date")):
        for name, relation in {
            "Equals": "=",
            "LessThan": "<",
            "LessThanEquals": "<=",
            "GreaterThan": ">",
            "GreaterThanEquals": ">=",
        }.items():
            table[f"{prefix}{name}"] = _Operator(family, matcher=_ordered(family, relation))
        table[f"{prefix}NotEquals"] = _Operator(family, negated=True, matcher=_ordered(family, "="))
    table["IpAddress"] = _Operator(Family.NETWORK, matcher=network)
    table["NotIpAddress"] = _Operator(Family.NETWORK, negated=True, matcher=network)
    return table


OPERATORS = _operators()
"""The operators that the comparison knows, apart from Null."""


def _parts(operator: str) -> tuple[str, str, bool]:
    """The set operator or "", the operator, and whether IfExists follows."""
    match = _OPERATOR.fullmatch(operator)
    return (match[1] or "", match[2], bool(match[3])) if match else ("", operator, False)


def mixed_keys(conditions: Iterable[Condition]) -> frozenset[str]:
    """The keys whose conditions cannot be compared with each other.

    A key has one value or several, and its values are of one family. Conditions that disagree, in one document or in two,
    say nothing about each other.
    """
    uses: dict[str, set[tuple[bool, Family | None]]] = {}
    for condition in conditions:
        quantifier, name, _ = _parts(condition.operator)
        if name in OPERATORS or name == "Null":
            family = OPERATORS[name].family if name in OPERATORS else None
            uses.setdefault(condition.key, set()).add((bool(quantifier), family))
    return frozenset(key for key, forms in uses.items() if _is_mixed(key, forms))


def _is_mixed(key: str, forms: set[tuple[bool, Family | None]]) -> bool:
    families = {family for _, family in forms if family is not None}
    several = {is_set for is_set, _ in forms}
    plain_on_several = key in _MULTIVALUED and (False, Family.TEXT) in forms
    return len(families) > 1 or len(several) > 1 or plain_on_several


def condition_predicate(condition: Condition, model: Model, *, variables: bool) -> Predicate:
    """What a condition asks of its key."""
    quantifier, name, if_exists = _parts(condition.operator)
    cause = _whole_cause(condition, model)
    if cause is not None:
        return doubtful(Doubt(cause, f"{condition.operator} {condition.key} {', '.join(condition.values)}"))
    if name == "Null":
        return _null(condition)
    operator = OPERATORS[name]
    patterns = tuple(_pattern(operator, condition, value, model, variables) for value in condition.values)
    negated = operator.negated
    return Predicate(
        dimension=KEY + condition.key,
        patterns=patterns,
        negated=negated,
        quantifier=Quantifier(quantifier) if quantifier else Quantifier.ONE,
        if_absent=if_exists or negated if not quantifier else quantifier == Quantifier.ALL.value,
    )


def doubtful(doubt: Doubt) -> Predicate:
    """A predicate of which only the doubt is known."""
    return Predicate(DOUBT + str(doubt), (Pattern(ANYTHING, doubt),))


def _whole_cause(condition: Condition, model: Model) -> Cause | None:
    """Why nothing is known of a condition but its text; None if something is."""
    quantifier, name, if_exists = _parts(condition.operator)
    if name == "Null":
        if if_exists or quantifier:
            return Cause.OPERATOR
        if not set(condition.values) <= {"true", "false"}:
            return Cause.PARAMETER if any(map(symbols, condition.values)) else Cause.VALUE
    elif name not in OPERATORS:
        return Cause.OPERATOR
    if quantifier == Quantifier.ANY.value and if_exists:
        return Cause.SET_OPERATOR
    return Cause.MIXED if condition.key in model.mixed else None


def _null(condition: Condition) -> Predicate:
    """``Null: true`` holds for an absent key, ``Null: false`` for one that is present; with both values it always holds."""
    present, absent = "false" in condition.values, "true" in condition.values
    return Predicate(KEY + condition.key, (), negated=present, if_absent=absent)


def _pattern(operator: _Operator, condition: Condition, value: str, model: Model, variables: bool) -> Pattern:
    if operator.reading is not None:
        return model.pattern(value, operator.reading, variables=variables)
    try:
        return Pattern(operator.matcher(value))
    except ValueError:
        unknown = [symbol.cause for symbol in symbols(value)]
        return Pattern(ANYTHING, Doubt(unknown[0] if unknown else Cause.VALUE, f"{condition.operator} {value}"))
