"""The observability tier of transactions: error metrics from logs, alarms from edge to database, and the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from troposphere import AWSHelperFn, Sub
from troposphere.cloudwatch import Dashboard
from troposphere.logs import MetricFilter, MetricTransformation

from builders.contract import parameters, ports
from builders.contract.template import Port, TierTemplate
from builders.parts.alarms import MINUTE, AlarmRow, Dimensions, add_alarm, dead_letter_alarm, function_alarms
from builders.parts.dashboard import Station, dashboard_body, function_series, value
from builders.parts.lambdas import metrics_namespace
from builders.transactions import facts

GIB = 1024**3
"""Bytes."""


@dataclass(frozen=True)
class ErrorRow:
    """Errors in a log group, counted as a metric; ``threshold`` is how many of them in five minutes wake somebody.

    Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    title: str
    thing: str
    log_group: Port
    pattern: str
    threshold: int
    meaning: str


ERRORS = (
    ErrorRow(
        "ApplicationErrors", "application-errors", ports.APPLICATION_LOG_GROUP, facts.APPLICATION_ERRORS, 1,
        "The payment service logs errors: look at its log group",
    ),
    ErrorRow(
        "BalancerErrors", "balancer-errors", ports.BALANCER_LOG_GROUP, "{ $.elbStatus >= 500 }", 5,
        "Requests end with 5xx in the load balancer's log: it shows which, and whether a target answered",
    ),
    ErrorRow(
        "DatabaseErrors", "database-errors", ports.DATABASE_ERROR_LOG_GROUP, '"[ERROR]"', 1,
        "The database logs errors: look at its error log",
    ),
)  # fmt: skip


def build(platform: str) -> TierTemplate:
    """Metric filters, alarms and dashboard."""
    template = TierTemplate(platform, "Error metrics, alarms from the edge to the database, and the dashboard.")
    actions = [template.use(ports.ALERT_TOPIC)]
    for row in ERRORS:
        add_error_metric(template, row)
    for alarm in alarm_rows(template):
        add_alarm(template, alarm, actions)
    template.add(
        Dashboard(
            "Dashboard", DashboardName=template.named("request-path"), DashboardBody=dashboard_body(stations(template))
        )
    )
    return template


def add_error_metric(template: TierTemplate, row: ErrorRow) -> MetricFilter:
    """The errors of a log group as a metric, which is zero while there are none."""
    return template.add(
        MetricFilter(
            f"{row.title}Filter",
            FilterName=template.named(row.thing),
            LogGroupName=template.use(row.log_group),
            FilterPattern=row.pattern,
            MetricTransformations=[
                MetricTransformation(
                    MetricNamespace=_log_namespace(template),
                    MetricName=_metric(template, row),
                    MetricValue="1",
                    DefaultValue=0,
                    Unit="Count",
                )
            ],
        )
    )


def _log_namespace(template: TierTemplate) -> str:
    return f"{metrics_namespace(template.platform)}/Logs"


def _metric(template: TierTemplate, row: ErrorRow) -> AWSHelperFn:
    """A filter's metric has no dimension by default, so the name tells the environments of an account apart."""
    return template.named(row.thing)


def alarm_rows(template: TierTemplate) -> Iterator[AlarmRow]:
    """Every alarm, in the order in which a request meets what they watch."""
    yield from _edge_alarms(template)
    yield from _balancer_alarms(template)
    yield from _instance_alarms(template)
    yield from _agent_alarms(template)
    yield from _database_alarms(template)
    for name in (*facts.FUNCTIONS, "log_alerts"):
        yield from function_alarms(name, template.use(ports.function_name(name)))
    yield dead_letter_alarm(template, "BalancerLogDeadLetters", ports.BALANCER_LOG_DEAD_LETTERS)
    yield dead_letter_alarm(template, "FunctionDeadLetters", ports.FUNCTION_DEAD_LETTERS_NAME)
    for row in ERRORS:
        yield AlarmRow(
            row.title, row.thing, row.meaning,
            _log_namespace(template), _metric(template, row), {}, "Sum", threshold=row.threshold,
        )  # fmt: skip


