"""Alarms as rows: what is measured, against what, and what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from troposphere import AWSHelperFn, Sub
from troposphere.cloudwatch import Alarm, CompositeAlarm, Metric, MetricDataQuery, MetricDimension, MetricStat

from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.template import Port, TierTemplate, only_if
from builders.contract.words import pascal

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
        threshold: in the metric's unit; the alarm sounds above it, at it too with ``at_least``, or under it with ``below``.
        periods: how many periods in a row are looked at, ``breaching`` of which must be over.
        missing: what no data means: ``notBreaching`` for metrics that are silent when nothing happens, ``breaching`` for
            those that are always there.
        notify: False for alarms that only feed a composite one.
    """

    title: str
    thing: str
    meaning: str
    namespace: str | AWSHelperFn
    metric: str | AWSHelperFn
    dimensions: Dimensions
    statistic: str
    threshold: float
    period: int = 5 * MINUTE
    periods: int = 1
    breaching: int | None = None
    at_least: bool = True
    below: bool = False
    missing: str = "notBreaching"
    notify: bool = True
    sum_over: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """A dimension and its values over which the metric is summed, for metrics that exist only for each value."""


def function_alarms(name: str, function: AWSHelperFn) -> Iterator[AlarmRow]:
    """Errors, throttles and slowness of a function."""
    timeout = TIMEOUT_SECONDS[name]
    title, thing, of = pascal(name), name.replace("_", "-"), {"FunctionName": function}
    yield AlarmRow(
        f"{title}Errors", f"{thing}-errors", f"The function {thing} fails: look at its log group",
        "AWS/Lambda", "Errors", of, "Sum", threshold=1,
    )  # fmt: skip
    yield AlarmRow(
        f"{title}Throttles", f"{thing}-throttles", f"The function {thing} is throttled: raise its concurrency",
        "AWS/Lambda", "Throttles", of, "Sum", threshold=1, periods=2,
    )  # fmt: skip
    yield AlarmRow(
        f"{title}Duration", f"{thing}-duration", f"The function {thing} comes near its timeout of {timeout} seconds",
        "AWS/Lambda", "Duration", of, "Maximum", threshold=timeout * 1000 * 0.8, periods=2,
    )  # fmt: skip


def dead_letter_alarm(template: TierTemplate, title: str, queue: Port) -> AlarmRow:
    """Something waits in a queue of dead letters."""
    thing = "-".join(word.lower() for word in re.findall("[A-Z][a-z]+", title))
    return AlarmRow(
        title, thing, "Dead letters wait to be looked at and replayed",
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": template.use(queue)}, "Maximum", threshold=1,
    )  # fmt: skip


def add_alarm(template: TierTemplate, row: AlarmRow, actions: Sequence[Any], condition: str | None = None) -> Alarm:
    """The alarm of a row."""
    measured = _sum(row) if row.sum_over else _single(row)
    told: dict[str, Any] = {"AlarmActions": list(actions), "OKActions": list(actions)} if row.notify else {}
    return template.add(
        Alarm(
            f"{row.title}Alarm",
            AlarmName=template.named(row.thing),
            AlarmDescription=row.meaning,
            ComparisonOperator=_comparison(row),
            Threshold=row.threshold,
            EvaluationPeriods=row.periods,
            DatapointsToAlarm=row.breaching or row.periods,
            TreatMissingData=row.missing,
            **measured,
            **told,
            **only_if(condition),
        )
    )


def _comparison(row: AlarmRow) -> str:
    if row.below:
        return "LessThanThreshold"
    return "GreaterThanOrEqualToThreshold" if row.at_least else "GreaterThanThreshold"


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
