"""Grades of alarms and rules, where more than one property decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review.strength.measures import at
from review.strength.order import Opaque, Protected, Rank
from review.strength.values import UNKNOWN, Unknown, canonical, is_empty, items, number, text


def alarm_patience(value: Any) -> Rank:
    """How soon an alarm fires: with how many bad data points (fewer is sooner), of how many (more is sooner).

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """
    periods = number(at(value, "EvaluationPeriods") or 1)
    points = at(value, "DatapointsToAlarm")
    needed = periods if points is None else number(points)
    return UNKNOWN if isinstance(periods, Unknown) or isinstance(needed, Unknown) else (-needed, periods)


def alarm_threshold(value: Any) -> Rank:
    """How much an alarm needs: a higher threshold is weaker if greater values are bad, and stronger if lower ones are.

    The ranks of two operators cannot be compared, so each is a pair with the operator.
    """
    operator, threshold = text(at(value, "ComparisonOperator") or ""), number(at(value, "Threshold"))
    if isinstance(operator, Unknown) or isinstance(threshold, Unknown):
        return UNKNOWN
    if operator.startswith("GreaterThan") and "LessThan" not in operator:
        return Threshold("greater", -threshold, operator == "GreaterThanOrEqualToThreshold")
    if operator.startswith("LessThan") and "GreaterThan" not in operator:
        return Threshold("less", threshold, operator == "LessThanOrEqualToThreshold")
    return UNKNOWN


@dataclass(frozen=True)
class Threshold:
    """The rank of a threshold.

    Attributes:
        kind: Whether greater or lower values are bad. Between the two, a change is weaker and stronger at once.
        amount: The threshold; negated if greater values are bad.
        includes: Whether the threshold itself is bad.
    """

    kind: str
    amount: float
    includes: bool

    def __le__(self, other: Threshold) -> bool:
        """Whether the other alarm fires whenever this one does."""
        return self.kind == other.kind and (self.amount, self.includes) <= (other.amount, other.includes)


def config_scope(value: Any) -> Rank:
    """The resource types that a Config rule looks at."""
    types = items(at(value, "ComplianceResourceTypes"))
    if isinstance(types, Unknown):
        return UNKNOWN
    narrowed = any(at(value, name) for name in ("TagKey", "TagValue", "ComplianceResourceId"))
    return UNKNOWN if narrowed else Protected.of(types) if types else Protected(frozenset(), everything=True)


def filter_pattern(value: Any) -> Rank:
    """A filter pattern: the empty one matches everything, and two others cannot be ordered."""
    return 1 if is_empty(value) else UNKNOWN


def rule_parameters(ordered: set[str]) -> Any:
    """A grade of a Config rule's parameters by those that have no order.

    Args:
        ordered: The names of the parameters that have rows of their own.
    """

    def others(value: Any) -> Rank:
        if isinstance(value, Mapping):
            value = {name: item for name, item in value.items() if name not in ordered}
        return Opaque("" if is_empty(value) else canonical(value))

    return others
