"""Requests, events and logs of the sample stack travel as on AWS, each function with its own role."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.clients.answer import Answer
from local.clients.api import call_api
from local.cloud import EmbeddedCloud
from tests.local.support.sample import SampleStack, function_zip
from tests.local.support.stacks import Outcome, change, delete, existing_stacks
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

ACCOUNT = "111122223333"
Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def call(cloud: EmbeddedCloud, sample: Outcome) -> Call:
    """Post a record to the API as the client role with the API key; keywords replace parts of the request."""
    key = cloud.client("apigateway").get_api_key(apiKey=sample.outputs["ApiKeyId"], includeValue=True)["value"]
    role = sample.outputs["ApiClientRoleArn"]
    credentials = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="client")["Credentials"]

    def post(record: object, **changes: Any) -> Answer:
        options: dict[str, Any] = {"body": json.dumps(record).encode(), "credentials": credentials, "api_key": key}
        return call_api(cloud, "POST", f"{sample.outputs['ApiUrl']}/records", **{**options, **changes})

    return post


def test_open_route_needs_nothing(cloud: EmbeddedCloud, sample: Outcome) -> None:
    answer = call_api(cloud, "GET", f"{sample.outputs['ApiUrl']}/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


def test_signed_request_with_key_reaches_the_function_with_its_identity(call: Call, sample: Outcome) -> None:
    answer = call({"symbol": "ACME"})
    assert answer.status == 202
    assert answer.json()["apiKeyId"] == sample.outputs["ApiKeyId"]
    assert answer.json()["caller"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/sample-client-dev/client"
    assert answer.json()["database"] == "trading_app"  # by its role's own token, over TLS


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"credentials": None}, 403), ({"api_key": None}, 403), ({"api_key": "stranger"}, 403)],
    ids=["unsigned", "without key", "with a strange key"],
)
def test_incomplete_requests_are_rejected(call: Call, changes: dict[str, Any], status: int) -> None:
    assert call({"symbol": "ACME"}, **changes).status == status


def test_a_role_without_the_right_to_invoke_is_rejected(cloud: EmbeddedCloud, call: Call, sample: Outcome) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    limited = cloud.client("sts").assume_role(
        RoleArn=sample.outputs["ApiClientRoleArn"], RoleSessionName="limited", Policy=json.dumps(policy)
    )["Credentials"]
    answer = call({"symbol": "ACME"}, credentials=limited)
    assert answer.status == 403
    assert b"execute-api:Invoke" in answer.body


def test_validator_rejects_a_body_and_reports_why(call: Call) -> None:
    answer = call({"price": 1})
    assert answer.status == 400
    assert answer.json()["error"].strip() == "Invalid request body"


def test_each_request_leaves_its_line_in_the_access_log(cloud: EmbeddedCloud, call: Call) -> None:
    answer = call({"symbol": "ACME"})
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/apigateway/sample-dev")["events"]
    assert json.loads(events[-1]["message"])["status"] == str(answer.status) == "202"


def test_a_failed_function_reports_nothing_to_the_client(call: Call) -> None:
    answer = call({"symbol": "ACME", "ask": "boom"})
    assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})


def test_functions_have_only_their_roles_rights(cloud: EmbeddedCloud, call: Call) -> None:
    assert call({"symbol": "ACME", "ask": "forbidden"}).status == 502
    group = "/aws/lambda/sample-answer-dev"
    events = eventually(
        lambda: cloud.client("logs").filter_log_events(logGroupName=group, filterPattern="AccessDenied")["events"], 20
    )
    assert "sample-answer-dev is not authorized to perform: s3:ListAllMyBuckets" in events[0]["message"]


def test_database_users_of_other_roles_are_rejected(call: Call) -> None:
    answer = call({"symbol": "ACME", "user": "trading_analyst"})
    assert "PAM authentication failed" in answer.json()["database"]


def test_objects_flow_through_the_queue_and_modules_stay_apart(cloud: EmbeddedCloud, call: Call) -> None:
    """Both functions have a module ``common``; each imports its own."""
    stored = call({"symbol": "FLOW"}).json()
    assert stored["common"] == "of answer"
    s3, bucket = cloud.client("s3"), f"sample-processed-dev-{ACCOUNT}"
    key = f"of-consume/{stored['key']}"
    eventually(lambda: key in {o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}, 20)


def test_a_poisoned_message_is_redriven_and_its_error_reaches_the_topic(cloud: EmbeddedCloud, call: Call) -> None:
    sqs = cloud.client("sqs")
    dead, inbox = (sqs.get_queue_url(QueueName=f"sample-{name}-dev")["QueueUrl"] for name in ("dead", "inbox"))
    poisoned, healthy = call({"symbol": "POISON"}).json()["key"], call({"symbol": "HEALTHY"}).json()["key"]
    s3, bucket = cloud.client("s3"), f"sample-processed-dev-{ACCOUNT}"
    eventually(lambda: f"of-consume/{healthy}" in {o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]}, 20)

    def in_queue(url: str) -> bool:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return any(poisoned in message["Body"] for message in messages)

    eventually(lambda: in_queue(inbox), 20)
    eventually(lambda: in_queue(dead), 20)
    metrics = cloud.client("cloudwatch").list_metrics(Namespace="Sample/dev", MetricName="Errors")["Metrics"]
    assert metrics, "the metric filter counted the error"


NO_GROUP = """
Parameters: {Key: {Type: String}, Bucket: {Type: String}, Actions: {Type: CommaDelimitedList}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: logs
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: without-group
      Runtime: python3.14
      Handler: alert.handler.handler
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref Bucket, S3Key: !Ref Key}
"""


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ("logs:PutLogEvents", []),
        ("logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents", ["/aws/lambda/without-group"]),
    ],
    ids=["may not create", "may create"],
)
def test_log_groups_appear_only_by_the_roles_right(
    cloud: EmbeddedCloud, sample_stack: SampleStack, actions: str, expected: list[str]
) -> None:
    key = sample_stack.put(function_zip("alert"), "zip")
    change(cloud, "no-group", NO_GROUP, {"Key": key, "Bucket": sample_stack.bucket, "Actions": actions})
    cloud.client("lambda").invoke(FunctionName="without-group", Payload=b"{}")
    logs = cloud.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/without-group")["logGroups"]
    assert [group["logGroupName"] for group in groups] == expected
    delete(cloud, "no-group")
    for name in expected:
        assert name in cloud.leftovers()["cloudwatch_logs._log_groups"]
        logs.delete_log_group(logGroupName=name)


def test_update_then_destroy_leaves_nothing(cloud: EmbeddedCloud, sample_stack: SampleStack) -> None:
    """A second suffix beside the first; its deletion leaves exactly what existed before."""
    before = cloud.leftovers()
    assert sample_stack.deploy("end", Singletons="false").status == "CREATE_COMPLETE"
    assert sample_stack.deploy("end", Singletons="false").status == "NO_CHANGES"
    cloud.client("s3").put_object(Bucket=f"sample-raw-end-{ACCOUNT}", Key="market-data/x.json", Body=b"{}")
    changes = {"storage.yaml": ("VisibilityTimeout: 2", "VisibilityTimeout: 7")}
    updated = sample_stack.deploy("end", changes, Singletons="false", Retention="7")
    assert updated.status == "UPDATE_COMPLETE", updated.failures
    [group] = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/sample/flow-end")["logGroups"]
    assert group["retentionInDays"] == 7
    ended = delete(cloud, "sample-end")
    assert (ended.status, ended.failures) == ("DELETE_COMPLETE", [])
    assert [entry["StackName"] for entry in existing_stacks(cloud) if "sample-end" in entry["StackName"]] == []
    after = cloud.leftovers()
    artifacts = [store for store in after if store.startswith("s3.")]  # new templates in the artifact bucket
    assert {k: v for k, v in after.items() if k not in artifacts} == {
        k: v for k, v in before.items() if k not in artifacts
    }
    assert after["s3._buckets"] == before["s3._buckets"]


def test_a_bad_change_rolls_back_and_says_why(cloud: EmbeddedCloud, sample_stack: SampleStack) -> None:
    bad = {"housekeeping.yaml": ('Version: "1", Host: !Ref DatabaseHost', "Version: '1', Host: 127.0.0.2")}
    outcome = sample_stack.deploy("bad", bad, Singletons="false")
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert any("Migration" in reason and "127.0.0.2" in reason for reason in outcome.failures)
    delete(cloud, "sample-bad")
    assert not [key for keys in cloud.leftovers().values() for key in keys if "sample-bad" in key]
