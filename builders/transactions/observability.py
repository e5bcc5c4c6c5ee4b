"""The observability tier of transactions: error metrics from logs, alarms from edge to database, and the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from troposphere import AWSHelperFn, Sub
from troposphere.cloudwatch import Dashboard
from troposphere.logs import MetricFilter, MetricTransformation

from builders.contract import parameters, ports
from builders.contract.names import metrics_namespace
from builders.contract.template import Port, TierTemplate
from builders.parts import firewall
from builders.parts.alarms import (
    MINUTE_SECONDS,
    AlarmRow,
    Dimensions,
    MetricRow,
    above,
    add_alarm,
    at_least,
    below,
    blocked_requests_alarm,
    database_alarm,
    dead_letter_alarm,
    function_alarms,
)
from builders.parts.dashboard import Line, Widget, dashboard_body, firewall_widget, function_lines
from builders.transactions import facts

GIB_BYTES = 1024**3


@dataclass(frozen=True)
class ErrorRow:
    """Errors in a log group, counted as a metric. ``threshold`` is the number in five minutes at which the alarm sounds.

    Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    title: str
    stem: str
    log_group: Port
    pattern: str
    threshold: int
    meaning: str


ERRORS = (
    # PCI DSS 4.0.1, requirement 6.4.2: what detects an attack either blocks it or causes an alert.
    ErrorRow(
        "FirewallBodies",
        "firewall-bodies",
        ports.WEB_ACL_LOG_GROUP,
        pattern=firewall.BODY_HITS,
        threshold=5,
        meaning="Bodies look like an attack, or exceed 8 KB; WAF counts and does not block them: look at its log",
    ),
    ErrorRow(
        "ApplicationErrors",
        "application-errors",
        ports.APPLICATION_LOG_GROUP,
        pattern=facts.APPLICATION_ERRORS,
        threshold=1,
        meaning="The payment service logs errors: look at its log group",
    ),
    ErrorRow(
        "BalancerErrors",
        "balancer-errors",
        ports.BALANCER_LOG_GROUP,
        pattern="{ $.elbStatus >= 500 }",
        threshold=5,
        meaning="Requests end with 5xx in the load balancer's log: it shows which, and whether a target answered",
    ),
    ErrorRow(
        "DatabaseErrors",
        "database-errors",
        ports.DATABASE_ERROR_LOG_GROUP,
        pattern='"[ERROR]"',
        threshold=1,
        meaning="The database logs errors: look at its error log",
    ),
)


def build(platform: str) -> TierTemplate:
    """Builds metric filters, alarms and dashboard."""
    template = TierTemplate(platform, "Error metrics, alarms from the edge to the database, and the dashboard.")
    actions = [template.use(ports.ALERT_TOPIC)]
    for row in ERRORS:
        add_error_metric(template, row)
    for alarm in alarm_rows(template):
        add_alarm(template, alarm, actions)
    template.add(
        Dashboard(
            "Dashboard", DashboardName=template.named("request-path"), DashboardBody=dashboard_body(widgets(template))
        )
    )
    return template


