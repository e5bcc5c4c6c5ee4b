"""Alarms and the dashboard of trading (T-OBS-2)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.builders.support.conditions import deployed
from tests.builders.support.function_modules import function_module
from tests.builders.support.resources import find_resource, resources, templates, text

ALARMS = {resource.title: resource.properties for resource in resources("trading", "AWS::CloudWatch::Alarm")}


def alarms_on(namespace: str, metric: str) -> list[dict[str, Any]]:
    return [
        dict(alarm)
        for alarm in ALARMS.values()
        if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
        or any(
            query.get("MetricStat", {}).get("Metric", {}).get("MetricName") == metric
            for query in alarm.get("Metrics", [])
        )
    ]


@pytest.mark.requirement("T-OBS-2")
@pytest.mark.parametrize(
    ("namespace", "metric", "count"),
    [
        ("AWS/ApiGateway", "Latency", 1),
        ("AWS/ApiGateway", "5XXError", 5),
        ("AWS/WAFV2", "BlockedRequests", 1),
        ("AWS/Lambda", "Errors", 7),
        ("AWS/Lambda", "Throttles", 7),
        ("AWS/Lambda", "Duration", 7),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", 1),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", 2),
        ("AWS/RDS", "CPUUtilization", 1),
        ("AWS/RDS", "ACUUtilization", 1),
        ("AWS/RDS", "DatabaseConnections", 1),
        ("AWS/DynamoDB", "ReadThrottleEvents", 2),
        ("AWS/DynamoDB", "WriteThrottleEvents", 2),
        ("AWS/DynamoDB", "SystemErrors", 2),
        ("TradingPlatform", "ServiceUnavailable", 3),
        ("TradingPlatform", "RowsPruned", 1),
        ("AWS/Config", "ConfigHistoryExportFailed", 1),
        ("AWS/Config", "ConfigSnapshotExportFailed", 1),
    ],
)
def test_metrics_have_their_alarms(namespace: str, metric: str, count: int) -> None:
    assert len(alarms_on(namespace, metric)) == count


@pytest.mark.requirement("T-OBS-2")
def test_alarms_on_what_functions_count_use_their_dimensions_and_limits() -> None:
    for alarm in alarms_on("TradingPlatform", "ServiceUnavailable"):
        assert {each["Name"] for each in alarm["Dimensions"]} == {"environment", "service"}
    (pruning,) = alarms_on("TradingPlatform", "RowsPruned")
    assert pruning["Threshold"] == function_module("process.retention").ROWS_PER_OBJECT


@pytest.mark.requirement("T-API-2", "T-OBS-2")
def test_a_client_that_waf_keeps_blocking_is_noticed_and_a_short_scan_is_not() -> None:
    (alarm,) = alarms_on("AWS/WAFV2", "BlockedRequests")
    assert alarm["Dimensions"] == [
        {"Name": "Region", "Value": {"Ref": "AWS::Region"}},
        {"Name": "Rule", "Value": "ALL"},
        {"Name": "WebACL", "Value": {"Ref": "WebAclName"}},
    ]
    assert (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"]) == (20, 300, 3)


@pytest.mark.requirement("T-OBS-2")
def test_latency_is_watched_at_its_ninety_ninth_percentile() -> None:
    (alarm,) = alarms_on("AWS/ApiGateway", "Latency")
    assert alarm["ExtendedStatistic"] == "p99"


@pytest.mark.requirement("T-OBS-2")
@pytest.mark.parametrize(("speed", "minutes", "threshold"), [("Fast", (60, 5), 0.0144), ("Slow", (360, 30), 0.006)])
def test_burn_rate_alarm_sounds_only_while_both_windows_burn(
    speed: str, minutes: tuple[int, int], threshold: float
) -> None:
    parts = [ALARMS[f"{speed}Burn{window}MinutesAlarm"] for window in minutes]
    for part, window in zip(parts, minutes, strict=True):
        assert (part["Statistic"], part["Period"], part["Threshold"]) == ("Average", window * 60, threshold)
        assert "AlarmActions" not in part
    both = find_resource("trading", f"{speed}BurnAlarm").properties
    names = re.findall(r'ALARM\("([^"]+)"\)', text(both["AlarmRule"]))
    assert names == [text(part["AlarmName"]) for part in parts]
    assert both["AlarmActions"] == [{"Ref": "AlertTopicArn"}]


@pytest.mark.requirement("T-DB-5", "T-OBS-2")
@pytest.mark.parametrize(
    ("title", "awake"),
    [
        ("ApiServerErrorsAlarm", (1, 1)),
        ("ApiLatencyAlarm", (3, 2)),
        ("FastBurn5MinutesAlarm", (1, 1)),
        ("SlowBurn30MinutesAlarm", (1, 1)),
    ],
)
def test_an_alarm_that_a_resume_would_sound_waits_for_three_periods(title: str, awake: tuple[int, int]) -> None:
    """The 503s and the slow requests of a resume fall into two periods at most."""
    for capacity, expected in (("0", (3, 3)), ("0.5", awake)):
        content = deployed(templates("trading")["observability"], DatabaseMinCapacity=capacity)
        alarm = content[title]["Properties"]
        assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == expected


@pytest.mark.requirement("T-DB-5", "T-OBS-2")
def test_a_paused_database_sounds_no_alarm() -> None:
    """A paused instance sends zeros as CPUUtilization and ACUUtilization, and no other metric."""
    database = [alarm for alarm in ALARMS.values() if alarm.get("Namespace") == "AWS/RDS"]
    assert database
    for alarm in database:
        assert alarm["ComparisonOperator"].startswith("GreaterThan")
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.requirement("T-OBS-2")
def test_alarms_notify_the_topic_and_describe_the_fault() -> None:
    for title, alarm in ALARMS.items():
        assert len(alarm["AlarmDescription"]) > 20, title
        assert alarm["TreatMissingData"] == "notBreaching", title
        if "Burn" not in title:
            assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlertTopicArn"}], title


@pytest.mark.requirement("T-OBS-2")
def test_dashboard_shows_the_way_of_the_data_in_order() -> None:
    body = json.loads(text(find_resource("trading", "Dashboard").properties["DashboardBody"]))
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert [title.split()[0] for title in titles] == sorted(title.split()[0] for title in titles)
    assert all(
        any(station in title for title in titles)
        for station in ("API", "Ingest", "Queue", "Process", "Database", "Query")
    )
    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(places) == len(set(places))
