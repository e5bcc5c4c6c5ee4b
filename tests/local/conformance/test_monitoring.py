"""Metrics, alarms and logs."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import allow, created, error_of, resources, role, unique
from tests.local.conformance.support.recorder import Recorder, code
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

NAMESPACE = "Conformance"


class Watch:
    """Metrics of one namespace."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.api = cloud.client("cloudwatch")

    def put(self, metric: str, *values: float, **dimensions: str) -> None:
        given = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        data = [{"MetricName": metric, "Value": value, "Dimensions": given} for value in values]
        self.api.put_metric_data(Namespace=NAMESPACE, MetricData=data)

    def statistics(self, metric: str, namespace: str = NAMESPACE, **dimensions: str) -> dict[str, float]:
        """Sum, average, maximum and count over the last hour."""
        now = datetime.now(UTC)
        answer = self.api.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=7200,
            Statistics=["Sum", "Average", "Maximum", "SampleCount"],
        )
        return {name: sum(point[name] for point in answer["Datapoints"]) for name in ("Sum", "SampleCount", "Maximum")}

    def state(self, alarm: str) -> str:
        found = self.api.describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        states = [entry["StateValue"] for kind in ("MetricAlarms", "CompositeAlarms") for entry in found.get(kind, [])]
        return str(states[0])


@pytest.fixture(scope="module")
def watch(cloud: EmbeddedCloud) -> Watch:
    return Watch(cloud)


def test_metric_data_has_statistics(watch: Watch) -> None:
    metric = unique("values")
    watch.put(metric, 1, 2, 6)
    assert watch.statistics(metric) == {"Sum": 9, "SampleCount": 3, "Maximum": 6}


def test_dimensions_make_another_metric(watch: Watch) -> None:
    metric = unique("dimensions")
    watch.put(metric, 1, Of="one")
    watch.put(metric, 5, Of="two")
    assert watch.statistics(metric, Of="one")["Sum"] == 1
    assert watch.statistics(metric)["SampleCount"] == 0


# -- alarms -----------------------------------------------------------------------------------------------------------

ALARMS = """
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Queue: {Type: AWS::SQS::Queue}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: "sqs:SendMessage", Resource: "*"}]
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn}
  High:
    Type: AWS::CloudWatch::Alarm
    Properties: &alarm
      Namespace: Conformance
      MetricName: NAME-high
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 5
      ComparisonOperator: GreaterThanThreshold
      AlarmActions: [!Ref Topic]
  Quiet:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {Namespace: Conformance, MetricName: NAME-quiet, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 5,
       ComparisonOperator: GreaterThanThreshold, TreatMissingData: notBreaching}
  Unknown:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {Namespace: Conformance, MetricName: NAME-unknown, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 5,
       ComparisonOperator: GreaterThanThreshold}
  Share:
    Type: AWS::CloudWatch::Alarm
    Properties:
      EvaluationPeriods: 1
      Threshold: 0.4
      ComparisonOperator: GreaterThanThreshold
      Metrics:
        - {Id: share, Expression: failed / SUM(METRICS()), ReturnData: true}
        - Id: failed
          ReturnData: false
          MetricStat: {Metric: {Namespace: Conformance, MetricName: NAME-failed}, Period: 60, Stat: Sum}
        - Id: total
          ReturnData: false
          MetricStat: {Metric: {Namespace: Conformance, MetricName: NAME-total}, Period: 60, Stat: Sum}
  Either:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmRule: !Sub 'ALARM("${High}") OR ALARM("${Quiet}")'}
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties: {DashboardName: NAME, DashboardBody: '{"widgets": [{"type": "text", "properties": {"markdown": "x"}}]}'}
"""
ALARMS = ALARMS.replace(" &alarm", "")


@pytest.fixture(scope="module")
def alarms(cloud: EmbeddedCloud, watch: Watch) -> Iterator[tuple[str, dict[str, str]]]:
    """The prefix of the metrics, and the physical ids."""
    name = unique("conformance")
    with created(cloud, ALARMS.replace("NAME", name)) as (stack, _):
        watch.put(f"{name}-high", 9)
        watch.put(f"{name}-failed", 9)
        watch.put(f"{name}-total", 10)
        yield name, resources(cloud, stack)


def quiet_alarm(watch: Watch, name: str, missing: str) -> None:
    """An alarm on a metric without data."""
    watch.api.put_metric_alarm(
        AlarmName=name,
        Namespace=NAMESPACE,
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData=missing,
    )


def test_missing_data_can_be_an_alarm(watch: Watch) -> None:
    name = unique("breaching")
    quiet_alarm(watch, name, "breaching")
    try:
        eventually(lambda: watch.state(name) == "ALARM", 30)
    finally:
        watch.api.delete_alarms(AlarmNames=[name])