def _edge_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    edge: Dimensions = {"DistributionId": template.use(ports.DISTRIBUTION_ID), "Region": "Global"}
    yield AlarmRow(
        "EdgeErrors", "edge-5xx", "More than one answer of CloudFront in a hundred is a 5xx: look at the load balancer",
        "AWS/CloudFront", "5xxErrorRate", edge, "Average", threshold=1, at_least=False, periods=2,
    )  # fmt: skip
    # For CloudFront the metrics have no dimension Region:
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
    yield AlarmRow(
        "FirewallBlocks", "firewall-blocks", "WAF blocks many requests: an attack, or a rule that hits honest clients",
        "AWS/WAFV2", "BlockedRequests", {"WebACL": template.use(ports.WEB_ACL_NAME), "Rule": "ALL"}, "Sum", threshold=500,
    )  # fmt: skip


def _balancer_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    balancer: Dimensions = {"LoadBalancer": template.use(ports.BALANCER_NAME)}
    targets: Dimensions = {**balancer, "TargetGroup": template.use(ports.TARGET_GROUP_NAME)}
    yield AlarmRow(
        "HealthyHosts", "healthy-hosts", "Fewer than two healthy instances: one more failure is an outage",
        "AWS/ApplicationELB", "HealthyHostCount", targets, "Minimum", threshold=2,
        period=MINUTE, periods=3, below=True, missing="breaching",
    )  # fmt: skip
    yield AlarmRow(
        "TargetErrors", "target-5xx", "The payment service answers with 5xx: look at its log",
        "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", targets, "Sum", threshold=5,
    )  # fmt: skip
    yield AlarmRow(
        "LoadBalancerErrors", "load-balancer-5xx", "The load balancer itself answers with 5xx: no healthy instance, or time-outs",
        "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer, "Sum", threshold=5,
    )  # fmt: skip
    yield AlarmRow(
        "ResponseTime", "response-time-p99", "One request in a hundred takes more than 2 seconds: look at CPU and database",
        "AWS/ApplicationELB", "TargetResponseTime", targets, "p99", threshold=2, periods=3, breaching=2,
    )  # fmt: skip


def _instance_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    yield AlarmRow(
        "InstanceCpu", "instance-cpu", "The instances' CPU stays above 85 % although scaling acts: raise WebMaxInstances",
        "AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": template.use(ports.WEB_GROUP_NAME)}, "Average",
        threshold=85, periods=3,
    )  # fmt: skip