def add_error_metric(template: TierTemplate, row: ErrorRow) -> MetricFilter:
    """Adds the metric of errors in a log group. It is zero without errors."""
    return template.add(
        MetricFilter(
            f"{row.title}Filter",
            FilterName=template.named(row.stem),
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
    """The metric's name.

    It distinguishes the environments of an account, because a filter's metric has no dimension by default.
    """
    return template.named(row.stem)


def alarm_rows(template: TierTemplate) -> Iterator[AlarmRow]:
    """All alarms, in the order in which a request passes what they watch."""
    yield from _edge_alarms(template)
    yield from _balancer_alarms(template)
    yield _instance_alarm(template)
    yield from _agent_alarms(template)
    yield from _database_alarms(template)
    for name in (*facts.FUNCTIONS, "log_alerts"):
        yield from function_alarms(template, name)
    yield dead_letter_alarm(template, "balancer-log-dead-letters", ports.BALANCER_LOG_DEAD_LETTERS)
    yield dead_letter_alarm(template, "function-dead-letters", ports.FUNCTION_DEAD_LETTERS_NAME)
    for row in ERRORS:
        yield AlarmRow(
            row.title,
            row.stem,
            metric=MetricRow(_log_namespace(template), _metric(template, row), {}, "Sum"),
            when=at_least(row.threshold),
            meaning=row.meaning,
        )


def _edge_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    edge: Dimensions = {"DistributionId": template.use(ports.DISTRIBUTION_ID), "Region": "Global"}
    yield AlarmRow(
        "EdgeErrors",
        "edge-5xx",
        metric=MetricRow("AWS/CloudFront", "5xxErrorRate", edge, "Average"),
        when=above(1),
        periods=2,
        meaning="More than one answer of CloudFront in a hundred is a 5xx: look at the load balancer",
    )
    yield blocked_requests_alarm({"WebACL": template.use(ports.WEB_ACL_NAME)}, when=at_least(500))


def _balancer_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    balancer: Dimensions = {"LoadBalancer": template.use(ports.BALANCER_NAME)}
    targets: Dimensions = {**balancer, "TargetGroup": template.use(ports.TARGET_GROUP_NAME)}
    yield AlarmRow(
        "HealthyHosts",
        "healthy-hosts",
        metric=MetricRow("AWS/ApplicationELB", "HealthyHostCount", targets, "Minimum"),
        when=below(2),
        period_seconds=MINUTE_SECONDS,
        periods=3,
        missing="breaching",
        meaning="Fewer than two healthy instances: one more failure is an outage",
    )
    yield AlarmRow(
        "TargetErrors",
        "target-5xx",
        metric=MetricRow("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", targets, "Sum"),
        when=at_least(5),
        meaning="The payment service answers with 5xx: look at its log",
    )
    yield AlarmRow(
        "LoadBalancerErrors",
        "load-balancer-5xx",
        metric=MetricRow("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer, "Sum"),
        when=at_least(5),
        meaning="The load balancer itself answers with 5xx: no healthy instance, or time-outs",
    )
    yield AlarmRow(
        "ResponseTime",
        "response-time-p99",
        metric=MetricRow("AWS/ApplicationELB", "TargetResponseTime", targets, "p99"),
        when=at_least(2),
        periods=3,
        breaching=2,
        meaning="One request in a hundred takes more than 2 seconds: look at CPU and database",
    )


def _instance_alarm(template: TierTemplate) -> AlarmRow:
    group = {"AutoScalingGroupName": template.use(ports.WEB_GROUP_NAME)}
    return AlarmRow(
        "InstanceCpu",
        "instance-cpu",
        metric=MetricRow("AWS/EC2", "CPUUtilization", group, "Average"),
        when=at_least(85),
        periods=3,
        meaning="The instances' CPU stays above 85 % although scaling acts: raise WebMaxInstances",
    )


def _agent_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    """Alarms on metrics that the instances' agents publish every minute, at the maximum of all instances.

    Missing data is a fault. The group never has fewer than two instances, and all of their agents are silent if permissions,
    an endpoint or settings are wrong. A new stack causes no alarm: the agent starts before an instance signals, CloudFormation
    creates this tier after the group, and CloudWatch sounds the alarm only after three periods without data. (A maximum does
    not show that one agent of several is silent.)
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    namespace = Sub(facts.agent_namespace(template.platform))
    silent = "or no instance's agent reports: look at its log, its rights and the endpoint of CloudWatch"
    for title, stem, metric, meaning in (
        (
            "InstanceMemory",
            "instance-memory",
            "mem_used_percent",
            f"An instance has less than a tenth of its memory free, {silent}",
        ),
        ("InstanceDisk", "instance-disk", "disk_used_percent", f"An instance's disk is nearly full, {silent}"),
    ):
        yield AlarmRow(
            title,
            stem,
            metric=MetricRow(namespace, metric, {}, "Maximum"),
            when=at_least(90),
            periods=3,
            missing="breaching",
            meaning=meaning,
        )


def _database_alarms(template: TierTemplate) -> Iterator[AlarmRow]:
    """Alarms with thresholds for the smallest class, db.r6g.large: 16 GiB of memory, 1000 connections."""
    yield database_alarm(
        template,
        "DatabaseCpu",
        "database-cpu",
        "CPUUtilization",
        "Average",
        when=at_least(80),
        meaning="The database's CPU is above 80 %: CloudWatch Database Insights shows which statements",
    )
    yield database_alarm(
        template,
        "DatabaseConnections",
        "database-connections",
        "DatabaseConnections",
        "Maximum",
        when=at_least(parameters.DATABASE_CONNECTIONS_ALARM),
        meaning=f"Connections come near their limit of {parameters.DATABASE_CONNECTIONS}",
    )
    yield database_alarm(
        template,
        "ReplicaLag",
        "database-replica-lag",
        "AuroraReplicaLagMaximum",
        "Maximum",
        when=at_least(1000),
        meaning="The reader is more than a second behind: a failover would show old rows",
    )
    yield database_alarm(
        template,
        "DatabaseMemory",
        "database-free-memory",
        "FreeableMemory",
        "Minimum",
        when=below(GIB_BYTES),
        meaning="Less than 1 GiB of the database's memory is free: a larger class is due",
    )


def widgets(template: TierTemplate) -> list[Widget]:
    """The dashboard's widgets, in the order in which a request passes from the edge to the database."""
    return [
        *_edge_widgets(template),
        *_balancer_widgets(template),
        *_instance_widgets(template),
        Widget("3 Errors in logs", [_errors(template, row) for row in ERRORS]),
        *_database_widgets(template),
        Widget("5 Rotation of the database login", function_lines(template, "rotate_secret")),
        Widget("5 Load balancer's log", function_lines(template, "balancer_logs")),
    ]


def _edge_widgets(template: TierTemplate) -> list[Widget]:
    edge = {"DistributionId": template.placeholder(ports.DISTRIBUTION_ID), "Region": "Global"}
    acl = {"WebACL": template.placeholder(ports.WEB_ACL_NAME), "Rule": "ALL"}
    return [
        Widget("1 Edge: requests", [Line("AWS/CloudFront", "Requests", edge, "Sum")]),
        Widget(
            "1 Edge: error rates",
            [Line("AWS/CloudFront", metric, edge, "Average") for metric in ("4xxErrorRate", "5xxErrorRate")],
        ),
        firewall_widget("1 Firewall: requests allowed and blocked", acl),
    ]


def _balancer(template: TierTemplate) -> dict[str, str]:
    return {"LoadBalancer": template.placeholder(ports.BALANCER_NAME)}


def _balancer_widgets(template: TierTemplate) -> list[Widget]:
    balancer = _balancer(template)
    counts = ("RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count")
    return [
        Widget(
            "2 Load balancer: requests and errors",
            [Line("AWS/ApplicationELB", metric, balancer, "Sum") for metric in counts],
        ),
        Widget(
            "2 Load balancer: response time",
            [Line("AWS/ApplicationELB", "TargetResponseTime", balancer, percentile) for percentile in ("p50", "p99")],
        ),
    ]


def _instance_widgets(template: TierTemplate) -> list[Widget]:
    targets = {"TargetGroup": template.placeholder(ports.TARGET_GROUP_NAME), **_balancer(template)}
    group = {"AutoScalingGroupName": template.placeholder(ports.WEB_GROUP_NAME)}
    return [
        Widget(
            "3 Instances: healthy and not",
            [
                Line("AWS/ApplicationELB", metric, targets, "Average")
                for metric in ("HealthyHostCount", "UnHealthyHostCount")
            ],
        ),
        Widget(
            "3 Instances: CPU and number",
            [
                Line("AWS/EC2", "CPUUtilization", group, "Average"),
                Line("AWS/AutoScaling", "GroupInServiceInstances", group, "Average", right=True),
            ],
        ),
    ]


def _errors(template: TierTemplate, row: ErrorRow) -> Line:
    name = f"{template.name_text(row.stem)}"
    return Line(_log_namespace(template), name, {}, "Sum")


def _database_widgets(template: TierTemplate) -> list[Widget]:
    cluster = {"DBClusterIdentifier": template.placeholder(ports.DATABASE_CLUSTER)}
    return [
        Widget(
            "4 Database: load and connections",
            [
                Line("AWS/RDS", "CPUUtilization", cluster, "Average"),
                Line("AWS/RDS", "DatabaseConnections", cluster, "Maximum", right=True),
            ],
        ),
        Widget(
            "4 Database: memory and replica lag",
            [
                Line("AWS/RDS", "FreeableMemory", cluster, "Minimum"),
                Line("AWS/RDS", "AuroraReplicaLagMaximum", cluster, "Maximum", right=True),
            ],
        ),
    ]
