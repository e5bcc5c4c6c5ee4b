"""Destroying a stack: protections hold, buckets are emptied if necessary, and what remains is listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.errors import DestroyError
from deploy.execution.destroy import DestroyResult, destroy_stack, empty_bucket
from deploy.execution.interruption import interrupted_deletion
from deploy.execution.remaining import OWN_LOG_GROUPS, kept_resources, sort_out, tagged_resources
from deploy.execution.watch import Event, Outcome
from tests.deploy.support.aws import ACCOUNT, Scripted, refusal
from tests.review.support.plans import deployed, stack_arn

STACK = stack_arn("small-dev")
STAMP = datetime(2026, 1, 1, tzinfo=UTC)
TEMPLATE = "Resources: {X: {Type: 'AWS::S3::Bucket'}}"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k-1"


def describe(scripted: Scripted, status: str = "CREATE_COMPLETE", **more: Any) -> None:
    stack = {"StackId": STACK, "StackName": "small-dev", "StackStatus": status, "CreationTime": STAMP, **more}
    scripted["cloudformation"].add_response("describe_stacks", {"Stacks": [stack]})


def event(
    number: int, status: str, reason: str = "", logical: str = "small-dev", physical: str = STACK
) -> dict[str, Any]:
    kind = "AWS::CloudFormation::Stack" if physical == STACK else "AWS::S3::Bucket"
    own = {"StackId": STACK, "StackName": "small-dev", "EventId": f"e{number}", "Timestamp": STAMP}
    details = {"ResourceStatus": status, "ResourceStatusReason": reason, "ResourceType": kind}
    return {**own, **details, "LogicalResourceId": logical, "PhysicalResourceId": physical}


def attempt(scripted: Scripted, status: str, history: list[dict[str, Any]], news: list[dict[str, Any]]) -> None:
    """Script one deletion: the events before and after."""
    stub = scripted["cloudformation"]
    stub.add_response("describe_stack_events", {"StackEvents": history})
    stub.add_response("delete_stack", {})
    describe(scripted, status)
    for _ in range(2):
        stub.add_response("describe_stack_events", {"StackEvents": [*news, *history]})


def snapshot(scripted: Scripted, kind: str = "AWS::S3::Bucket", physical: str = "raw") -> None:
    stub = scripted["cloudformation"]
    common = {"ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": STAMP}
    summary = {"LogicalResourceId": "X", "ResourceType": kind, "PhysicalResourceId": physical, **common}
    stub.add_response("list_stack_resources", {"StackResourceSummaries": [summary]})
    stub.add_response("get_template", {"TemplateBody": TEMPLATE})
    stub.add_response("get_stack_policy", {})


def script_tags(scripted: Scripted, *arns: str) -> None:
    expected = {"TagFilters": [{"Key": "aws:cloudformation:stack-name", "Values": ["small-dev"]}]}
    answer = {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}
    scripted["resourcegroupstaggingapi"].add_response("get_resources", answer, expected)


def destroy(scripted: Scripted, *protected_by: str) -> DestroyResult:
    lines: list[str] = []
    return destroy_stack(scripted.aws, "small-dev", lines.append, protected_by=protected_by, sleep=lambda seconds: None)


GONE = [event(3, "DELETE_COMPLETE"), event(2, "DELETE_COMPLETE", "", "X", "raw")]


def no_stack(scripted: Scripted) -> None:
    scripted["cloudformation"].add_client_error("describe_stacks", "ValidationError", "Stack small-dev does not exist")


def list_deleted(scripted: Scripted, *summaries: dict[str, Any]) -> None:
    stub = scripted["cloudformation"]
    stub.add_response("list_stacks", {"StackSummaries": summaries}, {"StackStatusFilter": ["DELETE_COMPLETE"]})


def deleted_summary(stack_id: str, day: int, name: str = "small-dev") -> dict[str, Any]:
    times = {"CreationTime": STAMP, "DeletionTime": datetime(2026, 2, day, tzinfo=UTC)}
    return {"StackId": stack_id, "StackName": name, "StackStatus": "DELETE_COMPLETE", **times}


def list_resources(scripted: Scripted, stack_id: str, *resources: tuple[str, str, str, str]) -> None:
    summaries = [
        {
            "LogicalResourceId": logical_id,
            "ResourceType": kind,
            "PhysicalResourceId": physical,
            "ResourceStatus": status,
            "LastUpdatedTimestamp": STAMP,
        }
        for logical_id, kind, physical, status in resources
    ]
    stub = scripted["cloudformation"]
    stub.add_response("list_stack_resources", {"StackResourceSummaries": summaries}, {"StackName": stack_id})


@pytest.mark.requirement("A-2")
def test_what_an_earlier_deletion_left_is_found_by_a_second_command(scripted: Scripted) -> None:
    """`destroy` was killed, the deletion ended in AWS, and the second `destroy` said that there was nothing to destroy."""
    nested = stack_arn("small-dev-Functions-1")
    no_stack(scripted)
    older, latest = deleted_summary("arn:other/old/1", 1), deleted_summary(STACK, 3)
    list_deleted(scripted, older, latest, deleted_summary("arn:other/x/1", 9, "other"))
    list_resources(
        scripted,
        STACK,
        ("Raw", "AWS::S3::Bucket", "raw", "DELETE_COMPLETE"),
        ("Functions", "AWS::CloudFormation::Stack", nested, "DELETE_COMPLETE"),
    )
    list_resources(scripted, nested, ("Hello", "AWS::Lambda::Function", "hello", "DELETE_COMPLETE"))
    names = {"Key": "aws:cloudformation:stack-name", "Values": ["small-dev", "small-dev-Functions-1"]}
    for _ in range(13):  # a minute of asking again: the tagging API lags behind
        tagged = [{"ResourceARN": arn} for arn in ("arn:aws:s3:::raw", "arn:aws:sqs:us-east-1:1:lost")]
        answer = {"ResourceTagMappingList": tagged}
        scripted["resourcegroupstaggingapi"].add_response("get_resources", answer, {"TagFilters": [names]})
    groups = {"logGroups": [{"logGroupName": "/aws/lambda/hello"}]}
    scripted["logs"].add_response("describe_log_groups", groups, {"logGroupNamePrefix": "/aws/lambda/hello"})
    result = destroy(scripted)
    assert not result.existed
    assert result.remaining == ("AWS::Logs::LogGroup /aws/lambda/hello", "arn:aws:sqs:us-east-1:1:lost")


def test_nested_stack_that_vanishes_while_it_is_read_is_no_error(scripted: Scripted) -> None:
    """`destroy` was killed and repeated while its deletion ran: GetStackPolicy of a nested stack was rejected."""
    stub, nested = scripted["cloudformation"], stack_arn("small-dev-N-1")
    describe(scripted, "DELETE_IN_PROGRESS")
    list_resources(scripted, STACK, ("N", "AWS::CloudFormation::Stack", nested, "DELETE_IN_PROGRESS"))
    child = {
        "StackId": nested,
        "StackName": "small-dev-N-1",
        "StackStatus": "DELETE_IN_PROGRESS",
        "CreationTime": STAMP,
    }
    stub.add_response("describe_stacks", {"Stacks": [child]}, {"StackName": nested})
    list_resources(scripted, nested)
    stub.add_response("get_template", {"TemplateBody": TEMPLATE})
    stub.add_client_error("get_stack_policy", "ValidationError", f"Stack [{nested}] does not exist")
    stub.add_response("get_template", {"TemplateBody": TEMPLATE})
    stub.add_response("get_stack_policy", {})
    attempt(scripted, "DELETE_COMPLETE", [event(1, "DELETE_IN_PROGRESS")], [event(2, "DELETE_COMPLETE")])
    script_tags(scripted)
    assert destroy(scripted).existed


def test_stack_that_vanishes_while_it_is_read_is_looked_up_among_the_deleted(scripted: Scripted) -> None:
    stub = scripted["cloudformation"]
    describe(scripted, "DELETE_IN_PROGRESS")
    list_resources(scripted, STACK)
    stub.add_response("get_template", {"TemplateBody": TEMPLATE})
    stub.add_client_error("get_stack_policy", "ValidationError", f"Stack [{STACK}] does not exist")
    list_deleted(scripted)
    assert destroy(scripted) == DestroyResult(False, (), ("There is no stack small-dev in us-east-1.",))


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("DELETE_IN_PROGRESS", "small-dev is in DELETE_IN_PROGRESS. The deletion goes on in AWS."),
        ("CREATE_COMPLETE", "small-dev is in CREATE_COMPLETE. No deletion is running."),
        (None, "small-dev does not exist any more. Repeat the command to look for what remains of it."),
    ],
)
def test_interruption_names_the_state(scripted: Scripted, status: str | None, sentence: str) -> None:
    if status is None:
        no_stack(scripted)
    else:
        describe(scripted, status)
    assert sentence in interrupted_deletion(scripted.aws, "small-dev")


def test_nothing_to_destroy_is_a_result(scripted: Scripted) -> None:
    no_stack(scripted)
    list_deleted(scripted)
    assert destroy(scripted) == DestroyResult(False, (), ("There is no stack small-dev in us-east-1.",))


ROW = "params/small/deployment.json (prod)"


@pytest.mark.parametrize("own", [True, False, None], ids=["stack protected", "not protected", "unknown"])
@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_IN_PROGRESS", "DELETE_FAILED", "CREATE_FAILED"]
)
def test_stack_that_the_file_protects_is_never_deleted(scripted: Scripted, status: str, own: bool | None) -> None:
    """The first `execute` of prod was killed before it set the protection, and `destroy` deleted the complete stack."""
    describe(scripted, status, **({} if own is None else {"EnableTerminationProtection": own}))
    with pytest.raises(DestroyError, match=r"set TerminationProtection to false in deployment\.json") as caught:
        destroy(scripted, ROW)
    assert ROW in str(caught.value)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_stack_that_was_never_complete_has_nothing_to_protect(scripted: Scripted, status: str) -> None:
    """It must be deleted before it can be created again."""
    describe(scripted, status)
    if status == "REVIEW_IN_PROGRESS":
        scripted["cloudformation"].add_response("list_change_sets", {"Summaries": []}, {"StackName": STACK})
    snapshot(scripted)
    attempt(scripted, "DELETE_COMPLETE", [event(1, status)], GONE)
    script_tags(scripted)
    assert destroy(scripted, ROW).remaining == ()


def test_protection_that_the_file_does_not_have_is_removed(scripted: Scripted) -> None:
    describe(scripted, EnableTerminationProtection=True)
    expected = {"StackName": STACK, "EnableTerminationProtection": False}
    scripted["cloudformation"].add_response("update_termination_protection", {}, expected)
    snapshot(scripted)
    attempt(scripted, "DELETE_COMPLETE", [event(1, "CREATE_COMPLETE")], GONE)
    script_tags(scripted)
    assert destroy(scripted).remaining == ()


def test_running_operation_is_not_interrupted(scripted: Scripted) -> None:
    describe(scripted, "UPDATE_IN_PROGRESS")
    with pytest.raises(DestroyError, match="another operation is running"):
        destroy(scripted)


def test_stack_that_was_never_created_is_deleted_with_its_change_sets(scripted: Scripted) -> None:
    describe(scripted, "REVIEW_IN_PROGRESS")
    stub = scripted["cloudformation"]
    stub.add_response("list_change_sets", {"Summaries": [{"ChangeSetId": "arn:cs"}]}, {"StackName": STACK})
    stub.add_response("delete_change_set", {}, {"ChangeSetName": "arn:cs"})
    stub.add_response("list_stack_resources", {"StackResourceSummaries": []})
    stub.add_response("get_template", {"TemplateBody": TEMPLATE})
    stub.add_response("get_stack_policy", {})
    attempt(scripted, "DELETE_COMPLETE", [event(1, "REVIEW_IN_PROGRESS")], [event(2, "DELETE_COMPLETE")])
    script_tags(scripted)
    assert destroy(scripted).existed


def test_bucket_that_is_not_empty_is_emptied_and_the_deletion_repeated(scripted: Scripted) -> None:
    describe(scripted)
    snapshot(scripted)
    first = [event(1, "CREATE_COMPLETE")]
    rejection = event(2, "DELETE_FAILED", "The bucket you tried to delete is not empty", "X", "raw")
    failed = [event(3, "DELETE_FAILED"), rejection]
    attempt(scripted, "DELETE_FAILED", first, failed)
    versions = {"Versions": [{"Key": "a", "VersionId": "1"}], "DeleteMarkers": [{"Key": "b", "VersionId": "2"}]}
    scripted["s3"].add_response("list_object_versions", versions, {"Bucket": "raw"})
    doomed = {"Objects": [{"Key": "a", "VersionId": "1"}, {"Key": "b", "VersionId": "2"}], "Quiet": True}
    scripted["s3"].add_response("delete_objects", {}, {"Bucket": "raw", "Delete": doomed})
    again = [event(5, "DELETE_COMPLETE"), event(4, "DELETE_COMPLETE", "", "X", "raw")]
    attempt(scripted, "DELETE_COMPLETE", [*failed, *first], again)
    script_tags(scripted)
    assert destroy(scripted).remaining == ()


def test_deletion_that_keeps_failing_lists_what_remains(scripted: Scripted) -> None:
    describe(scripted)
    snapshot(scripted)
    history = [event(1, "CREATE_COMPLETE")]
    for number in (2, 4, 6):
        news = [event(number + 1, "DELETE_FAILED"), event(number, "DELETE_FAILED", "in use by eni-1", "X", "raw")]
        attempt(scripted, "DELETE_FAILED", history, news)
        history = [*news, *history]
    with pytest.raises(DestroyError) as caught:
        destroy(scripted)
    assert caught.value.remaining == ("X raw: in use by eni-1",)


def test_object_that_cannot_be_deleted_is_named(scripted: Scripted) -> None:
    scripted["s3"].add_response("list_object_versions", {"Versions": [{"Key": "a", "VersionId": "1"}]})
    scripted["s3"].add_response("delete_objects", {"Errors": [{"Key": "a", "Message": "locked"}]})
    with pytest.raises(DestroyError, match="raw/a cannot be deleted: locked"):
        empty_bucket(scripted.aws.client("s3"), "raw")


def test_missing_bucket_is_empty(scripted: Scripted) -> None:
    scripted["s3"].add_client_error("list_object_versions", "NoSuchBucket", http_status_code=404)
    assert empty_bucket(scripted.aws.client("s3"), "raw") == 0


def test_exports_in_use_are_explained(scripted: Scripted) -> None:
    describe(scripted)
    snapshot(scripted)
    stub = scripted["cloudformation"]
    stub.add_response("describe_stack_events", {"StackEvents": []})
    stub.add_client_error("delete_stack", "ValidationError", "Export a is imported by stack b")
    with pytest.raises(DestroyError, match="Export a is imported by stack b"):
        destroy(scripted)


@pytest.mark.requirement("A-2")
def test_leftovers_are_found_by_tag_by_policy_and_by_log_group_name(scripted: Scripted) -> None:
    describe(scripted)
    snapshot(scripted, "AWS::Lambda::Function", "small-hello-dev")
    skipped = {**event(2, "DELETE_SKIPPED", "", "Kept", "kept-bucket")}
    attempt(scripted, "DELETE_COMPLETE", [event(1, "CREATE_COMPLETE")], [event(3, "DELETE_COMPLETE"), skipped])
    names = ("/aws/lambda/small-hello-dev", "/aws/lambda/small-hello-dev-other")
    groups = {"logGroups": [{"logGroupName": name} for name in names]}
    scripted["logs"].add_response("describe_log_groups", groups, {"logGroupNamePrefix": "/aws/lambda/small-hello-dev"})
    for _ in range(13):  # a minute of asking again: the tagging API lags behind
        script_tags(scripted, "arn:aws:sqs:us-east-1:111122223333:lost", KEY)
        scripted["kms"].add_response("describe_key", {"KeyMetadata": {"KeyId": "k-1", "KeyState": "PendingDeletion"}})
    result = destroy(scripted)
    assert result.remaining == (
        "AWS::S3::Bucket kept-bucket (kept by its DeletionPolicy)",
        "AWS::Logs::LogGroup /aws/lambda/small-hello-dev",
        "arn:aws:sqs:us-east-1:111122223333:lost",
    )
    assert "scheduled for deletion until their waiting period is over: k-1." in result.notes[0]


def test_resource_that_cloudformation_deleted_does_not_remain(scripted: Scripted) -> None:
    """The tagging API still shows the table that CloudFormation has just deleted."""
    arns = [
        f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/sessions",
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello",
        "arn:aws:s3:::raw",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:topic",
    ]
    deleted = frozenset({"sessions", "hello", "raw", arns[3]})
    assert sort_out(scripted.aws, arns, deleted) == ([], [])


class FakeEc2:
    """Answers for one instance, one volume and one interface."""

    def __init__(self, state: str, *, there: bool = True) -> None:
        self.state, self.there = state, there

    def _require(self, arguments: dict[str, list[str]]) -> None:
        ((identifier,),) = arguments.values()
        if not self.there:
            raise refusal(f"Invalid{identifier.split('-')[0]}ID.NotFound")

    def describe_instances(self, **arguments: list[str]) -> dict[str, Any]:
        self._require(arguments)
        return {"Reservations": [{"Instances": [{"State": {"Name": self.state}}]}]}

    def describe_volumes(self, **arguments: list[str]) -> dict[str, Any]:
        self._require(arguments)
        return {"Volumes": [{"State": self.state}]}

    def describe_network_interfaces(self, **arguments: list[str]) -> dict[str, Any]:
        self._require(arguments)
        return {"NetworkInterfaces": [{"Status": self.state}]}


@pytest.mark.requirement("A-2")
@pytest.mark.parametrize(
    ("name", "state", "there", "gone"),
    [
        ("instance/i-1", "terminated", True, True),
        ("instance/i-1", "shutting-down", True, True),
        ("instance/i-1", "running", True, False),
        ("instance/i-1", "", False, True),
        ("volume/vol-1", "available", True, False),
        ("volume/vol-1", "", False, True),
        ("network-interface/eni-1", "in-use", True, False),
        ("network-interface/eni-1", "", False, True),
        ("vpc/vpc-1", "", True, False),
    ],
)
def test_instance_of_a_group_remains_only_if_it_runs(
    scripted: Scripted, name: str, state: str, there: bool, gone: bool
) -> None:
    """The group passes the stack's tags on to its instances, and the tagging API shows them after their end."""
    scripted.aws._clients["ec2"] = FakeEc2(state, there=there)
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:{name}"
    remaining, notes = sort_out(scripted.aws, [arn], frozenset())
    note = f"EC2 shows terminated instances, volumes and interfaces for a while: {name.split('/')[1]}."
    assert remaining == ([] if gone else [arn])
    assert notes == ([note] if gone else [])


def test_tagging_api_without_permission_is_a_note(scripted: Scripted) -> None:
    scripted["resourcegroupstaggingapi"].add_client_error("get_resources", "AccessDeniedException", "not allowed")
    remaining, notes = tagged_resources(scripted.aws, deployed("small-dev", TEMPLATE), frozenset(), print)
    assert remaining == []
    assert "could not be called for the stack's tags: not allowed" in notes[0]


def test_nested_stack_that_was_skipped_is_not_a_resource() -> None:
    nested = Event((), "e", STAMP, STACK, "N", "arn", "AWS::CloudFormation::Stack", "DELETE_SKIPPED", "")
    assert not list(kept_resources(Outcome("DELETE_COMPLETE", "", 0, (), (nested,), frozenset())))


def test_own_log_groups_are_known_by_service() -> None:
    kinds = {"AWS::Lambda::Function", "AWS::ApiGateway::RestApi", "AWS::RDS::DBCluster"}
    assert kinds <= OWN_LOG_GROUPS.keys()
