"""The observability tier: alarms and the dashboard, from ingest to query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from troposphere import Ref
from troposphere.cloudwatch import Dashboard

from builders.contract import ports
from builders.contract.names import metrics_namespace, pascal
from builders.contract.template import ENVIRONMENT_SUFFIX, Port, TierTemplate
from builders.parts.alarms import (
    MINUTE_SECONDS,
    AlarmRow,
    Dimensions,
    MetricRow,
    above,
    add_alarm,
    add_composite_alarm,
    at_least,
    blocked_requests_alarm,
    database_alarm,
    dead_letter_alarm,
    function_alarms,
)
from builders.parts.dashboard import Line, Widget, dashboard_body, firewall_widget, function_lines
from builders.trading import facts

ERROR_BUDGET = 0.001
"""Share of requests that may fail at an objective of 99.9 %."""

PRUNED_AT_MOST = 600_000
"""Rows that processing deletes for one object at most (lambda_src/process/retention.py). If it always reaches this number, rows
accumulate."""


@dataclass(frozen=True)
class TableAlarms:
    """A DynamoDB table with alarms.

    Attributes:
        title: the beginning of the alarms' logical ids.
        stem: the beginning of the alarms' names.
        port: the port of the table's name.
    """

    title: str
    stem: str
    port: Port


TABLES = (
    TableAlarms("UserSessions", "user-sessions", ports.USER_SESSIONS_TABLE),
    TableAlarms("ApiKeys", "api-keys", ports.API_KEYS_TABLE),
)


@dataclass(frozen=True)
class BurnRate:
    """A pair of windows. At ``factor`` times the rate that the budget allows, ``spent`` of the month's budget is used."""

    speed: str
    factor: float
    long_minutes: int
    short_minutes: int
    spent: str


BURN_RATES = (
    BurnRate("Fast", 14.4, 60, 5, "2 % in an hour"),
    BurnRate("Slow", 6, 360, 30, "5 % in six hours"),
)


def build(platform: str) -> TierTemplate:
    """Builds alarms and dashboard."""
    template = TierTemplate(platform, "Alarms on the data's way, and the dashboard that shows it.")
    actions = [template.use(ports.ALERT_TOPIC)]
    for row in alarm_rows(template):
        add_alarm(template, row, actions)
    add_burn_rate_alarms(template, actions)
    template.add(
        Dashboard(
            "Dashboard", DashboardName=template.named("data-path"), DashboardBody=dashboard_body(widgets(template))
        )
    )
    return template


def alarm_rows(template: TierTemplate) -> Iterator[AlarmRow]:
    """All alarms on one metric."""
    yield from _api_alarms(template)
    for name in (*facts.FUNCTIONS, "log_alerts"):
        yield from function_alarms(template, name)
    yield from _service_alarms(template)
    yield from _queue_alarms(template)
    yield from _database_alarms(template)
    for table in TABLES:
        yield from _table_alarms(template, table)


def _api(template: TierTemplate) -> Dimensions:
    return {"ApiName": template.use(ports.API_NAME), "Stage": facts.STAGE}


def _api_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    yield AlarmRow(
        "ApiServerErrors",
        "api-5xx",
        metric=MetricRow("AWS/ApiGateway", "5XXError", _api(template), "Sum"),
        when=at_least(5),
        meaning="The API answers with 5xx: look at the functions' errors and the execution log",
        resume_crosses=True,
    )
    yield AlarmRow(
        "ApiLatency",
        "api-latency-p99",
        metric=MetricRow("AWS/ApiGateway", "Latency", _api(template), "p99"),
        when=at_least(3000),
        periods=3,
        breaching=2,
        meaning="One request in a hundred takes more than 3 seconds: look at query and the database",
        resume_crosses=True,
    )
    # A client whose request WAF blocks repeats it. A scan from the internet is over sooner.
    yield blocked_requests_alarm(
        {"WebACL": template.use(ports.WEB_ACL_NAME), "Region": Ref("AWS::Region")}, when=at_least(20), periods=3
    )


