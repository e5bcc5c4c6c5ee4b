"""Alarms as rows: what is measured, against what, and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from troposphere import AWSHelperFn, Sub
from troposphere.cloudwatch import Alarm, CompositeAlarm, Metric, MetricDataQuery, MetricDimension, MetricStat

from builders.contract import TierTemplate
from builders.roles import when

MINUTE = 60

Dimensions = Mapping[str, AWSHelperFn | str]


@dataclass(frozen=True)
class AlarmRow:
    """One alarm on one metric.

    Attributes:
        title: logical id without ``Alarm``.
        thing: the name's middle.
        meaning: for the person who is woken: what is wrong and where to look.
        statistic: ``Sum``, ``Average`` …, or a percentile such as ``p99``.
        period: seconds.
        threshold: in the metric's unit; the alarm sounds above it, or at it with ``at_least``.
        periods: how many periods in a row are looked at, ``breaching`` of which must be over.
        notify: False for alarms that only feed a composite one.
    """

    title: str
    thing: str
    meaning: str
    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    threshold: float
    period: int = 5 * MINUTE
    periods: int = 1
    breaching: int | None = None
    at_least: bool = True
    notify: bool = True
    sum_over: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """A dimension and its values over which the metric is summed, for metrics that exist only for each value."""


def add_alarm(template: TierTemplate, row: AlarmRow, actions: Sequence[Any], condition: str | None = None) -> Alarm:
    """The alarm of a row; no data is no alarm, as every metric here is silent when nothing happens."""
    measured = _sum(row) if row.sum_over else _single(row)
    told: dict[str, Any] = {"AlarmActions": list(actions), "OKActions": list(actions)} if row.notify else {}
    return template.add(
        Alarm(
            f"{row.title}Alarm",
            AlarmName=template.named(row.thing),
            AlarmDescription=row.meaning,
            ComparisonOperator="GreaterThanOrEqualToThreshold" if row.at_least else "GreaterThanThreshold",
            Threshold=row.threshold,
            EvaluationPeriods=row.periods,
            DatapointsToAlarm=row.breaching or row.periods,
            TreatMissingData="notBreaching",
            **measured,
            **told,
            **when(condition),
        )
    )


def add_both(
    template: TierTemplate, title: str, thing: str, meaning: str, alarms: Sequence[Alarm], actions: Sequence[Any]
) -> CompositeAlarm:
    """Sounds while all the given alarms do."""
    return template.add(
        CompositeAlarm(
            f"{title}Alarm",
            DependsOn=[alarm.title for alarm in alarms],
            AlarmName=template.named(thing),
            AlarmDescription=meaning,
            AlarmRule=_rule(alarms),
            AlarmActions=list(actions),
            OKActions=list(actions),
        )
    )


def _rule(alarms: Sequence[Alarm]) -> AWSHelperFn:
    return Sub(" AND ".join(f'ALARM("{alarm.properties["AlarmName"].data["Fn::Sub"]}")' for alarm in alarms))


def _single(row: AlarmRow) -> dict[str, Any]:
    statistic = "ExtendedStatistic" if row.statistic.startswith("p") else "Statistic"
    return {
        "Namespace": row.namespace,
        "MetricName": row.metric,
        "Dimensions": dimensions(row.dimensions),
        statistic: row.statistic,
        "Period": row.period,
    }


def _sum(row: AlarmRow) -> dict[str, Any]:
    ((name, values),) = row.sum_over.items()
    parts = [
        MetricDataQuery(
            Id=f"m{number}",
            ReturnData=False,
            MetricStat=MetricStat(
                Metric=Metric(
                    Namespace=row.namespace,
                    MetricName=row.metric,
                    Dimensions=dimensions({**row.dimensions, name: value}),
                ),
                Period=row.period,
                Stat=row.statistic,
            ),
        )
        for number, value in enumerate(values, start=1)
    ]
    total = MetricDataQuery(Id="total", Expression="SUM(METRICS())", Label=row.metric, ReturnData=True)
    return {"Metrics": [total, *parts]}


def dimensions(values: Dimensions) -> list[MetricDimension]:
    """A metric's dimensions, by name."""
    return [MetricDimension(Name=name, Value=value) for name, value in sorted(values.items())]
