"""Functions: environment, errors, limits, permissions, queues."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import ACCOUNT, REGION, allow, created, error_of, resources, role, unique
from tests.local.conformance.support.recorder import Recorder, code, recording_function
from tests.local.support.stacks import change
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

SOURCE = """
import os, time
seen = []

def handler(event, context):
    ask = event.get("ask")
    if ask == "environment":
        return {name: os.environ.get(name) for name in event["names"]}
    if ask == "memory":
        seen.append(1)
        return len(seen)
    if ask == "context":
        return [context.aws_request_id, context.invoked_function_arn, context.get_remaining_time_in_millis()]
    if ask == "raise":
        raise ValueError("as asked")
    if ask == "sleep":
        time.sleep(5)
    if ask == "list":
        import boto3
        return len(boto3.client("s3").list_buckets()["Buckets"])
    if ask == "write":
        path = event["path"] + "/conformance-of-lambda"
        open(path, "w").close()
        os.remove(path)
        return "written"
    if ask == "allocate":
        return len(bytearray(event["mebibytes"] * 1024 * 1024))
    print("printed", event)
"""

Invoke = Callable[..., dict[str, Any]]


@contextmanager
def function(cloud: EmbeddedCloud, source: str = SOURCE, **options: Any) -> Iterator[str]:
    """A function that may only write logs; gives its name."""
    name = unique("conformance")
    arguments = {"Role": role(cloud, allow("logs:*")), "Timeout": 2, "MemorySize": 128, **options}
    cloud.client("lambda").create_function(
        FunctionName=name, Runtime="python3.14", Handler="index.handler", Code={"ZipFile": code(source)}, **arguments
    )
    yield name
    cloud.client("lambda").delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def name(cloud: EmbeddedCloud) -> Iterator[str]:
    with function(cloud, Environment={"Variables": {"TABLE": "sessions"}}) as created_name:
        yield created_name


def invoked(cloud: EmbeddedCloud, name: str, **event: Any) -> dict[str, Any]:
    """The payload, or the error, of an invocation: ``{"answer": …}`` or ``{"error": …, "kind": …}``."""
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read() or b"null")
    return {"error": payload, "kind": answer["FunctionError"]} if "FunctionError" in answer else {"answer": payload}


def test_environment_reaches_the_function(cloud: EmbeddedCloud, name: str) -> None:
    names = ["TABLE", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    answer = invoked(cloud, name, ask="environment", names=names)["answer"]
    assert list(answer.values()) == ["sessions", REGION, name, "128"]


def test_environment_is_reused(cloud: EmbeddedCloud, name: str) -> None:
    first = invoked(cloud, name, ask="memory")["answer"]
    assert invoked(cloud, name, ask="memory")["answer"] == first + 1


def test_context_knows_the_remaining_time(cloud: EmbeddedCloud, name: str) -> None:
    identifier, arn, remaining = invoked(cloud, name, ask="context")["answer"]
    assert identifier
    assert arn == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    assert 0 < remaining <= 2000


def test_raised_error_is_a_function_error(cloud: EmbeddedCloud, name: str) -> None:
    outcome = invoked(cloud, name, ask="raise")
    assert outcome["kind"] == "Unhandled"
    assert (outcome["error"]["errorType"], outcome["error"]["errorMessage"]) == ("ValueError", "as asked")


def test_timeout_ends_the_invocation(cloud: EmbeddedCloud, name: str) -> None:
    outcome = invoked(cloud, name, ask="sleep")
    assert "Task timed out after 2.00 seconds" in outcome["error"]["errorMessage"]


def test_function_acts_as_its_role(cloud: EmbeddedCloud, name: str) -> None:
    outcome = invoked(cloud, name, ask="list")
    assert "AccessDenied" in outcome["error"]["errorMessage"]


def test_only_tmp_is_writable(cloud: EmbeddedCloud, name: str) -> None:
    assert invoked(cloud, name, ask="write", path="/tmp")["answer"] == "written"
    outcome = invoked(cloud, name, ask="write", path="/var/tmp")
    assert outcome.get("kind") == "Unhandled"
    assert outcome["error"]["errorType"] == "OSError"


def test_memory_limit_ends_the_process(cloud: EmbeddedCloud, name: str) -> None:
    assert "kind" in invoked(cloud, name, ask="allocate", mebibytes=300)


def test_reserved_concurrency_of_zero_throttles(cloud: EmbeddedCloud) -> None:
    with function(cloud) as name:
        api = cloud.client("lambda")
        api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        assert error_of(api.invoke, FunctionName=name, Payload=b"{}") == "TooManyRequestsException"


def test_reserved_concurrency_is_told(cloud: EmbeddedCloud) -> None:
    with function(cloud) as name:
        api = cloud.client("lambda")
        assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=name)
        api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
        assert api.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3


def test_output_goes_to_the_log_group(cloud: EmbeddedCloud, name: str) -> None:
    invoked(cloud, name, note="for the log")

    def lines() -> list[str]:
        found = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return [event["message"] for event in found]

    eventually(lambda: any("for the log" in line for line in lines()))
    printed = next(number for number, line in enumerate(lines()) if "for the log" in line)
    before, after = lines()[:printed], lines()[printed:]
    assert any(line.startswith("START RequestId:") for line in before)
    assert any(line.startswith("REPORT RequestId:") for line in after)


SUBSCRIBED = """
Parameters: {Function: {Type: String}}
Resources:
  Group: {Type: AWS::Logs::LogGroup}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: "lambda:InvokeFunction", Principal: logs.amazonaws.com, SourceArn: !GetAtt Group.Arn}
