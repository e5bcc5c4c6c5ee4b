"""Order, failure, replacement and protection of stacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import (
    created,
    deployed,
    error_of,
    events,
    message_of,
    remove,
    resources,
    unique,
)
from tests.local.support.sample import SampleStack
from tests.local.support.stacks import change, delete, existing_stacks

pytestmark = pytest.mark.emulator

BAD_QUEUE = "{Type: AWS::SQS::Queue, Properties: {QueueName: bad.fifo}, DependsOn: [Good]}"
"""Its name is for FIFO queues only."""


def queue_names(cloud: EmbeddedCloud, prefix: str) -> list[str]:
    urls = cloud.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


def moment(cloud: EmbeddedCloud, stack: str, logical_id: str, status: str) -> int:
    """Where an event stands among those of the stack."""
    return events(cloud, stack).index((logical_id, status))


# -- order ------------------------------------------------------------------------------------------------------------

ORDER = """
Resources:
  Aaa: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: of, Value: !GetAtt Zzz.Arn}]}}
  Bbb: {Type: AWS::SQS::Queue, DependsOn: Zzz}
  Zzz: {Type: AWS::SQS::Queue}
"""


def test_ref_orders_creation(cloud: EmbeddedCloud) -> None:
    with created(cloud, ORDER) as (stack, _):
        assert moment(cloud, stack, "Zzz", "CREATE_COMPLETE") < moment(cloud, stack, "Aaa", "CREATE_IN_PROGRESS")


def test_depends_on_orders_creation(cloud: EmbeddedCloud) -> None:
    with created(cloud, ORDER) as (stack, _):
        assert moment(cloud, stack, "Zzz", "CREATE_COMPLETE") < moment(cloud, stack, "Bbb", "CREATE_IN_PROGRESS")


def test_deletion_reverses_the_order(cloud: EmbeddedCloud) -> None:
    with created(cloud, ORDER) as (stack, _):
        arn = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        delete(cloud, stack)
    assert moment(cloud, arn, "Bbb", "DELETE_COMPLETE") < moment(cloud, arn, "Zzz", "DELETE_IN_PROGRESS")
    assert moment(cloud, arn, "Aaa", "DELETE_COMPLETE") < moment(cloud, arn, "Zzz", "DELETE_IN_PROGRESS")


# -- failure ----------------------------------------------------------------------------------------------------------


def broken(name: str) -> str:
    good = f"{{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}}}}}"
    return f"Resources:\n  Good: {good}\n  Bad: {BAD_QUEUE}\n"


def test_failed_creation_rolls_back(cloud: EmbeddedCloud) -> None:
    name = unique("broken")
    with deployed(cloud, broken(name)) as (stack, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"
        assert ("Good", "DELETE_COMPLETE") in events(cloud, stack)
        assert queue_names(cloud, name) == []


def test_rolled_back_stack_can_only_be_deleted(cloud: EmbeddedCloud) -> None:
    with deployed(cloud, broken(unique("broken"))) as (stack, _):
        api = cloud.client("cloudformation")
        arguments = {"StackName": stack, "ChangeSetName": "c", "ChangeSetType": "UPDATE", "TemplateBody": ORDER}
        assert "ROLLBACK_COMPLETE" in message_of(api.create_change_set, **arguments)


def test_failed_update_restores_former_properties(cloud: EmbeddedCloud) -> None:
    name = unique("restored")
    template = f"Resources:\n  Good: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}, DelaySeconds: 5}}}}\n"
    with created(cloud, template) as (stack, _):
        outcome = change(cloud, stack, template.replace("5}", "9}") + f"  Bad: {BAD_QUEUE}\n")
        assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
        sqs = cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["DelaySeconds"] == "5"
        assert change(cloud, stack, template).status == "NO_CHANGES"


CHILD = """
Parameters: {Delay: {Type: String}, Bad: {Type: String, Default: "no"}}
Conditions: {IsBad: !Equals [!Ref Bad, "yes"]}
Resources:
  Good: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Delay}}
  Bad: {Type: AWS::SQS::Queue, Condition: IsBad, DependsOn: [Good], Properties: {QueueName: bad.fifo}}