def test_alarms_are_found_by_prefix(watch: Watch) -> None:
    prefix = unique("prefixed")
    names = [f"{prefix}-{number}" for number in range(3)]
    for name in (*names, f"other-{prefix}"):
        quiet_alarm(watch, name, "notBreaching")
    pages = watch.api.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, PaginationConfig={"PageSize": 2}
    )
    found = [[alarm["AlarmName"] for alarm in page["MetricAlarms"]] for page in pages]
    watch.api.delete_alarms(AlarmNames=[*names, f"other-{prefix}"])
    assert sorted(name for page in found for name in page) == names
    assert [len(page) for page in found] == [2, 1]


def test_alarm_goes_off_above_its_threshold(watch: Watch, alarms: tuple[str, dict[str, str]]) -> None:
    eventually(lambda: watch.state(alarms[1]["High"]) == "ALARM", 30)


def test_missing_data_can_be_ok(watch: Watch, alarms: tuple[str, dict[str, str]]) -> None:
    eventually(lambda: watch.state(alarms[1]["Quiet"]) == "OK", 30)


def test_missing_data_is_insufficient_by_default(watch: Watch, alarms: tuple[str, dict[str, str]]) -> None:
    assert watch.state(alarms[1]["Unknown"]) == "INSUFFICIENT_DATA"


def test_alarm_action_publishes_to_its_topic(cloud: EmbeddedCloud, alarms: tuple[str, dict[str, str]]) -> None:
    def message() -> Any:
        found = cloud.client("sqs").receive_message(QueueUrl=alarms[1]["Queue"]).get("Messages", [])
        return json.loads(json.loads(found[0]["Body"])["Message"]) if found else None

    body = eventually(message, 30)
    assert (body["AlarmName"], body["NewStateValue"]) == (alarms[1]["High"], "ALARM")


def test_alarm_on_metric_math(watch: Watch, alarms: tuple[str, dict[str, str]]) -> None:
    eventually(lambda: watch.state(alarms[1]["Share"]) == "ALARM", 30)


def test_composite_alarm_follows_its_rule(watch: Watch, alarms: tuple[str, dict[str, str]]) -> None:
    eventually(lambda: watch.state(alarms[1]["Either"]) == "ALARM", 30)


def test_dashboard_is_kept_as_declared(watch: Watch, alarms: tuple[str, dict[str, str]]) -> None:
    body = json.loads(watch.api.get_dashboard(DashboardName=alarms[0])["DashboardBody"])
    assert body["widgets"][0]["properties"] == {"markdown": "x"}


# -- logs -------------------------------------------------------------------------------------------------------------


class Group:
    """A log group with one stream."""

    def __init__(self, cloud: EmbeddedCloud, name: str) -> None:
        self.api, self.name = cloud.client("logs"), name
        self.api.create_log_stream(logGroupName=name, logStreamName="stream")

    def put(self, *messages: str, age_seconds: float = 0, stream: str = "stream") -> dict[str, Any]:
        now = round((time.time() - age_seconds) * 1000)
        events = [{"timestamp": now + number, "message": message} for number, message in enumerate(messages)]
        return dict(self.api.put_log_events(logGroupName=self.name, logStreamName=stream, logEvents=events))

    def read(self) -> list[str]:
        answer = self.api.get_log_events(logGroupName=self.name, logStreamName="stream", startFromHead=True)
        return [event["message"] for event in answer["events"]]


LOGS = """
Parameters: {Function: {Type: String}}
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
          - {Effect: Allow, Principal: {Service: !Sub "logs.${AWS::Region}.amazonaws.com"}, Action: "kms:*", Resource: "*"}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: NAME, RetentionInDays: 90, KmsKeyId: !GetAtt Key.Arn}}
  Errors:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: '{ $.level = "ERROR" && $.status >= 500 }'
      MetricTransformations: [{MetricNamespace: Conformance, MetricName: NAME-errors, MetricValue: "1"}]
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: "lambda:InvokeFunction", Principal: logs.amazonaws.com}
  ToFunction:
    Type: AWS::Logs::SubscriptionFilter
    DependsOn: Permission
    Properties: {LogGroupName: !Ref Group, FilterPattern: "?ERROR ?FATAL", DestinationArn: !Ref Function}
  Policy:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: NAME
      PolicyDocument: '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "logs:PutLogEvents", "Resource": "*"}]}'
"""  # noqa: E501 - a resource a line


@pytest.fixture(scope="module")
def declared(cloud: EmbeddedCloud, recorder: Recorder) -> Iterator[tuple[Group, dict[str, str]]]:
    name = unique("conformance")
    with created(cloud, LOGS.replace("NAME", name), {"Function": recorder.arn}) as (stack, _):
        yield Group(cloud, name), resources(cloud, stack)


