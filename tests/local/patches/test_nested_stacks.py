"""Nested stacks: creation, update, no change, rollback and deletion behave as on AWS."""

from __future__ import annotations

import pytest

from local.cloud import EmbeddedCloud
from tests.local.support.sample import SampleStack, function_zip
from tests.local.support.stacks import change, delete, existing_stacks, physical_ids

pytestmark = pytest.mark.emulator

CHILD = """
Parameters: {Name: {Type: String}, Text: {Type: String, Default: first}, Bad: {Type: String, Default: "no"}}
Conditions: {IsBad: !Equals [!Ref Bad, "yes"]}
Resources:
  Unchanged: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Name}-queue"}}
  Changed: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Name}-topic", DisplayName: !Ref Text}}
  Fails: {Type: AWS::SQS::Queue, Condition: IsBad, DependsOn: [Changed, Unchanged], Properties: {QueueName: bad.fifo}}
  Late: {Type: AWS::SQS::Queue, DependsOn: Changed, Properties: {QueueName: !Sub "${Name}-late-${Text}"}}
Outputs:
  Arn: {Value: !GetAtt Unchanged.Arn}
"""

ROOT = """
Parameters: {Name: {Type: String}, Text: {Type: String, Default: first}, Bad: {Type: String, Default: "no"}}
Resources:
  One:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ADDRESS
      Parameters: {Name: !Sub "${Name}-one", Text: !Ref Text}
      Tags: [{Key: Owner, Value: tests}]
  Two:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: ADDRESS, Parameters: {Name: !Sub "${Name}-two", Text: !Ref Text, Bad: !Ref Bad}}
    DependsOn: One
Outputs:
  Arn: {Value: !GetAtt Two.Outputs.Arn}
"""


@pytest.fixture
def root(sample_stack: SampleStack) -> str:
    key = sample_stack.put(CHILD.encode(), "yaml")
    return ROOT.replace("ADDRESS", f"https://s3.us-east-1.amazonaws.com/{sample_stack.bucket}/{key}")


def queues(cloud: EmbeddedCloud, prefix: str) -> list[str]:
    urls = cloud.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


def display_name(cloud: EmbeddedCloud, topic: str) -> str:
    arn = f"arn:aws:sns:us-east-1:111122223333:{topic}"
    return str(cloud.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"])


def test_create_no_change_update_and_delete(cloud: EmbeddedCloud, root: str) -> None:
    created = change(cloud, "life", root, {"Name": "life"})
    assert created.status == "CREATE_COMPLETE"
    assert created.outputs["Arn"].endswith(":life-two-queue")
    assert queues(cloud, "life-") == ["life-one-late-first", "life-one-queue", "life-two-late-first", "life-two-queue"]
    assert change(cloud, "life", root, {"Name": "life"}).status == "NO_CHANGES"
    before = physical_ids(cloud, "life")
    updated = change(cloud, "life", root, {"Name": "life", "Text": "second"})
    assert updated.status == "UPDATE_COMPLETE", updated.failures
    assert updated.outputs == created.outputs  # read from a resource that did not change
    assert display_name(cloud, "life-one-topic") == "second"
    assert queues(cloud, "life-") == [
        "life-one-late-second",
        "life-one-queue",
        "life-two-late-second",
        "life-two-queue",
    ]
    after = physical_ids(cloud, "life")
    assert (after["One"], after["One.Unchanged"]) == (before["One"], before["One.Unchanged"])
    assert delete(cloud, "life").status == "DELETE_COMPLETE"
    assert queues(cloud, "life-") == []
    assert [entry["StackName"] for entry in existing_stacks(cloud) if entry["StackName"].startswith("life")] == []


def test_failed_creation_leaves_nothing_and_says_why(cloud: EmbeddedCloud, root: str) -> None:
    outcome = change(cloud, "broken", root, {"Name": "broken", "Bad": "yes"})
    assert outcome.status == "ROLLBACK_COMPLETE"
    [reason] = outcome.failures
    assert "Fails (AWS::SQS::Queue): Can only include alphanumeric characters" in reason
    assert queues(cloud, "broken-") == []
    delete(cloud, "broken")


def test_failed_update_of_one_child_rolls_the_others_back(cloud: EmbeddedCloud, root: str) -> None:
    change(cloud, "back", root, {"Name": "back"})
    outcome = change(cloud, "back", root, {"Name": "back", "Text": "second", "Bad": "yes"})
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert display_name(cloud, "back-one-topic") == "first"
    assert queues(cloud, "back-") == ["back-one-late-first", "back-one-queue", "back-two-late-first", "back-two-queue"]
    assert change(cloud, "back", root, {"Name": "back"}).status == "NO_CHANGES"
    assert delete(cloud, "back").status == "DELETE_COMPLETE"


def test_children_carry_the_stack_tags_and_know_their_root(cloud: EmbeddedCloud, root: str) -> None:
    change(cloud, "tagged", root, {"Name": "tagged"}, Tags=[{"Key": "CostCenter", "Value": "trading-platform"}])
    cloudformation = cloud.client("cloudformation")
    [parent] = cloudformation.describe_stacks(StackName="tagged")["Stacks"]
    [child] = cloudformation.describe_stacks(StackName=physical_ids(cloud, "tagged")["One"])["Stacks"]
    tags = {tag["Key"]: tag["Value"] for tag in child["Tags"]}
    assert tags == {"CostCenter": "trading-platform", "Owner": "tests"}
    assert child["RootId"] == child["ParentId"] == parent["StackId"]
    queue = cloud.client("sqs").get_queue_url(QueueName="tagged-one-queue")["QueueUrl"]
    assert cloud.client("sqs").list_queue_tags(QueueUrl=queue)["Tags"]["CostCenter"] == "trading-platform"
    delete(cloud, "tagged")


def test_events_of_children_report_each_resource(cloud: EmbeddedCloud, root: str) -> None:
    change(cloud, "events", root, {"Name": "events"})
    child = physical_ids(cloud, "events")["One"]
    delete(cloud, "events")
    events = cloud.client("cloudformation").describe_stack_events(StackName=child)["StackEvents"]
    statuses = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]
    for status in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
        assert ("Unchanged", status) in statuses
    assert statuses[-1][1] == "DELETE_COMPLETE"