def _service_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    """Alarms on metrics of the functions themselves (lambda_src/common/observe.py)."""
    for name in facts.API_FUNCTIONS:
        yield AlarmRow(
            f"{pascal(name)}Unavailable",
            f"{name}-unavailable",
            metric=_own_metric(template, "ServiceUnavailable", name, "Sum"),
            when=at_least(5),
            meaning=f"{pascal(name)} answers 503: look at S3, tables and database",
        )
    yield AlarmRow(
        "Pruning",
        "pruning-lags",
        metric=_own_metric(template, "RowsPruned", "process", "Maximum"),
        when=at_least(PRUNED_AT_MOST),
        periods=6,
        meaning="Rows older than the deduplication window are deleted at the limit of each run: they pile up",
    )


def _own_metric(template: TierTemplate, name: str, service: str, statistic: str) -> MetricRow:
    dimensions: Dimensions = {"environment": template.use(ENVIRONMENT_SUFFIX), "service": service}
    return MetricRow(metrics_namespace(template.platform), name, dimensions, statistic)


def _queue_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    queue = {"QueueName": template.use(ports.OBJECT_QUEUE_NAME)}
    yield AlarmRow(
        "ObjectQueueAge",
        "object-queue-age",
        metric=MetricRow("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum"),
        when=at_least(300),
        period_seconds=MINUTE_SECONDS,
        periods=5,
        breaching=3,
        meaning="Raw objects wait more than 5 minutes: processing fails or is too slow",
    )
    yield dead_letter_alarm(template, "object-dead-letters", ports.OBJECT_DEAD_LETTERS_NAME)
    yield dead_letter_alarm(template, "function-dead-letters", ports.FUNCTION_DEAD_LETTERS_NAME)


def _database_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    yield database_alarm(
        template,
        "DatabaseCpu",
        "database-cpu",
        "CPUUtilization",
        "Average",
        when=at_least(80),
        meaning="The database's CPU is above 80 %",
    )
    yield database_alarm(
        template,
        "DatabaseCapacity",
        "database-capacity",
        "ACUUtilization",
        "Average",
        when=at_least(90),
        meaning="Capacity nears its maximum: raise DatabaseMaxCapacity",
    )
    yield database_alarm(
        template,
        "DatabaseConnections",
        "database-connections",
        "DatabaseConnections",
        "Average",
        when=at_least(400),
        meaning="More connections than functions hold",
    )


def _table_alarms(template: TierTemplate, table: TableAlarms) -> Iterator[AlarmRow]:
    dimensions = {"TableName": template.use(table.port)}
    for kind in ("Read", "Write"):
        yield AlarmRow(
            f"{table.title}{kind}Throttles",
            f"{table.stem}-{kind.lower()}-throttles",
            metric=MetricRow("AWS/DynamoDB", f"{kind}ThrottleEvents", dimensions, "Sum"),
            when=at_least(1),
            periods=2,
            meaning=f"DynamoDB throttles {kind.lower()}s of {table.stem}",
        )
    each_operation = {"Operation": ("GetItem", "PutItem", "UpdateItem", "DeleteItem")}
    yield AlarmRow(
        f"{table.title}SystemErrors",
        f"{table.stem}-system-errors",
        metric=MetricRow("AWS/DynamoDB", "SystemErrors", dimensions, "Sum", sum_over=each_operation),
        when=at_least(1),
        meaning=f"DynamoDB fails on requests to {table.stem}",
    )


def add_burn_rate_alarms(template: TierTemplate, actions: list[Ref]) -> None:
    """Adds alarms on an error budget that burns too fast.

    It must burn in a long window and still in a short one, so that the alarm ends soon after the errors. The average of
    5XXError is the share of failed requests. Source of windows and factors: Google, The Site Reliability Workbook, chapter 5,
    "Multiwindow, Multi-Burn-Rate Alerts".
    """
    for rate in BURN_RATES:
        windows = (rate.long_minutes, rate.short_minutes)
        add_composite_alarm(
            template,
            f"{rate.speed}Burn",
            f"api-{rate.speed.lower()}-burn",
            f"The month's error budget of 99.9 % burns at {rate.factor} times the rate it allows ({rate.spent})",
            [_burn_alarm(template, rate, minutes, resume_crosses=minutes == rate.short_minutes) for minutes in windows],
            actions,
        )