Outputs: {Arn: {Value: !GetAtt Good.Arn}, Name: {Value: !GetAtt Good.QueueName}}
"""

PARENT = """
Parameters: {Delay: {Type: String, Default: "5"}, Bad: {Type: String, Default: "no"}}
Resources:
  One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ADDRESS, Parameters: {Delay: !Ref Delay}}}
  Two:
    Type: AWS::CloudFormation::Stack
    DependsOn: One
    Properties: {TemplateURL: ADDRESS, Parameters: {Delay: !Ref Delay, Bad: !Ref Bad}, Tags: [{Key: Level, Value: child}]}
Outputs: {Arn: {Value: !GetAtt Two.Outputs.Arn}, Name: {Value: !GetAtt One.Outputs.Name}}
"""


@pytest.fixture(scope="module")
def parent(sample_stack: SampleStack) -> str:
    key = sample_stack.put(CHILD.encode(), "yaml")
    return PARENT.replace("ADDRESS", f"https://s3.us-east-1.amazonaws.com/{sample_stack.bucket}/{key}")


def delay(cloud: EmbeddedCloud, name: str) -> str:
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["DelaySeconds"])


def test_failed_nested_stack_rolls_back_its_siblings(cloud: EmbeddedCloud, parent: str) -> None:
    with created(cloud, parent) as (stack, outcome):
        failed = change(cloud, stack, parent, {"Delay": "9", "Bad": "yes"})
        assert failed.status == "UPDATE_ROLLBACK_COMPLETE"
        assert delay(cloud, outcome.outputs["Name"]) == "5"


def test_failed_nested_stack_names_its_reason(cloud: EmbeddedCloud, parent: str) -> None:
    with deployed(cloud, parent, {"Bad": "yes"}) as (_, outcome):
        assert any("Two CREATE_FAILED" in failure and "alphanumeric" in failure for failure in outcome.failures)


def test_nested_outputs_reach_the_parent(cloud: EmbeddedCloud, parent: str) -> None:
    with created(cloud, parent) as (_, outcome):
        assert outcome.outputs["Arn"].startswith("arn:aws:sqs:us-east-1:111122223333:")


LISTED = """
Parameters: {Names: {Type: CommaDelimitedList}}
Resources: {Queue: {Type: AWS::SQS::Queue}}
Outputs: {Second: {Value: !Select [1, !Ref Names]}, All: {Value: !Join ["+", !Ref Names]}}
"""

LISTING = """
Parameters: {Names: {Type: CommaDelimitedList, Default: "one,two,three"}}
Resources:
  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ADDRESS, Parameters: {Names: !Join [",", !Ref Names]}}}
