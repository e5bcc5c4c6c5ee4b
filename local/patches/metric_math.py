"""Gap: the emulator rejects alarms on metric math, in CloudFormation and in the service.

Here the alarm exists, with its actions and for composite alarms, and its metrics are recorded. ``alarms`` evaluates it if the
expression is arithmetic, or a SUM of metrics. An alarm on another expression never changes its state.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from local.ministack.internals import handlers, replace_handler
from local.ministack.properties import Attributes, Props
from local.ministack.records import records

_STAND_IN = {"MetricName": "MetricMath", "Namespace": "Local/NotEvaluated"}
"""Replaces the metrics of such an alarm: a metric that never has data."""

_RECORD = "AWS::CloudWatch::Alarm (metric math)"

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def install() -> None:
    """Replace the handler of alarms."""
    original = handlers()["AWS::CloudWatch::Alarm"]

    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Attributes]:
        name, attributes = original["create"](logical_id, _without_math(props), stack_name)
        _record(name, props)
        return name, attributes

    def update(
        physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Attributes]:
        name, attributes = original["update"](
            physical_id, _without_math(old), _without_math(new), stack_name, logical_id
        )
        _record(name, new)
        return name, attributes

    def delete(physical_id: str, props: Props) -> None:
        original["delete"](physical_id, props)
        records.remove(physical_id)

    replace_handler("AWS::CloudWatch::Alarm", {"create": create, "update": update, "delete": delete})


def _without_math(props: Props) -> Props:
    if not props.get("Metrics"):
        return props
    return {**{name: value for name, value in props.items() if name != "Metrics"}, **_STAND_IN}


def _record(name: str, props: Props) -> None:
    if props.get("Metrics"):
        records.put(_RECORD, name, props)
    else:
        records.remove(name)


def metrics_of(alarm: str) -> list[Props]:
    """Return the metrics of an alarm on metric math; none for another alarm."""
    record = records.get(alarm)
    return list(record["Properties"]["Metrics"]) if record is not None and record["Type"] == _RECORD else []


def evaluated(expression: str, values: Mapping[str, float | None]) -> float | None:
    """Return the value of an expression (using-metric-math.html); None if a value is missing or it is another expression.

    Args:
        expression: what the alarm declares.
        values: the values of the metrics by their ids, None where there is no data.
    """
    try:
        return _evaluate(ast.parse(expression, mode="eval").body, values)
    except (SyntaxError, TypeError, ZeroDivisionError, KeyError):
        return None


def _evaluate(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=sign, right=right):
            first, second = _evaluate(left, values), _evaluate(right, values)
            return None if first is None or second is None else _OPERATORS[type(sign)](first, second)
        case ast.Call(func=ast.Name(id="SUM"), args=[inner]):
            known = [value for value in _members(inner, values) if value is not None]
            return sum(known) if known else None
    raise TypeError(f"not supported here: {ast.unparse(node)}")


def _members(node: ast.expr, values: Mapping[str, float | None]) -> list[float | None]:
    match node:
        case ast.Call(func=ast.Name(id="METRICS"), args=[]):
            return list(values.values())
        case ast.List(elts=elements):
            return [_evaluate(element, values) for element in elements]
    raise TypeError(f"not supported here: {ast.unparse(node)}")