def _burn_alarm(template: TierTemplate, rate: BurnRate, minutes: int, *, resume_crosses: bool) -> AlarmRow:
    return AlarmRow(
        f"{rate.speed}Burn{minutes}Minutes",
        f"api-{rate.speed.lower()}-burn-{minutes}m",
        metric=MetricRow("AWS/ApiGateway", "5XXError", _api(template), "Average"),
        when=above(round(rate.factor * ERROR_BUDGET, 6)),
        period_seconds=minutes * MINUTE_SECONDS,
        notify=False,
        meaning=f"Part of the {rate.speed.lower()} burn alarm: share of failed requests over {minutes} minutes",
        resume_crosses=resume_crosses,
    )


def widgets(template: TierTemplate) -> list[Widget]:
    """The dashboard's widgets, in the order of the data flow from ingest to query."""
    return [
        *_api_widgets(template),
        Widget("2 Ingest", function_lines(template, "ingest")),
        *_queue_widgets(template),
        Widget("4 Process", function_lines(template, "process")),
        *_database_widgets(template),
        Widget("6 Query", function_lines(template, "query")),
    ]


def _api_widgets(template: TierTemplate) -> list[Widget]:
    api = {"ApiName": template.placeholder(ports.API_NAME), "Stage": facts.STAGE}
    acl = {"WebACL": template.placeholder(ports.WEB_ACL_NAME), "Region": "${AWS::Region}", "Rule": "ALL"}
    return [
        Widget(
            "1 API: requests and errors",
            [Line("AWS/ApiGateway", metric, api, "Sum") for metric in ("Count", "4XXError", "5XXError")],
        ),
        Widget(
            "1 API: latency",
            [
                Line("AWS/ApiGateway", "Latency", api, "p50"),
                Line("AWS/ApiGateway", "Latency", api, "p99"),
                Line("AWS/ApiGateway", "IntegrationLatency", api, "p99"),
            ],
        ),
        firewall_widget("1 Firewall: requests allowed and blocked", acl),
    ]


def _queue_widgets(template: TierTemplate) -> list[Widget]:
    queue = {"QueueName": template.placeholder(ports.OBJECT_QUEUE_NAME)}
    dead_letters = (ports.OBJECT_DEAD_LETTERS_NAME, ports.FUNCTION_DEAD_LETTERS_NAME)
    return [
        Widget(
            "3 Queue of raw objects",
            [
                Line("AWS/SQS", "NumberOfMessagesSent", queue, "Sum"),
                Line("AWS/SQS", "NumberOfMessagesDeleted", queue, "Sum"),
                Line("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum", right=True),
            ],
        ),
        Widget("3 Dead letters", [_waiting(template, port) for port in dead_letters]),
    ]


def _database_widgets(template: TierTemplate) -> list[Widget]:
    cluster = {"DBClusterIdentifier": template.placeholder(ports.DATABASE_CLUSTER)}
    return [
        Widget(
            "5 Database: load",
            [Line("AWS/RDS", metric, cluster, "Average") for metric in ("CPUUtilization", "ACUUtilization")],
        ),
        Widget(
            "5 Database: connections and latency",
            [
                Line("AWS/RDS", "DatabaseConnections", cluster, "Average"),
                Line("AWS/RDS", "CommitLatency", cluster, "Average", right=True),
            ],
        ),
    ]


def _waiting(template: TierTemplate, queue: Port) -> Line:
    name = {"QueueName": template.placeholder(queue)}
    return Line("AWS/SQS", "ApproximateNumberOfMessagesVisible", name, "Maximum")