@pytest.fixture
def group(cloud: EmbeddedCloud) -> Iterator[Group]:
    """A log group without filters."""
    name = unique("plain")
    cloud.client("logs").create_log_group(logGroupName=name)
    yield Group(cloud, name)
    cloud.client("logs").delete_log_group(logGroupName=name)


def test_log_events_are_read_in_order(group: Group) -> None:
    group.put("second")
    group.put("first", age_seconds=60)
    assert group.read() == ["first", "second"]


def test_stream_exists_once(group: Group) -> None:
    code_of = error_of(group.api.create_log_stream, logGroupName=group.name, logStreamName="stream")
    assert code_of == "ResourceAlreadyExistsException"


def test_events_for_a_missing_stream_fail(group: Group) -> None:
    with pytest.raises(group.api.exceptions.ResourceNotFoundException):
        group.put("x", stream="missing")


def test_log_group_has_retention_and_key(declared: tuple[Group, dict[str, str]]) -> None:
    group, ids = declared
    pages = group.api.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group.name[:12])
    (found,) = [entry for page in pages for entry in page["logGroups"] if entry["logGroupName"] == group.name]
    assert found["retentionInDays"] == 90
    assert found["kmsKeyId"].endswith(ids["Key"])


def test_old_events_are_rejected(group: Group) -> None:
    answer = group.put("old", age_seconds=15 * 24 * 3600)
    assert answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] in (0, 1)
    assert group.read() == []


def test_retention_deletes_events(group: Group) -> None:
    group.put("older than three days", age_seconds=4 * 24 * 3600)
    group.put("young")
    assert group.read() == ["older than three days", "young"]
    group.api.put_retention_policy(logGroupName=group.name, retentionInDays=3)
    assert group.read() == ["young"]


def test_metric_filter_counts_matches(watch: Watch, declared: tuple[Group, dict[str, str]]) -> None:
    group, _ = declared
    group.put('{"level": "ERROR", "status": 502, "n": 1}', '{"level": "INFO", "status": 502}')
    eventually(lambda: watch.statistics(f"{group.name}-errors")["Sum"] >= 1)


def test_json_pattern_compares_fields(group: Group) -> None:
    lines = ['{"level": "ERROR", "status": 502}', '{"level": "ERROR", "status": 404}', "no json"]
    group.put(*lines)

    def matches(pattern: str) -> list[str]:
        events = group.api.filter_log_events(logGroupName=group.name, filterPattern=pattern)["events"]
        return [event["message"] for event in events]

    assert matches('{ $.level = "ERROR" && $.status >= 500 }') == lines[:1]
    assert matches("{ $.status = 404 || $.status = 502 }") == lines[:2]
    assert matches("{ $.missing = * }") == []


def test_subscription_sends_matches_to_a_function(declared: tuple[Group, dict[str, str]], recorder: Recorder) -> None:
    group, _ = declared
    marker = unique("marker")
    group.put(f"FATAL {marker}", "INFO nothing")

    def sent() -> Any:
        bodies = [event["awslogs"]["data"] for event in recorder.events() if "awslogs" in event]
        opened = [json.loads(gzip.decompress(base64.b64decode(body))) for body in bodies]
        return next((entry for entry in opened if marker in json.dumps(entry)), None)

    body = eventually(sent)
    assert (body["messageType"], body["logGroup"], body["logStream"]) == ("DATA_MESSAGE", group.name, "stream")
    assert [event["message"] for event in body["logEvents"]] == [f"FATAL {marker}"]


def test_log_resource_policy_is_declared(declared: tuple[Group, dict[str, str]]) -> None:
    group, _ = declared
    policies = group.api.describe_resource_policies()["resourcePolicies"]
    (found,) = [entry for entry in policies if entry["policyName"] == group.name]
    assert "delivery.logs.amazonaws.com" in found["policyDocument"]


EMF = """
import json, time

def handler(event, context):
    print(json.dumps({
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
            {"Namespace": "Conformance", "Dimensions": [["service"]], "Metrics": [{"Name": event["metric"], "Unit": "Count"}]}]},
        "service": "conformance", event["metric"]: 7,
    }))
"""


def test_embedded_metrics_become_metrics(cloud: EmbeddedCloud, watch: Watch) -> None:
    metric, name, api = unique("embedded"), unique("emf"), cloud.client("lambda")
    api.create_function(
        FunctionName=name,
        Runtime="python3.14",
        Handler="index.handler",
        Role=role(cloud, allow("logs:*")),
        Code={"ZipFile": code(EMF)},
    )
    api.invoke(FunctionName=name, Payload=json.dumps({"metric": metric}))
    try:
        eventually(lambda: watch.statistics(metric, service="conformance")["Sum"] == 7)
    finally:
        api.delete_function(FunctionName=name)
