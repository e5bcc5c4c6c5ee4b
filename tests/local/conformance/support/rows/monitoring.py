"""CloudWatch and CloudWatch Logs."""

from __future__ import annotations

from tests.local.conformance.support.row import DOCS, Row, Table

_WATCH = f"{DOCS}AmazonCloudWatch/latest/monitoring/"
_LOGS = f"{DOCS}AmazonCloudWatch/latest/logs/"
_LOGS_API = f"{DOCS}AmazonCloudWatchLogs/latest/APIReference/"
_ALARM, _GROUP = "AWS::CloudWatch::Alarm", "AWS::Logs::LogGroup"

CLOUDWATCH = Table(
    "CloudWatch",
    (
        Row(
            "metric_data_has_statistics",
            "GetMetricStatistics gives sum, average, maximum and count of the period's values.",
            f"{DOCS}AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html",
        ),
        Row(
            "dimensions_make_another_metric",
            "Values with other dimensions belong to another metric.",
            f"{_WATCH}cloudwatch_concepts.html",
        ),
        Row(
            "alarm_goes_off_above_its_threshold",
            "An alarm is in ALARM when its metric crosses the threshold in the declared periods.",
            f"{_WATCH}AlarmThatSendsEmail.html",
            types=(_ALARM,),
        ),
        Row(
            "missing_data_can_be_ok",
            "With TreatMissingData notBreaching, an alarm without data is OK.",
            f"{_WATCH}AlarmThatSendsEmail.html#alarms-and-missing-data",
            types=(_ALARM,),
        ),
        Row(
            "missing_data_is_insufficient_by_default",
            "Without TreatMissingData, an alarm without data is INSUFFICIENT_DATA.",
            f"{_WATCH}AlarmThatSendsEmail.html#alarms-and-missing-data",
            types=(_ALARM,),
        ),
        Row(
            "missing_data_can_be_an_alarm",
            "With TreatMissingData breaching, an alarm without data is in ALARM.",
            f"{_WATCH}AlarmThatSendsEmail.html#alarms-and-missing-data",
            types=(_ALARM,),
        ),
        Row(
            "alarms_are_found_by_prefix",
            "DescribeAlarms with AlarmNamePrefix gives the alarms whose names begin so, in pages.",
            f"{DOCS}AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html",
            types=(_ALARM,),
        ),
        Row(
            "alarm_action_publishes_to_its_topic",
            "When the state changes, the alarm publishes to its topic.",
            f"{_WATCH}AlarmThatSendsEmail.html",
            types=(_ALARM, "AWS::SNS::Topic"),
        ),
        Row(
            "alarm_on_metric_math",
            "An alarm may evaluate an expression of several metrics.",
            f"{_WATCH}Create-alarm-on-metric-math-expression.html",
            types=(_ALARM,),
        ),
        Row(
            "composite_alarm_follows_its_rule",
            "A composite alarm is in ALARM if its rule is true.",
            f"{_WATCH}Create_Composite_Alarm.html",
            types=("AWS::CloudWatch::CompositeAlarm",),
        ),
        Row(
            "dashboard_is_kept_as_declared",
            "GetDashboard gives the declared body.",
            f"{_WATCH}CloudWatch_Dashboards.html",
            types=("AWS::CloudWatch::Dashboard",),
        ),
        Row(
            "embedded_metrics_become_metrics",
            "A log event in embedded metric format becomes a metric.",
            f"{_WATCH}CloudWatch_Embedded_Metric_Format_Specification.html",
        ),
    ),
)

LOGS = Table(
    "CloudWatch Logs",
    (
        Row(
            "log_events_are_read_in_order",
            "PutLogEvents stores events of a stream, which GetLogEvents gives in order of their time.",
            f"{_LOGS_API}API_PutLogEvents.html",
            calls=("logs.put_log_events", "logs.create_log_stream"),
        ),
        Row(
            "stream_exists_once",
            "CreateLogStream of an existing stream is ResourceAlreadyExistsException.",
            f"{_LOGS_API}API_CreateLogStream.html",
            calls=("logs.create_log_stream",),
        ),
        Row(
            "events_for_a_missing_stream_fail",
            "PutLogEvents to a stream that does not exist is ResourceNotFoundException.",
            f"{_LOGS_API}API_PutLogEvents.html",
            calls=("logs.put_log_events",),
        ),
        Row(
            "log_group_has_retention_and_key",
            "DescribeLogGroups gives retention and key as declared, by prefix and in pages.",
            f"{_LOGS_API}API_DescribeLogGroups.html",
            types=(_GROUP,),
            calls=("logs.describe_log_groups",),
        ),
        Row(
            "old_events_are_rejected",
            "PutLogEvents rejects events older than 14 days, and says which.",
            f"{_LOGS_API}API_PutLogEvents.html",
            calls=("logs.put_log_events",),
        ),
        Row(
            "retention_deletes_events",
            "CloudWatch Logs deletes events after the days of retention.",
            f"{_LOGS}Working-with-log-groups-and-streams.html",
            types=(_GROUP,),
        ),
        Row(
            "metric_filter_counts_matches",
            "A metric filter adds its value to a metric for each matching event.",
            f"{_LOGS}MonitoringLogData.html",
            types=("AWS::Logs::MetricFilter",),
        ),
        Row(
            "json_pattern_compares_fields",
            "A JSON pattern compares fields with strings, numbers and combinations.",
            f"{_LOGS}FilterAndPatternSyntax.html",
            types=("AWS::Logs::MetricFilter",),
        ),
        Row(
            "subscription_sends_matches_to_a_function",
            "A subscription filter invokes its function with the matching events, Base64-encoded and compressed.",
            f"{_LOGS}SubscriptionFilters.html",
            types=("AWS::Logs::SubscriptionFilter",),
        ),
        Row(
            "log_resource_policy_is_declared",
            "DescribeResourcePolicies gives the declared policy.",
            f"{_LOGS}AWS-logs-and-resource-policy.html",
            types=("AWS::Logs::ResourcePolicy",),
            calls=("logs.describe_resource_policies",),
        ),
    ),
)
