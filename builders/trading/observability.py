"""The observability tier: alarms on every station of the data's way, and the dashboard that shows it."""

from __future__ import annotations

from collections.abc import Iterator

from troposphere import Ref
from troposphere.cloudwatch import Dashboard

from builders.contract import ports
from builders.contract.template import ENVIRONMENT_SUFFIX, TierTemplate
from builders.contract.words import pascal
from builders.parts.alarms import (
    MINUTE,
    AlarmRow,
    Dimensions,
    add_alarm,
    add_both,
    dead_letter_alarm,
    function_alarms,
)
from builders.parts.dashboard import Station, dashboard_body, function_series, value
from builders.parts.lambdas import metrics_namespace
from builders.trading import facts

ERROR_BUDGET = 0.001
"""Of a 99.9 % objective: one request in a thousand may fail."""

PRUNED_AT_MOST = 600_000
"""Rows that processing deletes for one object (lambda_src/process/retention.py); always that many means more are waiting."""


def build(platform: str) -> TierTemplate:
    """Alarms and dashboard."""
    template = TierTemplate(platform, "Alarms on the data's way, and the dashboard that shows it.")
    actions = [template.use(ports.ALERT_TOPIC)]
    for row in alarm_rows(template):
        add_alarm(template, row, actions)
    add_burn_rate_alarms(template, actions)
    template.add(
        Dashboard(
            "Dashboard", DashboardName=template.named("data-path"), DashboardBody=dashboard_body(stations(template))
        )
    )
    return template


def alarm_rows(template: TierTemplate) -> Iterator[AlarmRow]:
    """Every alarm on one metric."""
    yield from _api_alarms(template)
    for name in (*facts.FUNCTIONS, "log_alerts"):
        yield from function_alarms(name, template.use(ports.function_name(name)))
    yield from _service_alarms(template)
    yield from _queue_alarms(template)
    yield from _database_alarms(template)
    yield from _table_alarms(template)


def _api_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    api: Dimensions = {"ApiName": template.use(ports.API_NAME), "Stage": facts.STAGE}
    yield AlarmRow(
        "ApiServerErrors", "api-5xx", "The API answers with 5xx: look at the functions' errors and the execution log",
        "AWS/ApiGateway", "5XXError", api, "Sum", threshold=5,
    )  # fmt: skip
    yield AlarmRow(
        "ApiLatency", "api-latency-p99", "One request in a hundred takes more than 3 seconds: look at query and the database",
        "AWS/ApiGateway", "Latency", api, "p99", threshold=3000, periods=3, breaching=2,
    )  # fmt: skip


def _service_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    """What the functions count themselves (lambda_src/common/observe.py)."""
    namespace = metrics_namespace(template.platform)
    for name in facts.API_FUNCTIONS:
        yield AlarmRow(
            f"{pascal(name)}Unavailable", f"{name}-unavailable", f"{pascal(name)} answers 503: look at S3, tables and database",
            namespace, "ServiceUnavailable", _counted_by(template, name), "Sum", threshold=5,
        )  # fmt: skip
    yield AlarmRow(
        "Pruning", "pruning-lags", "Rows older than the deduplication window are deleted at the limit of each run: they pile up",
        namespace, "RowsPruned", _counted_by(template, "process"), "Maximum", threshold=PRUNED_AT_MOST, periods=6,
    )  # fmt: skip


def _counted_by(template: TierTemplate, service: str) -> Dimensions:
    return {"environment": template.use(ENVIRONMENT_SUFFIX), "service": service}


def _queue_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    yield AlarmRow(
        "ObjectQueueAge", "object-queue-age", "Raw objects wait more than 5 minutes: processing fails or is too slow",
        "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": template.use(ports.OBJECT_QUEUE_NAME)}, "Maximum",
        threshold=300, period=MINUTE, periods=5, breaching=3,
    )  # fmt: skip
    yield dead_letter_alarm(template, "ObjectDeadLetters", ports.OBJECT_DEAD_LETTERS_NAME)
    yield dead_letter_alarm(template, "FunctionDeadLetters", ports.FUNCTION_DEAD_LETTERS_NAME)


def _database_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    cluster = {"DBClusterIdentifier": template.use(ports.DATABASE_CLUSTER)}
    rows = (
        ("DatabaseCpu", "database-cpu", "CPUUtilization", 80, "The database's CPU is above 80 %"),
        ("DatabaseCapacity", "database-capacity", "ACUUtilization", 90, "Capacity nears its maximum: raise DatabaseMaxCapacity"),
        ("DatabaseConnections", "database-connections", "DatabaseConnections", 400, "More connections than functions hold"),
    )  # fmt: skip
    for title, thing, metric, threshold, meaning in rows:
        yield AlarmRow(
            title, thing, meaning, "AWS/RDS", metric, cluster, "Average", threshold=threshold, periods=3,
        )  # fmt: skip