def _agent_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    """What the instances' agent publishes every minute, the worst of all instances.

    Silence is a fault: the group never has fewer than two instances, and all of their agents say nothing when their rights, an
    endpoint or their settings are wrong. A new stack does not sound: the agent starts before an instance signals, and this
    tier comes after the group; CloudWatch takes three empty periods for an alarm. (One silent agent among others is not
    heard in a maximum.)
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    namespace = Sub(facts.agent_namespace(template.platform))
    silent = "or no instance's agent reports: look at its log, its rights and the endpoint of CloudWatch"
    for title, thing, metric, meaning in (
        (
            "InstanceMemory",
            "instance-memory",
            "mem_used_percent",
            f"An instance has less than a tenth of its memory free, {silent}",
        ),
        ("InstanceDisk", "instance-disk", "disk_used_percent", f"An instance's disk is nearly full, {silent}"),
    ):
        yield AlarmRow(
            title, thing, meaning, namespace, metric, {}, "Maximum", threshold=90, periods=3, missing="breaching"
        )


def _database_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    """For the smallest class, db.r6g.large: 16 GiB of memory, 1000 connections."""
    cluster = {"DBClusterIdentifier": template.use(ports.DATABASE_CLUSTER)}
    yield AlarmRow(
        "DatabaseCpu", "database-cpu", "The database's CPU is above 80 %: Performance Insights shows which statements",
        "AWS/RDS", "CPUUtilization", cluster, "Average", threshold=80, periods=3,
    )  # fmt: skip
    yield AlarmRow(
        "DatabaseConnections", "database-connections",
        f"Connections come near their limit of {parameters.DATABASE_CONNECTIONS}",
        "AWS/RDS", "DatabaseConnections", cluster, "Maximum", threshold=parameters.DATABASE_CONNECTIONS_ALARM, periods=3,
    )  # fmt: skip
    yield AlarmRow(
        "ReplicaLag", "database-replica-lag", "The reader is more than a second behind: a failover would show old rows",
        "AWS/RDS", "AuroraReplicaLagMaximum", cluster, "Maximum", threshold=1000, periods=3,
    )  # fmt: skip
    yield AlarmRow(
        "DatabaseMemory", "database-free-memory", "Less than 1 GiB of the database's memory is free: a larger class is due",
        "AWS/RDS", "FreeableMemory", cluster, "Minimum", threshold=GIB, periods=3, below=True,
    )  # fmt: skip


def stations(template: TierTemplate) -> list[Station]:
    """The dashboard's widgets: the way of a request from the edge to the database."""
    edge = ["DistributionId", value(template, ports.DISTRIBUTION_ID), "Region", "Global"]
    acl = ["WebACL", value(template, ports.WEB_ACL_NAME), "Rule", "ALL", {"stat": "Sum"}]
    balancer = ["LoadBalancer", value(template, ports.BALANCER_NAME)]
    targets = ["TargetGroup", value(template, ports.TARGET_GROUP_NAME), *balancer]
    group = ["AutoScalingGroupName", value(template, ports.WEB_GROUP_NAME)]
    cluster = ["DBClusterIdentifier", value(template, ports.DATABASE_CLUSTER)]
    return [
        ("1 Edge: requests", [["AWS/CloudFront", "Requests", *edge, {"stat": "Sum"}]]),
        ("1 Edge: error rates", [
            ["AWS/CloudFront", metric, *edge, {"stat": "Average"}]
            for metric in ("4xxErrorRate", "5xxErrorRate")
        ]),
        ("1 Firewall: requests allowed and blocked", [
            ["AWS/WAFV2", metric, *acl] for metric in ("AllowedRequests", "BlockedRequests")
        ]),
        ("2 Load balancer: requests and errors", [
            ["AWS/ApplicationELB", "RequestCount", *balancer, {"stat": "Sum"}],
            ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", *balancer, {"stat": "Sum"}],
            ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", *balancer, {"stat": "Sum"}],
        ]),
        ("2 Load balancer: response time", [
            ["AWS/ApplicationELB", "TargetResponseTime", *balancer, {"stat": statistic}] for statistic in ("p50", "p99")
        ]),
        ("3 Instances: healthy and not", [
            ["AWS/ApplicationELB", metric, *targets, {"stat": "Average"}]
            for metric in ("HealthyHostCount", "UnHealthyHostCount")
        ]),
        ("3 Instances: CPU and number", [
            ["AWS/EC2", "CPUUtilization", *group, {"stat": "Average"}],
            ["AWS/AutoScaling", "GroupInServiceInstances", *group, {"stat": "Average", "yAxis": "right"}],
        ]),
        ("3 Errors in logs", [
            [_log_namespace(template), f"{template.platform}-{row.thing}-${{EnvironmentSuffix}}", {"stat": "Sum"}]
            for row in ERRORS
        ]),
        ("4 Database: load and connections", [
            ["AWS/RDS", "CPUUtilization", *cluster, {"stat": "Average"}],
            ["AWS/RDS", "DatabaseConnections", *cluster, {"stat": "Maximum", "yAxis": "right"}],
        ]),
        ("4 Database: memory and replica lag", [
            ["AWS/RDS", "FreeableMemory", *cluster, {"stat": "Minimum"}],
            ["AWS/RDS", "AuroraReplicaLagMaximum", *cluster, {"stat": "Maximum", "yAxis": "right"}],
        ]),
        ("5 Rotation of the database login", function_series(template, "rotate_secret")),
        ("5 Load balancer's log", function_series(template, "balancer_logs")),
    ]  # fmt: skip
