"""Logs, error metrics, alarms and dashboard of transactions (X-MON-1)."""

from __future__ import annotations

import json

import pytest

from builders.platforms import PLATFORMS
from local.patches.filter_patterns import compile_pattern
from tests.builders.support.resources import find_resource, resources, templates, text

PLATFORM = "transactions"
ALARMS = {resource.title: resource.properties for resource in resources(PLATFORM, "AWS::CloudWatch::Alarm")}


@pytest.mark.requirement("X-MON-1")
def test_application_load_balancer_and_database_have_log_groups_of_ninety_days() -> None:
    groups = {
        resource.title: text(resource.properties["LogGroupName"])
        for resource in resources(PLATFORM, "AWS::Logs::LogGroup")
    }
    assert groups["ApplicationLogGroup"] == "/aws/ec2/transactions-payments-${EnvironmentSuffix}"
    assert groups["BalancerLogGroup"] == "/aws/elasticloadbalancing/transactions-balancer-${EnvironmentSuffix}"
    assert groups["DatabaseErrorLogGroup"].startswith("/aws/rds/cluster/")
    assert templates(PLATFORM)["root"]["Parameters"]["LogRetentionDays"]["Default"] == 90


@pytest.mark.requirement("X-MON-1")
@pytest.mark.parametrize(
    ("filter_", "line", "matches"),
    [
        ("ApplicationErrorsFilter", '{"level": "ERROR", "message": "no database"}', True),
        ("ApplicationErrorsFilter", '{"level": "INFO", "message": "an ERROR in words"}', False),
        ("BalancerErrorsFilter", '{"elbStatus": 502, "targetStatus": null}', True),
        ("BalancerErrorsFilter", '{"elbStatus": 404, "targetStatus": 404}', False),
        ("DatabaseErrorsFilter", "2026-01-05T10:00:00Z 12 [ERROR] [MY-010045] [Server] disk", True),
        ("DatabaseErrorsFilter", "2026-01-05T10:00:00Z 12 [Note] no ERROR here", False),
        ("FirewallBodiesFilter", '{"labels": [{"name": "awswaf:managed:aws:sql-database:SQLi_Body"}]}', True),
        (
            "FirewallBodiesFilter",
            '{"labels": [{"name": "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body"}]}',
            True,
        ),
        (
            "FirewallBodiesFilter",
            '{"labels": [{"name": "awswaf:managed:aws:core-rule-set:GenericLFI_URIPath"}]}',
            False,
        ),
    ],
)
def test_error_metrics_count_errors_and_nothing_else(filter_: str, line: str, matches: bool) -> None:
    assert compile_pattern(find_resource(PLATFORM, filter_).properties["FilterPattern"])(line) is matches


@pytest.mark.requirement("X-MON-1")
def test_every_error_metric_is_zero_in_silence_and_has_its_alarm() -> None:
    filters = list(resources(PLATFORM, "AWS::Logs::MetricFilter"))
    assert len(filters) == 4
    for metric_filter in filters:
        (metric,) = metric_filter.properties["MetricTransformations"]
        assert metric["DefaultValue"] == 0
        watched = [
            alarm
            for alarm in ALARMS.values()
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (metric["MetricNamespace"], metric["MetricName"])
        ]
        assert len(watched) == 1
        assert text(metric["MetricName"]).endswith("-${EnvironmentSuffix}"), (
            "the name distinguishes the environments of an account"
        )


