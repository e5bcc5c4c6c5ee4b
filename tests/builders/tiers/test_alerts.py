"""The alert topic of every platform, and what happens to an alert that nobody receives."""

from __future__ import annotations

import pytest

from builders.platforms import PLATFORMS
from tests.builders.support.conditions import deployed
from tests.builders.support.policies import statements
from tests.builders.support.resources import find_resource, resources, templates, text

QUEUE = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:"
EVERY_PLATFORM = pytest.mark.parametrize("platform", PLATFORMS)


@EVERY_PLATFORM
@pytest.mark.requirement("T-OBS-1", "X-MON-1")
def test_an_undelivered_alert_goes_to_a_dead_letter_queue_with_an_alarm(platform: str) -> None:
    built = templates(platform)
    subscription = deployed(
        built["alerts"], AlertEmail="ops@example.com", DatabaseMinCapacity="0.5", ReserveConcurrency="false"
    )
    redrive = subscription["AlertEmailSubscription"]["Properties"]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": {"Ref": "FunctionDeadLetterQueueArn"}}
    passed = built["root"]["Resources"]["Alerts"]["Properties"]["Parameters"]["FunctionDeadLetterQueueArn"]
    assert passed == {"Fn::GetAtt": ["Housekeeping", "Outputs.FunctionDeadLetterQueueArn"]}
    queue = find_resource(platform, "FunctionDeadLetters").properties
    assert "FifoQueue" not in queue, "a standard topic needs a standard queue"
    (alarm,) = (a for a in resources(platform, "AWS::CloudWatch::Alarm") if a.title == "FunctionDeadLettersAlarm")
    assert {"Ref": "FunctionDeadLetterQueueName"} in [d["Value"] for d in alarm.properties["Dimensions"]]


@EVERY_PLATFORM
@pytest.mark.requirement("A-6", "A-4")
def test_only_the_alert_topic_moves_messages_to_the_queue_and_sns_may_encrypt_them(platform: str) -> None:
    policy = statements(find_resource(platform, "FunctionDeadLettersPolicy").properties["PolicyDocument"])
    (allowed,) = (statement for statement in policy if statement["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": ["sns.amazonaws.com"]}
    assert allowed["Action"] == ["sqs:SendMessage"]
    name = text(find_resource(platform, "FunctionDeadLetters").properties["QueueName"])
    assert [text(arn) for arn in allowed["Resource"]] == [QUEUE + name]
    topic = text(find_resource(platform, "AlertTopic").properties["TopicName"])
    source = text(allowed["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert source == f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:{topic}"
    key = statements(find_resource(platform, "MessagingKey").properties["KeyPolicy"])
    (use,) = (statement for statement in key if statement["Sid"] == "UndeliveredAlerts")
    assert use["Principal"] == {"Service": ["sns.amazonaws.com"]}
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= set(use["Action"])
    assert "kms:EncryptionContext:aws:sqs:arn" in str(use["Condition"])