Outputs: {Second: {Value: !GetAtt Child.Outputs.Second}, All: {Value: !GetAtt Child.Outputs.All}}
"""


def test_list_reaches_a_nested_stack_joined(cloud: EmbeddedCloud, sample_stack: SampleStack) -> None:
    key = sample_stack.put(LISTED.encode(), "yaml")
    address = f"https://s3.us-east-1.amazonaws.com/{sample_stack.bucket}/{key}"
    with created(cloud, LISTING.replace("ADDRESS", address)) as (_, outcome):
        assert outcome.outputs == {"Second": "two", "All": "one+two+three"}


def test_nested_stack_knows_parent_and_root(cloud: EmbeddedCloud, parent: str) -> None:
    with created(cloud, parent) as (stack, _):
        (root,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        (child,) = cloud.client("cloudformation").describe_stacks(StackName=resources(cloud, stack)["One"])["Stacks"]
        assert child["ParentId"] == child["RootId"] == root["StackId"]


def test_stack_tags_reach_nested_resources(cloud: EmbeddedCloud, parent: str) -> None:
    name = unique("conformance")
    try:
        outcome = change(cloud, name, parent, Tags=[{"Key": "Owner", "Value": "conformance"}])
        sqs = cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=outcome.outputs["Arn"].rsplit(":", 1)[1])["QueueUrl"]
        tags = sqs.list_queue_tags(QueueUrl=url)["Tags"]
        assert (tags["Owner"], tags["Level"]) == ("conformance", "child")
    finally:
        remove(cloud, name)


def test_deletion_of_a_full_bucket_fails(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    with created(cloud, "Resources: {Bucket: {Type: AWS::S3::Bucket}}") as (stack, _):
        bucket = resources(cloud, stack)["Bucket"]
        s3.put_object(Bucket=bucket, Key="late", Body=b"x")
        outcome = delete(cloud, stack)
        assert outcome.status == "DELETE_FAILED"
        assert any("not empty" in failure for failure in outcome.failures)
        s3.delete_object(Bucket=bucket, Key="late")


def test_deletion_of_no_stack_succeeds(cloud: EmbeddedCloud) -> None:
    answer = cloud.client("cloudformation").delete_stack(StackName="there-is-no-such-stack")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


# -- update and replacement -------------------------------------------------------------------------------------------


def test_replacement_comes_before_deletion(cloud: EmbeddedCloud) -> None:
    one, two = unique("one"), unique("two")
    template = f"Resources: {{Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {one}}}}}}}"
    with created(cloud, template) as (stack, _):
        assert change(cloud, stack, template.replace(one, two)).status == "UPDATE_COMPLETE"
        found = events(cloud, stack)
        assert found.index(("Queue", "UPDATE_COMPLETE")) < found.index(("Queue", "DELETE_IN_PROGRESS"))
        assert found.index((stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) < found.index(
            ("Queue", "DELETE_IN_PROGRESS")
        )
        assert (queue_names(cloud, one), queue_names(cloud, two)) == ([], [two])


def test_update_in_place_keeps_the_physical_id(cloud: EmbeddedCloud) -> None:
    template = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 5}}}"
    with created(cloud, template) as (stack, _):
        before = resources(cloud, stack)
        assert change(cloud, stack, template.replace("5", "9")).status == "UPDATE_COMPLETE"
        assert resources(cloud, stack) == before


RETAINED = """
Resources:
  Queue: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Properties: {QueueName: NAME}}
  Other: {Type: AWS::SQS::Queue}