@pytest.mark.requirement("X-MON-1")
@pytest.mark.parametrize(
    ("title", "namespace", "metric", "comparison"),
    [
        ("HealthyHosts", "AWS/ApplicationELB", "HealthyHostCount", "LessThanThreshold"),
        ("TargetErrors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "GreaterThanOrEqualToThreshold"),
        ("LoadBalancerErrors", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "GreaterThanOrEqualToThreshold"),
        ("ResponseTime", "AWS/ApplicationELB", "TargetResponseTime", "GreaterThanOrEqualToThreshold"),
        ("InstanceCpu", "AWS/EC2", "CPUUtilization", "GreaterThanOrEqualToThreshold"),
        ("DatabaseCpu", "AWS/RDS", "CPUUtilization", "GreaterThanOrEqualToThreshold"),
        ("DatabaseConnections", "AWS/RDS", "DatabaseConnections", "GreaterThanOrEqualToThreshold"),
        ("ReplicaLag", "AWS/RDS", "AuroraReplicaLagMaximum", "GreaterThanOrEqualToThreshold"),
        ("DatabaseMemory", "AWS/RDS", "FreeableMemory", "LessThanThreshold"),
        ("FirewallBlocks", "AWS/WAFV2", "BlockedRequests", "GreaterThanOrEqualToThreshold"),
        ("EdgeErrors", "AWS/CloudFront", "5xxErrorRate", "GreaterThanThreshold"),
    ],
)
def test_metrics_have_their_alarms(title: str, namespace: str, metric: str, comparison: str) -> None:
    alarm = ALARMS[f"{title}Alarm"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["ComparisonOperator"]) == (namespace, metric, comparison)


@pytest.mark.requirement("X-MON-1")
def test_alarms_notify_the_topic_and_decide_what_missing_data_means() -> None:
    always_there = {"HealthyHostsAlarm", "InstanceMemoryAlarm", "InstanceDiskAlarm"}
    for title, alarm in ALARMS.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlertTopicArn"}], title
        assert len(alarm["AlarmDescription"]) > 20, title
        assert alarm["TreatMissingData"] == ("breaching" if title in always_there else "notBreaching"), title
    assert ALARMS["ResponseTimeAlarm"]["ExtendedStatistic"] == "p99"


@pytest.mark.requirement("X-MON-1")
@pytest.mark.parametrize("title", ["InstanceMemoryAlarm", "InstanceDiskAlarm"])
def test_a_silent_agent_sounds_the_alarm_and_a_new_stack_does_not(title: str) -> None:
    """Regression: CloudWatch's endpoint rejected the metrics of every agent, and both alarms took missing data for health."""
    alarm = ALARMS[title]
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] * alarm["DatapointsToAlarm"] >= 15 * 60, "one late minute is not a fault"
    assert "agent" in alarm["AlarmDescription"]
    # Data exists before the alarm: this tier comes after the group, whose instances signal once their agent runs.
    assert "WebGroupName" in templates(PLATFORM)["observability"]["Parameters"]
    assert find_resource(PLATFORM, "WebGroup").body["CreationPolicy"]["ResourceSignal"]["Count"] == {
        "Ref": "WebMinInstances"
    }
    assert templates(PLATFORM)["root"]["Parameters"]["WebMinInstances"]["MinValue"] > 0, "no group without instances"


@pytest.mark.requirement("X-MON-1")
def test_every_function_is_watched() -> None:
    functions = {resource.title.removesuffix("Function") for resource in resources(PLATFORM, "AWS::Lambda::Function")}
    assert functions == {"Housekeeping", "MigrateMysql", "RotateSecret", "BalancerLogs", "LogAlerts"}
    for name in functions:
        assert {f"{name}{kind}Alarm" for kind in ("Errors", "Throttles", "Duration")} <= set(ALARMS)


@pytest.mark.requirement("X-MON-1")
def test_errors_in_logs_become_messages() -> None:
    filtered = {resource.title for resource in resources(PLATFORM, "AWS::Logs::SubscriptionFilter")}
    assert filtered == {
        f"{name}Filter"
        for name in ("Housekeeping", "MigrateMysql", "RotateSecret", "BalancerLogs", "Application", "Database")
    }


@pytest.mark.requirement("X-MON-1")
def test_the_dashboard_shows_the_way_of_a_request_in_order() -> None:
    body = json.loads(text(find_resource(PLATFORM, "Dashboard").properties["DashboardBody"]))
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert [title.split()[0] for title in titles] == sorted(title.split()[0] for title in titles)
    for station in ("Edge", "Firewall", "Load balancer", "Instances", "Database", "Rotation"):
        assert any(station in title for title in titles)


@pytest.mark.requirement("X-MON-1")
def test_operators_are_sent_to_a_console_that_exists() -> None:
    """Regression: an alarm named Performance Insights, whose console AWS ended in favour of CloudWatch Database Insights."""
    meaning = find_resource(PLATFORM, "DatabaseCpuAlarm").properties["AlarmDescription"]
    assert meaning.endswith("CloudWatch Database Insights shows which statements")
    for platform in PLATFORMS:
        for resource in resources(platform, "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"):
            assert "Performance Insights" not in str(resource.body)