"""  # noqa: E501 - a resource a line


def test_permission_lets_a_service_invoke(cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    with recording_function(cloud) as recorder:
        group = unique("unpermitted")
        logs.create_log_group(logGroupName=group)
        arguments = {"filterName": "all", "filterPattern": "", "destinationArn": recorder.arn}
        assert error_of(logs.put_subscription_filter, logGroupName=group, **arguments) == "InvalidParameterException"
        with created(cloud, SUBSCRIBED, {"Function": recorder.arn}) as (stack, _):
            logs.put_subscription_filter(logGroupName=resources(cloud, stack)["Group"], **arguments)


def test_asynchronous_failure_reaches_the_dead_letter_queue(cloud: EmbeddedCloud) -> None:
    """Without retries, which take minutes."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("dead"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sender = role(cloud, allow("logs:*"), allow("sqs:SendMessage", arn))
    with function(cloud, DeadLetterConfig={"TargetArn": arn}, Role=sender) as name:
        api = cloud.client("lambda")
        api.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        api.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"ask": "raise"}))

        def letter() -> Any:
            answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
            return answer.get("Messages")

        (message,) = eventually(letter)
        assert json.loads(message["Body"]) == {"ask": "raise"}
        assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "as asked"


# -- queues -----------------------------------------------------------------------------------------------------------

MAPPED = """
Parameters: {Function: {Type: String}}
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 6
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Function
      EventSourceArn: !GetAtt Queue.Arn
      BatchSize: 10
      MaximumBatchingWindowInSeconds: 1
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: {MaximumConcurrency: 2}
Outputs: {Arn: {Value: !GetAtt Queue.Arn}}
"""


class Mapped:
    """A queue whose messages invoke a recorder."""

    def __init__(self, cloud: EmbeddedCloud, recorder: Recorder, ids: dict[str, str], arn: str) -> None:
        self.sqs, self.cloud, self.recorder, self.ids, self.arn = cloud.client("sqs"), cloud, recorder, ids, arn

    def send(self, *bodies: str) -> list[str]:
        """Send a batch and give its message ids."""
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        answer = self.sqs.send_message_batch(QueueUrl=self.ids["Queue"], Entries=entries)
        return [entry["MessageId"] for entry in answer["Successful"]]

    def count(self, body: str) -> int:
        """How often the function got a message."""
        records = [record for event in self.recorder.events() for record in event.get("Records", [])]
        return sum(record["body"] == body for record in records)

    def remaining(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.ids["Queue"], AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())


@pytest.fixture(scope="module")
def mapped(cloud: EmbeddedCloud) -> Iterator[Mapped]:
    with (
        recording_function(cloud, timeout=6) as recorder,
        created(cloud, MAPPED, {"Function": recorder.arn}) as (stack, outcome),
    ):
        yield Mapped(cloud, recorder, resources(cloud, stack), outcome.outputs["Arn"])


def test_queue_messages_come_in_batches(mapped: Mapped) -> None:
    (identifier,) = mapped.send("first")
    event = mapped.recorder.wait_for(identifier)
    assert len(event["Records"]) <= 10
    (record,) = [entry for entry in event["Records"] if entry["messageId"] == identifier]
    assert (record["body"], record["eventSource"], record["eventSourceARN"]) == ("first", "aws:sqs", mapped.arn)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_successful_batch_is_deleted(mapped: Mapped) -> None:
    mapped.send("done one", "done two")
    eventually(lambda: mapped.count("done one") and mapped.count("done two"))
    eventually(lambda: mapped.remaining() == 0)
    assert mapped.count("done one") == mapped.count("done two") == 1


def test_partial_failure_returns_some_messages(mapped: Mapped) -> None:
    mapped.send("good", "fail partially")
    eventually(lambda: mapped.count("fail partially") == 2, 30)
    assert mapped.count("good") == 1


def test_failing_batch_ends_in_the_dead_letter_queue(mapped: Mapped) -> None:
    (identifier,) = mapped.send("fail always")

    def is_dead() -> bool:
        found = mapped.sqs.receive_message(QueueUrl=mapped.ids["Dead"], MaxNumberOfMessages=10, VisibilityTimeout=0)
        return identifier in [message["MessageId"] for message in found.get("Messages", [])]

    eventually(is_dead, 40)
    assert mapped.count("fail always") == 2


def test_mapping_has_a_maximum_concurrency(mapped: Mapped) -> None:
    api = mapped.cloud.client("lambda")
    identifier = mapped.ids["Mapping"]
    assert api.get_event_source_mapping(UUID=identifier)["ScalingConfig"] == {"MaximumConcurrency": 2}


CODE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
  Function:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.14, Handler: index.handler, Role: !GetAtt Role.Arn, Code: {S3Bucket: BUCKET, S3Key: KEY}}
"""


def test_new_code_replaces_the_old(cloud: EmbeddedCloud) -> None:
    s3, bucket = cloud.client("s3"), unique("code")
    s3.create_bucket(Bucket=bucket)
    template = CODE.replace("BUCKET", bucket)
    for key, answer in (("one.zip", "one"), ("two.zip", "two")):
        s3.put_object(Bucket=bucket, Key=key, Body=code(f"def handler(event, context):\n    return '{answer}'\n"))
    with created(cloud, template.replace("KEY", "one.zip")) as (stack, _):
        name = resources(cloud, stack)["Function"]
        first = cloud.client("lambda").get_function_configuration(FunctionName=name)["CodeSha256"]
        assert invoked(cloud, name)["answer"] == "one"
        assert change(cloud, stack, template.replace("KEY", "two.zip")).status == "UPDATE_COMPLETE"
        assert invoked(cloud, name)["answer"] == "two"
        second = cloud.client("lambda").get_function_configuration(FunctionName=name)["CodeSha256"]
    assert len(base64.b64decode(first)) == len(base64.b64decode(second)) == 32
    assert first != second