"""


@pytest.fixture
def kept(cloud: EmbeddedCloud) -> Iterator[str]:
    """The name of a queue that outlives its stack."""
    name = unique("kept")
    yield name
    for url in cloud.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", []):
        cloud.client("sqs").delete_queue(QueueUrl=url)


def test_deletion_policy_retains(cloud: EmbeddedCloud, kept: str) -> None:
    with created(cloud, RETAINED.replace("NAME", kept)) as (stack, _):
        arn = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        assert delete(cloud, stack).status == "DELETE_COMPLETE"
    assert queue_names(cloud, kept) == [kept]
    assert ("Queue", "DELETE_SKIPPED") in events(cloud, arn)


def test_deletion_policy_covers_removal_from_the_template(cloud: EmbeddedCloud, kept: str) -> None:
    with created(cloud, RETAINED.replace("NAME", kept)) as (stack, _):
        assert change(cloud, stack, "Resources: {Other: {Type: AWS::SQS::Queue}}").status == "UPDATE_COMPLETE"
        assert queue_names(cloud, kept) == [kept]


def test_update_replace_policy_retains(cloud: EmbeddedCloud, kept: str) -> None:
    with created(cloud, RETAINED.replace("NAME", kept)) as (stack, _):
        assert change(cloud, stack, RETAINED.replace("NAME", f"{kept}-new")).status == "UPDATE_COMPLETE"
        assert queue_names(cloud, kept) == [kept, f"{kept}-new"]


# -- protection -------------------------------------------------------------------------------------------------------

PROTECTED = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 5}}}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}


def test_stack_policy_denies_updates(cloud: EmbeddedCloud) -> None:
    api = cloud.client("cloudformation")
    denied = {"Effect": "Deny", "Principal": "*", "Action": "Update:Modify", "Resource": "LogicalResourceId/Queue"}
    with created(cloud, PROTECTED) as (stack, _):
        api.set_stack_policy(StackName=stack, StackPolicyBody=policy(EVERYTHING, denied))
        assert json.loads(api.get_stack_policy(StackName=stack)["StackPolicyBody"])["Statement"][1] == denied
        outcome = change(cloud, stack, PROTECTED.replace("5", "9"))
        assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
        assert any("stack policy" in failure for failure in outcome.failures)
        assert delay(cloud, resources(cloud, stack)["Queue"].rsplit("/", 1)[1]) == "5"


def test_stack_policy_protects_all_by_default(cloud: EmbeddedCloud) -> None:
    other = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "LogicalResourceId/Other"}
    with created(cloud, PROTECTED) as (stack, _):
        cloud.client("cloudformation").set_stack_policy(StackName=stack, StackPolicyBody=policy(other))
        assert change(cloud, stack, PROTECTED.replace("5", "9")).status == "UPDATE_ROLLBACK_COMPLETE"


def test_termination_protection_prevents_deletion(cloud: EmbeddedCloud) -> None:
    api = cloud.client("cloudformation")
    with created(cloud, PROTECTED) as (stack, _):
        api.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
        assert api.describe_stacks(StackName=stack)["Stacks"][0]["EnableTerminationProtection"] is True
        assert error_of(api.delete_stack, StackName=stack) == "ValidationError"
        api.update_termination_protection(StackName=stack, EnableTerminationProtection=False)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_stack_resources_are_listed(cloud: EmbeddedCloud) -> None:
    with created(cloud, ORDER) as (stack, _):
        pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [entry for page in pages for entry in page["StackResourceSummaries"]]
        assert sorted(entry["LogicalResourceId"] for entry in found) == ["Aaa", "Bbb", "Zzz"]
        assert {(entry["ResourceType"], entry["ResourceStatus"]) for entry in found} == {
            ("AWS::SQS::Queue", "CREATE_COMPLETE")
        }
        assert all(entry["PhysicalResourceId"] for entry in found)


def test_stack_resource_is_found_by_its_logical_id(cloud: EmbeddedCloud) -> None:
    api = cloud.client("cloudformation")
    with created(cloud, ORDER) as (stack, _):
        detail = api.describe_stack_resource(StackName=stack, LogicalResourceId="Zzz")["StackResourceDetail"]
        assert detail["PhysicalResourceId"] == resources(cloud, stack)["Zzz"]
        assert (detail["ResourceType"], detail["ResourceStatus"]) == ("AWS::SQS::Queue", "CREATE_COMPLETE")
        assert error_of(api.describe_stack_resource, StackName=stack, LogicalResourceId="No") == "ValidationError"


def test_stack_events_are_newest_first(cloud: EmbeddedCloud) -> None:
    with created(cloud, ORDER) as (stack, _):
        found = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        times = [event["Timestamp"] for event in found]
        assert times == sorted(times, reverse=True)
        assert (found[0]["LogicalResourceId"], found[0]["ResourceStatus"]) == (stack, "CREATE_COMPLETE")
        assert found[0]["PhysicalResourceId"] == found[0]["StackId"]


def test_deleted_stack_is_found_by_its_id(cloud: EmbeddedCloud) -> None:
    api = cloud.client("cloudformation")
    with created(cloud, PROTECTED) as (stack, _):
        arn = api.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        delete(cloud, stack)
    assert api.describe_stacks(StackName=arn)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert error_of(api.describe_stacks, StackName=stack) == "ValidationError"
    pages = api.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    assert arn in [entry["StackId"] for page in pages for entry in page["StackSummaries"]]
    assert stack not in [entry["StackName"] for entry in existing_stacks(cloud)]
