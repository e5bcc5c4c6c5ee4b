"""Plans: the states of a stack, and the snapshot of what is deployed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.errors import StackStateError
from deploy.planning import snapshot
from deploy.planning.plan import change_set_kind
from tests.deploy.support.aws import Scripted
from tests.review.support.plans import stack_arn

TEMPLATE = "Resources: {X: {Type: 'AWS::SNS::Topic'}}"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (None, "CREATE"),
        ("REVIEW_IN_PROGRESS", "CREATE"),
        ("CREATE_COMPLETE", "UPDATE"),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE"),
        ("UPDATE_FAILED", "UPDATE"),
    ],
)
def test_state_decides_between_create_and_update(status: str | None, kind: str) -> None:
    assert change_set_kind("s", {"StackStatus": status} if status else None) == kind


@pytest.mark.parametrize(
    ("status", "do"),
    [
        ("ROLLBACK_COMPLETE", "Run `deploy destroy`"),
        ("CREATE_FAILED", "Run `deploy destroy`"),
        ("DELETE_FAILED", "Run `deploy destroy`"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name s"),
        ("UPDATE_IN_PROGRESS", "Wait until it has ended"),
        ("DELETE_IN_PROGRESS", "Wait until it has ended"),
    ],
)
def test_state_that_allows_no_change_set_says_what_to_do(status: str, do: str) -> None:
    with pytest.raises(StackStateError) as caught:
        change_set_kind("s", {"StackStatus": status})
    assert do in caught.value.do


def test_whole_tree_is_read_with_pages(scripted: Scripted) -> None:
    """The root with two pages of resources, one of them a nested stack with parameters and outputs."""
    stub = scripted["cloudformation"]
    root, child = stack_arn("small-dev"), stack_arn("small-dev-N")
    common = {"CreationTime": CREATED, "StackStatus": "CREATE_COMPLETE"}
    root_stack: dict[str, Any] = {
        "StackId": root,
        "StackName": "small-dev",
        **common,
        "EnableTerminationProtection": True,
    }
    child_stack = {
        "StackId": child,
        "StackName": "small-dev-N",
        **common,
        "LastUpdatedTime": datetime(2026, 2, 1, tzinfo=UTC),
        "Parameters": [{"ParameterKey": "Image", "ParameterValue": "/ssm/name", "ResolvedValue": "ami-1"}],
        "Outputs": [{"OutputKey": "O", "OutputValue": "v"}],
    }

    def summary(logical_id: str, kind: str, physical: str, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
        common = {"ResourceStatus": status, "LastUpdatedTimestamp": CREATED}
        return {"LogicalResourceId": logical_id, "ResourceType": kind, "PhysicalResourceId": physical, **common}

    nested = summary("N", "AWS::CloudFormation::Stack", child)
    first = {"StackResourceSummaries": [nested], "NextToken": "t"}
    gone = summary("Old", "AWS::S3::Bucket", "b", "DELETE_COMPLETE")
    stub.add_response("list_stack_resources", first, {"StackName": root})
    second = {"StackResourceSummaries": [summary("X", "AWS::SNS::Topic", "arn"), gone]}
    stub.add_response("list_stack_resources", second, {"StackName": root, "NextToken": "t"})
    template = {"TemplateBody": TEMPLATE}
    # a pool would read the child in another thread while the root's template is read; None keeps the script's order
    stub.add_response("describe_stacks", {"Stacks": [child_stack]}, {"StackName": child})
    stub.add_response("list_stack_resources", {"StackResourceSummaries": []}, {"StackName": child})
    stub.add_response("get_template", template, {"StackName": child, "TemplateStage": "Original"})
    stub.add_response("get_stack_policy", {}, {"StackName": child})
    stub.add_response("get_template", template, {"StackName": root, "TemplateStage": "Original"})
    stub.add_response("get_stack_policy", {"StackPolicyBody": "{}"}, {"StackName": root})
    stack = snapshot._read(scripted.aws.client("cloudformation"), root_stack, None)
    assert set(stack.resources) == {"N", "X"}
    assert stack.policy == "{}"
    assert stack.termination_protection
    inner = stack.children["N"]
    assert inner.parameters == {"Image": "ami-1"}
    assert inner.outputs == {"O": "v"}
    assert inner.updated == "2026-02-01T00:00:00+00:00"


def test_stack_that_does_not_exist_gives_none(scripted: Scripted) -> None:
    stub = scripted["cloudformation"]
    stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
    assert snapshot.describe_stack(scripted.aws.client("cloudformation"), "x") is None
    stub.add_client_error("describe_stacks", "AccessDenied", "no")
    with pytest.raises(Exception, match="AccessDenied"):
        snapshot.describe_stack(scripted.aws.client("cloudformation"), "x")