def test_a_child_that_cannot_be_deleted_fails_the_deletion(cloud: EmbeddedCloud, sample_stack: SampleStack) -> None:
    child = sample_stack.put(
        b"Resources: {Full: {Type: AWS::S3::Bucket, Properties: {BucketName: full-bucket}}}", "yaml"
    )
    url = f"https://s3.us-east-1.amazonaws.com/{sample_stack.bucket}/{child}"
    change(
        cloud,
        "full",
        f"Resources: {{Child: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: '{url}'}}}}}}",
    )
    cloud.client("s3").put_object(Bucket="full-bucket", Key="left", Body=b"")
    deletion = delete(cloud, "full")
    assert deletion.status == "DELETE_FAILED"
    assert any("Full" in reason or "not deleted" in reason for reason in deletion.failures)
    cloud.client("s3").delete_object(Bucket="full-bucket", Key="left")
    assert delete(cloud, "full").status == "DELETE_COMPLETE"


def test_capabilities_are_required(cloud: EmbeddedCloud) -> None:
    template = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}}"
    client = cloud.client("cloudformation")
    with pytest.raises(client.exceptions.InsufficientCapabilitiesException):
        client.create_change_set(StackName="rights", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template)


CUSTOM = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: custom-role
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.14
      Handler: provide.handler.handler
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: BUCKET, S3Key: KEY}
  Crash:
    Type: Custom::Crash
    Properties: {ServiceToken: !GetAtt Function.Arn, ServiceTimeout: 50}
"""


def test_a_custom_resource_that_crashes_fails_at_once_with_its_error(
    cloud: EmbeddedCloud, sample_stack: SampleStack
) -> None:
    """On AWS the stack waits for ServiceTimeout; here the function's error is the answer."""
    key = sample_stack.put(function_zip("provide"), "zip")
    outcome = change(cloud, "crash", CUSTOM.replace("BUCKET", sample_stack.bucket).replace("KEY", key))
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert "Crash CREATE_FAILED: The function failed without an answer" in outcome.failures[0]
    delete(cloud, "crash")


def test_a_function_without_its_artifact_fails(cloud: EmbeddedCloud, sample_stack: SampleStack) -> None:
    outcome = change(cloud, "empty", CUSTOM.replace("BUCKET", sample_stack.bucket).replace("KEY", "nothing.zip"))
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert f"s3://{sample_stack.bucket}/nothing.zip does not exist" in outcome.failures[0]
    delete(cloud, "empty")
