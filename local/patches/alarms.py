"""Gaps of CloudWatch: alarms and statistics take the values of all dimensions together, and missing data never counts.

Here an alarm looks at the metric with exactly its dimensions (cloudwatch_concepts.html), period by period, and
TreatMissingData decides where there is no value (AlarmThatSendsEmail.html). An alarm is evaluated when it is created and
when a value arrives; no clock evaluates it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap
from local.ministack.properties import Props, truth
from local.patches import metric_math

_cloudwatch = emulator_module("services.cloudwatch")

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class _Dimensions(dict[str, str]):
    """Dimensions that count even if there are none."""

    def __bool__(self) -> bool:
        return True


def install() -> None:
    """Replace the evaluation, and make a request without dimensions mean the metric without dimensions."""
    require(_cloudwatch, "_metrics", "_dims_key", "_calc_stats", "_stat_value", "_record_history")
    require(_cloudwatch, "_dispatch_alarm_actions", "_evaluate_parent_alarms")
    wrap(_cloudwatch, "_dims_from_list", lambda original: lambda given: _Dimensions(original(given)))
    wrap(_cloudwatch, "_evaluate_alarm", _period_by_period)


def _period_by_period(original: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def evaluate(alarm: dict[str, Any]) -> None:
        if alarm.get("ComparisonOperator") not in _COMPARISONS:
            original(alarm)  # anomaly detection
            return
        state = _state_of(alarm)
        if state is not None and state != alarm["StateValue"]:
            _enter(alarm, state)

    return evaluate


def _state_of(alarm: dict[str, Any]) -> str | None:
    """The state that the last periods ask for; None if it stays as it is."""
    periods = int(alarm.get("EvaluationPeriods") or 1)
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    breaching = [_is_breaching(alarm, value) for value in _values(alarm, periods)]
    if all(entry is None for entry in breaching):
        return {"breaching": "ALARM", "notBreaching": "OK"}.get(alarm.get("TreatMissingData") or "missing")
    if alarm.get("TreatMissingData") == "breaching":
        breaching = [True if entry is None else entry for entry in breaching]
    return "ALARM" if sum(entry is True for entry in breaching) >= min(needed, _known(alarm, breaching)) else "OK"


def _known(alarm: dict[str, Any], breaching: list[bool | None]) -> int:
    """How many periods count: where missing data is not good data, a young metric is judged by what exists."""
    if alarm.get("TreatMissingData") == "notBreaching":
        return len(breaching)
    return sum(entry is not None for entry in breaching)


def _is_breaching(alarm: dict[str, Any], value: float | None) -> bool | None:
    threshold = float(alarm.get("Threshold") or 0)
    return None if value is None else _COMPARISONS[alarm["ComparisonOperator"]](value, threshold)


def _values(alarm: dict[str, Any], periods: int) -> list[float | None]:
    """The value of each of the last periods, the latest first; None where there is none."""
    math = metric_math.metrics_of(alarm["AlarmName"])
    if math:
        return [_result(math, number) for number in range(periods)]
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    return [_value(alarm, alarm.get("Period"), statistic, number) for number in range(periods)]


def _result(math: list[Props], number: int) -> float | None:
    """The value of the expression that the alarm watches."""
    stats = {entry["Id"]: entry["MetricStat"] for entry in math if entry.get("MetricStat")}
    values = {key: _value(stat["Metric"], stat["Period"], stat["Stat"], number) for key, stat in stats.items()}
    watched = next(entry for entry in math if entry.get("Expression") and truth(entry.get("ReturnData", True)))
    return metric_math.evaluated(str(watched["Expression"]), values)


def _value(metric: dict[str, Any], period: Any, statistic: str, number: int) -> float | None:
    given = {entry["Name"]: entry["Value"] for entry in metric.get("Dimensions") or []}
    key = (metric.get("Namespace"), metric.get("MetricName"), _cloudwatch._dims_key(given))
    length, now = int(period or 60), time.time()
    points = [
        point
        for point in list(_cloudwatch._metrics.get(key) or [])
        if now - (number + 1) * length <= point["Timestamp"] < now - number * length + 1
    ]
    value: float | None = (
        _cloudwatch._stat_value(_cloudwatch._calc_stats(points), statistic, points) if points else None
    )
    return value


def _enter(alarm: dict[str, Any], state: str) -> None:
    before = alarm["StateValue"]
    reason = f"Threshold Crossed: {alarm['ComparisonOperator']} {alarm.get('Threshold')}"
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    _cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    _cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    _cloudwatch._evaluate_parent_alarms(alarm)
