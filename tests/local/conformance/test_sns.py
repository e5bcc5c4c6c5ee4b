"""Topics and their subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import (
    allow,
    assume,
    created,
    deny,
    document,
    error_of,
    is_denied,
    resources,
    role,
    unique,
)
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

TOPIC = """
Parameters: {Publisher: {Type: String}}
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Queue: {Type: AWS::SQS::Queue}
  Allowed:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition: {ArnEquals: {"aws:SourceArn": !Ref Topic}}
  ToQueue: {Type: AWS::SNS::Subscription, DependsOn: Allowed, Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn}}
  ToPeople: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: people@example.com}}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: !Ref Publisher}, Action: "sns:Publish", Resource: !Ref Topic}]
"""  # noqa: E501 - a resource a line


@pytest.fixture(scope="module")
def publisher(cloud: EmbeddedCloud) -> str:
    """A role without policies."""
    return role(cloud)


@pytest.fixture(scope="module")
def ids(cloud: EmbeddedCloud, publisher: str) -> Iterator[dict[str, str]]:
    with created(cloud, TOPIC, {"Publisher": publisher}) as (stack, _):
        yield resources(cloud, stack)


def test_publication_reaches_a_queue(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    cloud.client("sns").publish(TopicArn=ids["Topic"], Subject="alarm", Message="text")

    def message() -> Any:
        found = cloud.client("sqs").receive_message(QueueUrl=ids["Queue"]).get("Messages", [])
        return json.loads(found[0]["Body"]) if found else None

    body = eventually(message)
    assert (body["TopicArn"], body["Subject"], body["Message"]) == (ids["Topic"], "alarm", "text")
    assert body["Type"] == "Notification"


def test_email_waits_for_confirmation(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    found = cloud.client("sns").list_subscriptions_by_topic(TopicArn=ids["Topic"])["Subscriptions"]
    (mail,) = [entry for entry in found if entry["Protocol"] == "email"]
    assert mail["SubscriptionArn"] == "PendingConfirmation"


def test_long_subject_is_rejected(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    code = error_of(cloud.client("sns").publish, TopicArn=ids["Topic"], Subject="x" * 101, Message="text")
    assert code in ("InvalidParameter", "InvalidParameterException")


def test_topic_policy_lets_a_role_publish(cloud: EmbeddedCloud, publisher: str, ids: dict[str, str]) -> None:
    other = cloud.client("sns", assume(cloud, role(cloud)))
    named = cloud.client("sns", assume(cloud, publisher))
    assert is_denied(other.publish, TopicArn=ids["Topic"], Message="text")
    assert not is_denied(named.publish, TopicArn=ids["Topic"], Message="text")


def test_unknown_topic_is_not_found(cloud: EmbeddedCloud, ids: dict[str, str]) -> None:
    code = error_of(cloud.client("sns").publish, TopicArn=ids["Topic"] + "-gone", Message="text")
    assert code in ("NotFound", "NotFoundException")


def test_deny_in_a_topic_policy_wins(cloud: EmbeddedCloud) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name=unique("guarded"))["TopicArn"]
    chosen, other = role(cloud, allow("sns:Publish")), role(cloud, allow("sns:Publish"))
    stranger = {"ArnNotEquals": {"aws:PrincipalArn": chosen}}
    policy = document({**deny("sns:Publish", topic, stranger), "Principal": "*"})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    for publisher, is_stopped in ((chosen, False), (other, True)):
        publish = cloud.client("sns", assume(cloud, publisher)).publish
        assert is_denied(publish, TopicArn=topic, Message="text") is is_stopped


SEALED = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !GetAtt Key.Arn}}
  Queue: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Queue.Arn
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}
Outputs: {Dead: {Value: !GetAtt Dead.Arn}, Key: {Value: !GetAtt Key.Arn}}
"""


@pytest.fixture(scope="module")
def sealed(cloud: EmbeddedCloud) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Physical ids and outputs of a topic with a key, and a subscription with a dead-letter queue."""
    with created(cloud, SEALED) as (stack, outcome):
        yield resources(cloud, stack), outcome.outputs


def test_subscription_keeps_its_redrive_policy(
    cloud: EmbeddedCloud, sealed: tuple[dict[str, str], dict[str, str]]
) -> None:
    ids, outputs = sealed
    found = cloud.client("sns").get_subscription_attributes(SubscriptionArn=ids["Subscription"])["Attributes"]
    assert json.loads(found["RedrivePolicy"]) == {"deadLetterTargetArn": outputs["Dead"]}


def test_topic_names_its_key(cloud: EmbeddedCloud, sealed: tuple[dict[str, str], dict[str, str]]) -> None:
    ids, outputs = sealed
    attributes = cloud.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert attributes["KmsMasterKeyId"] == outputs["Key"]
