"""Alarms as rows: a metric, a threshold, and what the alarm means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from troposphere import AWSHelperFn, Sub
from troposphere.cloudwatch import Alarm, CompositeAlarm, Metric, MetricDataQuery, MetricDimension, MetricStat

from builders.contract import ports
from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.names import hyphenated, pascal
from builders.contract.template import Port, TierTemplate
from builders.parts.pausing import RESUME_PERIODS, when_pausing

MINUTE_SECONDS = 60

Dimensions = Mapping[str, AWSHelperFn | str]


@dataclass(frozen=True)
class MetricRow:
    """A metric that an alarm watches.

    Attributes:
        namespace: the metric's namespace.
        name: the metric's name.
        dimensions: name → value; empty for a metric without dimensions.
        statistic: ``Sum``, ``Average`` …, or a percentile such as ``p99``.
        sum_over: a dimension and its values. The alarm watches the sum of the metrics, which exist only for each value.
    """

    namespace: str | AWSHelperFn
    name: str | AWSHelperFn
    dimensions: Dimensions
    statistic: str
    sum_over: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Threshold:
    """A threshold in the metric's unit: ``at_least(5)``, ``above(1)``, ``below(2)``."""

    comparison: str
    value: float


def at_least(value: float) -> Threshold:
    """The alarm sounds at the value and above it."""
    return Threshold("GreaterThanOrEqualToThreshold", value)


def above(value: float) -> Threshold:
    """The alarm sounds above the value, not at it."""
    return Threshold("GreaterThanThreshold", value)


def below(value: float) -> Threshold:
    """The alarm sounds below the value."""
    return Threshold("LessThanThreshold", value)


@dataclass(frozen=True)
class AlarmRow:
    """One alarm on one metric.

    Attributes:
        title: logical id without ``Alarm``.
        stem: the name without platform and suffix.
        metric: the metric that it watches.
        when: the threshold.
        meaning: the fault and where to look, for the person on call.
        period_seconds: the length of a period.
        periods: how many consecutive periods count.
        breaching: in how many of them the metric must cross the threshold; None for all.
        missing: what missing data means: ``notBreaching`` for metrics without data when nothing happens, ``breaching`` for
            metrics that always have data.
        notify: False for alarms that only feed a composite alarm.
        resume_crosses: whether the resume of a paused database crosses the threshold. Then the alarm waits for more periods
            in a row if the database pauses.
    """

    title: str
    stem: str
    metric: MetricRow
    when: Threshold
    meaning: str
    period_seconds: int = 5 * MINUTE_SECONDS
    periods: int = 1
    breaching: int | None = None
    missing: str = "notBreaching"
    notify: bool = True
    resume_crosses: bool = False


def function_alarms(template: TierTemplate, name: str) -> Iterator[AlarmRow]:
    """Alarms on the errors, throttles and duration of a function, by its folder in lambda_src."""
    title, stem = pascal(name), hyphenated(name)
    timeout = TIMEOUT_SECONDS[name]
    function = {"FunctionName": template.use(ports.function_name(name))}
    yield AlarmRow(
        f"{title}Errors",
        f"{stem}-errors",
        metric=MetricRow("AWS/Lambda", "Errors", function, "Sum"),
        when=at_least(1),
        meaning=f"The function {stem} fails: look at its log group",
    )
    yield AlarmRow(
        f"{title}Throttles",
        f"{stem}-throttles",
        metric=MetricRow("AWS/Lambda", "Throttles", function, "Sum"),
        when=at_least(1),
        periods=2,
        meaning=f"The function {stem} is throttled: raise its concurrency",
    )
    yield AlarmRow(
        f"{title}Duration",
        f"{stem}-duration",
        metric=MetricRow("AWS/Lambda", "Duration", function, "Maximum"),
        when=at_least(timeout * 1000 * 0.8),
        periods=2,
        meaning=f"The function {stem} comes near its timeout of {timeout} seconds",
    )


def dead_letter_alarm(template: TierTemplate, stem: str, queue: Port) -> AlarmRow:
    """Alarm on messages in a dead-letter queue."""
    name = {"QueueName": template.use(queue)}
    return AlarmRow(
        pascal(stem),
        stem,
        metric=MetricRow("AWS/SQS", "ApproximateNumberOfMessagesVisible", name, "Maximum"),
        when=at_least(1),
        meaning="Dead letters wait to be looked at and replayed",
    )


