"""Gap: the emulator rejects alarms on metric math, in CloudFormation and in the service.

Here the alarm exists, with its actions and for composite alarms, but is not evaluated; its metrics are recorded.
"""

from __future__ import annotations

from local.ministack.internals import handlers, replace_handler
from local.ministack.properties import Attributes, Props
from local.ministack.records import records

_STAND_IN = {"MetricName": "MetricMath", "Namespace": "Local/NotEvaluated"}
"""Replaces the metrics of such an alarm: a metric that never has data, so that the alarm never changes its state."""


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
        records.put("AWS::CloudWatch::Alarm (metric math)", name, props)
    else:
        records.remove(name)