def _table_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    for name, table in (("UserSessions", ports.USER_SESSIONS_TABLE), ("ApiKeys", ports.API_KEYS_TABLE)):
        of, thing = {"TableName": template.use(table)}, "user-sessions" if name == "UserSessions" else "api-keys"
        for metric, kind in (("ReadThrottleEvents", "read"), ("WriteThrottleEvents", "write")):
            yield AlarmRow(
                f"{name}{kind.capitalize()}Throttles", f"{thing}-{kind}-throttles", f"DynamoDB throttles {kind}s of {thing}",
                "AWS/DynamoDB", metric, of, "Sum", threshold=1, periods=2,
            )  # fmt: skip
        yield AlarmRow(
            f"{name}SystemErrors", f"{thing}-system-errors", f"DynamoDB fails on requests to {thing}",
            "AWS/DynamoDB", "SystemErrors", of, "Sum", threshold=1,
            sum_over={"Operation": ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
        )  # fmt: skip


def add_burn_rate_alarms(template: TierTemplate, actions: list[Ref]) -> None:
    """The error budget burns too fast: over a long window, and still in a short one, so that the alarm ends when it ends.

    The average of 5XXError is the share of requests that failed. Windows and factors: Google, The Site Reliability
    Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
    """
    api: Dimensions = {"ApiName": template.use(ports.API_NAME), "Stage": facts.STAGE}
    for speed, factor, long, short, spent in (
        ("Fast", 14.4, 60, 5, "2 % in an hour"),
        ("Slow", 6, 360, 30, "5 % in six hours"),
    ):
        alarms = [
            add_alarm(
                template,
                AlarmRow(
                    f"{speed}Burn{window}Minutes", f"api-{speed.lower()}-burn-{window}m",
                    f"Part of the {speed.lower()} burn alarm: share of failed requests over {window} minutes",
                    "AWS/ApiGateway", "5XXError", api, "Average",
                    threshold=round(factor * ERROR_BUDGET, 6), period=window * MINUTE, at_least=False, notify=False,
                ),
                actions,
            )
            for window in (long, short)
        ]  # fmt: skip
        add_both(
            template,
            f"{speed}Burn",
            f"api-{speed.lower()}-burn",
            f"The month's error budget of 99.9 % burns at {factor} times the rate it allows ({spent})",
            alarms,
            actions,
        )


def stations(template: TierTemplate) -> list[Station]:
    """The dashboard's widgets: the way of the data from ingest to query."""
    api = ["ApiName", value(template, ports.API_NAME), "Stage", facts.STAGE]
    queue = ["QueueName", value(template, ports.OBJECT_QUEUE_NAME)]
    cluster = ["DBClusterIdentifier", value(template, ports.DATABASE_CLUSTER)]
    acl = ["WebACL", value(template, ports.WEB_ACL_NAME), "Region", "${AWS::Region}", "Rule", "ALL"]
    return [
        ("1 API: requests and errors", [
            ["AWS/ApiGateway", "Count", *api, {"stat": "Sum"}],
            ["AWS/ApiGateway", "4XXError", *api, {"stat": "Sum"}],
            ["AWS/ApiGateway", "5XXError", *api, {"stat": "Sum"}],
        ]),
        ("1 API: latency", [
            ["AWS/ApiGateway", "Latency", *api, {"stat": "p50"}],
            ["AWS/ApiGateway", "Latency", *api, {"stat": "p99"}],
            ["AWS/ApiGateway", "IntegrationLatency", *api, {"stat": "p99"}],
        ]),
        ("1 Firewall: requests allowed and blocked", [
            ["AWS/WAFV2", metric, *acl, {"stat": "Sum"}]
            for metric in ("AllowedRequests", "BlockedRequests")
        ]),
        ("2 Ingest", function_series(template, "ingest")),
        ("3 Queue of raw objects", [
            ["AWS/SQS", "NumberOfMessagesSent", *queue, {"stat": "Sum"}],
            ["AWS/SQS", "NumberOfMessagesDeleted", *queue, {"stat": "Sum"}],
            ["AWS/SQS", "ApproximateAgeOfOldestMessage", *queue, {"stat": "Maximum", "yAxis": "right"}],
        ]),
        ("3 Dead letters", [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", value(template, dead_letters), {"stat": "Maximum"}]
            for dead_letters in (ports.OBJECT_DEAD_LETTERS_NAME, ports.FUNCTION_DEAD_LETTERS_NAME)
        ]),
        ("4 Process", function_series(template, "process")),
        ("5 Database: load", [
            ["AWS/RDS", metric, *cluster, {"stat": "Average"}]
            for metric in ("CPUUtilization", "ACUUtilization")
        ]),
        ("5 Database: connections and latency", [
            ["AWS/RDS", "DatabaseConnections", *cluster, {"stat": "Average"}],
            ["AWS/RDS", "CommitLatency", *cluster, {"stat": "Average", "yAxis": "right"}],
        ]),
        ("6 Query", function_series(template, "query")),
    ]  # fmt: skip
