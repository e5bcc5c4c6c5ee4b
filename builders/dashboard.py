"""The dashboard: the way of the data from ingest to query, one row of widgets per station."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from troposphere import Sub

from builders.api import API_NAME, STAGE
from builders.aurora import DATABASE_CLUSTER
from builders.contract import Port, TierTemplate
from builders.firewall import WEB_ACL_NAME
from builders.housekeeping import DEAD_LETTER_QUEUE_NAME
from builders.lambdas import function_name_port
from builders.storage import OBJECT_DEAD_LETTERS_NAME, OBJECT_QUEUE_NAME

WIDTH, HEIGHT = 8, 6
"""Of one widget, in the dashboard's grid of 24 columns."""

Series = Sequence[Any]


def dashboard_body(template: TierTemplate) -> Sub:
    """The body as CloudWatch takes it, with names filled in at deployment.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    widgets = [
        _widget(title, series, column=place % 3, row=place // 3)
        for place, (title, series) in enumerate(_stations(template))
    ]
    return Sub(json.dumps({"start": "-PT3H", "widgets": widgets}))


def _stations(template: TierTemplate) -> list[tuple[str, list[Series]]]:
    api = ["ApiName", _value(template, API_NAME), "Stage", STAGE]
    queue = ["QueueName", _value(template, OBJECT_QUEUE_NAME)]
    cluster = ["DBClusterIdentifier", _value(template, DATABASE_CLUSTER)]
    acl = ["WebACL", _value(template, WEB_ACL_NAME), "Region", "${AWS::Region}", "Rule", "ALL"]
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
        ("2 Ingest", _function(template, "ingest")),
        ("3 Queue of raw objects", [
            ["AWS/SQS", "NumberOfMessagesSent", *queue, {"stat": "Sum"}],
            ["AWS/SQS", "NumberOfMessagesDeleted", *queue, {"stat": "Sum"}],
            ["AWS/SQS", "ApproximateAgeOfOldestMessage", *queue, {"stat": "Maximum", "yAxis": "right"}],
        ]),
        ("3 Dead letters", [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", _value(template, dead_letters), {"stat": "Maximum"}]
            for dead_letters in (OBJECT_DEAD_LETTERS_NAME, DEAD_LETTER_QUEUE_NAME)
        ]),
        ("4 Process", _function(template, "process")),
        ("5 Database: load", [
            ["AWS/RDS", metric, *cluster, {"stat": "Average"}]
            for metric in ("CPUUtilization", "ACUUtilization")
        ]),
        ("5 Database: connections and latency", [
            ["AWS/RDS", "DatabaseConnections", *cluster, {"stat": "Average"}],
            ["AWS/RDS", "CommitLatency", *cluster, {"stat": "Average", "yAxis": "right"}],
        ]),
        ("6 Query", _function(template, "query")),
    ]  # fmt: skip


def _function(template: TierTemplate, name: str) -> list[Series]:
    of = ["FunctionName", _value(template, function_name_port(name))]
    return [
        ["AWS/Lambda", "Invocations", *of, {"stat": "Sum"}],
        ["AWS/Lambda", "Errors", *of, {"stat": "Sum"}],
        ["AWS/Lambda", "Throttles", *of, {"stat": "Sum"}],
        ["AWS/Lambda", "Duration", *of, {"stat": "p99", "yAxis": "right"}],
    ]


def _value(template: TierTemplate, port: Port) -> str:
    template.use(port)
    return f"${{{port.name}}}"


def _widget(title: str, series: list[Series], *, column: int, row: int) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": column * WIDTH,
        "y": row * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "period": 60,
            "metrics": series,
        },
    }