def blocked_requests_alarm(acl: Dimensions, *, when: Threshold, periods: int = 1) -> AlarmRow:
    """The alarm on requests that a web ACL blocks.

    Args:
        acl: the dimensions of the web ACL's metrics; those of CloudFront have no dimension Region.
        when: the number of requests in five minutes.
        periods: how many such periods in a row.

    Source: https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
    """
    return AlarmRow(
        "FirewallBlocks",
        "firewall-blocks",
        metric=MetricRow("AWS/WAFV2", "BlockedRequests", {**acl, "Rule": "ALL"}, "Sum"),
        when=when,
        periods=periods,
        meaning="WAF blocks many requests: an attack, or a rule that hits honest clients",
    )


def database_alarm(
    template: TierTemplate, title: str, stem: str, metric: str, statistic: str, *, when: Threshold, meaning: str
) -> AlarmRow:
    """The alarm on a metric of the Aurora cluster, over a quarter of an hour."""
    cluster = {"DBClusterIdentifier": template.use(ports.DATABASE_CLUSTER)}
    return AlarmRow(
        title, stem, metric=MetricRow("AWS/RDS", metric, cluster, statistic), when=when, periods=3, meaning=meaning
    )


def add_alarm(template: TierTemplate, row: AlarmRow, actions: Sequence[Any]) -> Alarm:
    """Adds the alarm of a row."""
    metric = _sum(row) if row.metric.sum_over else _single(row)
    notification: dict[str, Any] = {"AlarmActions": list(actions), "OKActions": list(actions)} if row.notify else {}
    return template.add(
        Alarm(
            f"{row.title}Alarm",
            AlarmName=template.named(row.stem),
            AlarmDescription=row.meaning,
            ComparisonOperator=row.when.comparison,
            Threshold=row.when.value,
            EvaluationPeriods=_periods(template, row, row.periods),
            DatapointsToAlarm=_periods(template, row, row.breaching or row.periods),
            TreatMissingData=row.missing,
            **metric,
            **notification,
        )
    )


def _periods(template: TierTemplate, row: AlarmRow, number: int) -> AWSHelperFn | int:
    waits = row.resume_crosses and number < RESUME_PERIODS
    return when_pausing(template, RESUME_PERIODS, number) if waits else number


def add_composite_alarm(
    template: TierTemplate, title: str, stem: str, meaning: str, parts: Sequence[AlarmRow], actions: Sequence[Any]
) -> CompositeAlarm:
    """Adds the alarms of the rows, and a composite alarm that sounds while all of them do."""
    alarms = [add_alarm(template, row, actions) for row in parts]
    rule = " AND ".join(f'ALARM("{template.name_text(row.stem)}")' for row in parts)
    return template.add(
        CompositeAlarm(
            f"{title}Alarm",
            DependsOn=[alarm.title for alarm in alarms],
            AlarmName=template.named(stem),
            AlarmDescription=meaning,
            AlarmRule=Sub(rule),
            AlarmActions=list(actions),
            OKActions=list(actions),
        )
    )


def _single(row: AlarmRow) -> dict[str, Any]:
    is_percentile = re.fullmatch(r"p\d+", row.metric.statistic)
    return {
        "Namespace": row.metric.namespace,
        "MetricName": row.metric.name,
        "Dimensions": dimensions(row.metric.dimensions),
        "ExtendedStatistic" if is_percentile else "Statistic": row.metric.statistic,
        "Period": row.period_seconds,
    }


def _sum(row: AlarmRow) -> dict[str, Any]:
    ((name, values),) = row.metric.sum_over.items()
    parts = [
        MetricDataQuery(
            Id=f"m{number}",
            ReturnData=False,
            MetricStat=MetricStat(
                Metric=Metric(
                    Namespace=row.metric.namespace,
                    MetricName=row.metric.name,
                    Dimensions=dimensions({**row.metric.dimensions, name: value}),
                ),
                Period=row.period_seconds,
                Stat=row.metric.statistic,
            ),
        )
        for number, value in enumerate(values, start=1)
    ]
    total = MetricDataQuery(Id="total", Expression="SUM(METRICS())", Label=row.metric.name, ReturnData=True)
    return {"Metrics": [total, *parts]}


def dimensions(values: Dimensions) -> list[MetricDimension]:
    """A metric's dimensions, sorted by name."""
    return [MetricDimension(Name=name, Value=value) for name, value in sorted(values.items())]
