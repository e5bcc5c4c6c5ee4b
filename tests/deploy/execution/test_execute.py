"""Executing exactly the approved plan, and rejecting it if anything changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY

from cfn.templates import text_digest
from deploy.errors import ExecutionError, StalePlanError
from deploy.execution.execute import ALLOW_ALL, apply_stack_settings, execute_plan, expected_resources
from deploy.execution.interruption import interrupted_execution
from deploy.execution.staleness import require_fitting
from review.plan.approval import Approval
from review.plan.model import Plan, PlannedTemplate
from review.plan.plan_file import plan_digest
from tests.deploy.support.aws import ACCOUNT, Scripted
from tests.review.support.plans import change_set, deployed, make_plan, stack_arn

TEMPLATE = "Resources:\n  X: {Type: 'AWS::SNS::Topic'}\n"
STAMP = datetime(2026, 1, 1, tzinfo=UTC)
ID = change_set().id
STACK = stack_arn("small-dev")


def update(**more: Any) -> Plan:
    return make_plan({"root.yaml": TEMPLATE}, deployed("small-dev", TEMPLATE), **more)


def approval_of(plan: Plan) -> Approval:
    return Approval(plan_digest(plan), "2026-01-01", "me", "arn:me")


def describe(scripted: Scripted, status: str = "CREATE_COMPLETE", **more: Any) -> None:
    stack = {"StackId": STACK, "StackName": "small-dev", "StackStatus": status, "CreationTime": STAMP, **more}
    scripted["cloudformation"].add_response("describe_stacks", {"Stacks": [stack]})


def describe_change_set(scripted: Scripted, execution: str = "AVAILABLE") -> None:
    answer = {"ExecutionStatus": execution, "Status": "CREATE_COMPLETE"}
    scripted["cloudformation"].add_response("describe_change_set", answer, {"ChangeSetName": ID})


def get_template(scripted: Scripted, text: str = TEMPLATE) -> None:
    expected = {"ChangeSetName": ID, "TemplateStage": "Original"}
    scripted["cloudformation"].add_response("get_template", {"TemplateBody": text}, expected)


def settings(scripted: Scripted, policy: str | None = None, wanted: str | None = None, protected: bool = False) -> None:
    """Script reading the settings and setting the wanted policy."""
    describe(scripted, EnableTerminationProtection=protected)
    answer = {"StackPolicyBody": policy} if policy else {}
    scripted["cloudformation"].add_response("get_stack_policy", answer, {"StackName": STACK})
    if wanted:
        expected = {"StackName": STACK, "StackPolicyBody": wanted}
        scripted["cloudformation"].add_response("set_stack_policy", {}, expected)
    scripted["cloudformation"].add_response(
        "list_stack_resources", {"StackResourceSummaries": []}, {"StackName": STACK}
    )


def event(
    number: int, status: str, reason: str = "", logical: str = "small-dev", physical: str = STACK
) -> dict[str, Any]:
    own = {"StackId": STACK, "StackName": "small-dev", "EventId": f"e{number}", "Timestamp": STAMP}
    kind = "AWS::CloudFormation::Stack" if physical == STACK else "AWS::SNS::Topic"
    details = {"ResourceStatus": status, "ResourceStatusReason": reason, "ResourceType": kind}
    return {**own, **details, "LogicalResourceId": logical, "PhysicalResourceId": physical}


def events(scripted: Scripted, news: Sequence[dict[str, Any]]) -> None:
    scripted["cloudformation"].add_response("describe_stack_events", {"StackEvents": news}, {"StackName": STACK})


def execute(scripted: Scripted, plan: Plan, approval: Approval | None = None) -> Any:
    lines: list[str] = []
    return execute_plan(scripted.aws, plan, approval or approval_of(plan), lines.append, sleep=lambda seconds: None)


@pytest.mark.requirement("REV-2")
def test_plan_that_was_not_approved_is_rejected(scripted: Scripted) -> None:
    describe_change_set(scripted)
    with pytest.raises(StalePlanError, match="it was not approved"):
        execute_plan(scripted.aws, update(), None, print)


@pytest.mark.requirement("REV-2")
def test_plan_that_changed_after_its_approval_is_rejected(scripted: Scripted) -> None:
    describe_change_set(scripted)
    approval = approval_of(update())
    with pytest.raises(StalePlanError, match="the approval is of another plan"):
        execute(scripted, update(termination_protection=True), approval)


@pytest.mark.parametrize(
    ("more", "message"),
    [({"account": "999999999999"}, "it is for account 999999999999"), ({"region": "eu-west-1"}, "it is for eu-west-1")],
)
def test_plan_for_elsewhere_is_rejected(scripted: Scripted, more: dict[str, str], message: str) -> None:
    with pytest.raises(StalePlanError, match=message):
        execute(scripted, update(**more))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("OBSOLETE", "the stack was changed since"),
        ("UNAVAILABLE", "cannot be executed"),
    ],
)
def test_change_set_that_is_used_up_is_rejected(scripted: Scripted, status: str, message: str) -> None:
    describe_change_set(scripted, status)
    with pytest.raises(StalePlanError, match=message):
        execute(scripted, update())


def test_change_set_that_is_gone_is_rejected(scripted: Scripted) -> None:
    scripted["cloudformation"].add_client_error("describe_change_set", "ChangeSetNotFound", "gone", 404)
    with pytest.raises(StalePlanError, match="its change set is gone"):
        execute(scripted, update())


def test_stack_that_changed_since_is_rejected(scripted: Scripted) -> None:
    describe_change_set(scripted)
    describe(scripted, "UPDATE_COMPLETE", LastUpdatedTime=datetime(2026, 3, 1, tzinfo=UTC))
    get_template(scripted)
    with pytest.raises(StalePlanError, match="small-dev was changed since"):
        execute(scripted, update())


def test_nested_stack_that_changed_since_is_rejected(scripted: Scripted) -> None:
    inner = replace(deployed("n", TEMPLATE), updated="2025-01-01")
    before = deployed("small-dev", TEMPLATE, children={"N": inner})
    describe_change_set(scripted)
    describe(scripted)
    describe(scripted)
    get_template(scripted)
    with pytest.raises(StalePlanError, match="N was changed since"):
        execute(scripted, make_plan({"root.yaml": TEMPLATE}, before))


def test_other_template_in_the_change_set_is_rejected(scripted: Scripted) -> None:
    describe_change_set(scripted)
    describe(scripted)
    get_template(scripted, "Resources:\n  Y: {Type: 'AWS::SNS::Topic'}\n")
    with pytest.raises(StalePlanError, match="the change set has another root template"):
        execute(scripted, update())


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Resources:\n  X: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: café}}\n", None),
        # YAML cannot read the answer: "? " begins a key.
        ("Resources:\n  X:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: é x\n", None),
        # A template in JSON comes back as an object.
        (
            '{"Resources": {"X": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "café"}}}}',
            '{"Resources": {"X": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "caf?"}}}}',
        ),
    ],
    ids=["yaml", "unreadable", "json"],
)
def test_root_with_other_characters_than_ascii_is_executed(scripted: Scripted, text: str, answer: str | None) -> None:
    """GetTemplate answers a question mark for each of them, and the plan was rejected for ever."""
    describe(scripted)
    get_template(scripted, answer or text.encode("ascii", "replace").decode())
    require_fitting(scripted.aws, make_plan({"root.yaml": text}, update().deployed))


@pytest.mark.requirement("REV-1")
def test_other_character_than_the_planned_one_is_rejected(scripted: Scripted) -> None:
    text = "Resources:\n  X: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: café}}\n"
    describe(scripted)
    get_template(scripted, text.replace("café", "cafe"))
    with pytest.raises(StalePlanError, match="another root template"):
        require_fitting(scripted.aws, make_plan({"root.yaml": text}, update().deployed))


@pytest.mark.parametrize(
    ("digest", "message"), [("00" * 32, "does not have the plan's digest"), (None, "is no longer in b")]
)
def test_changed_packaged_template_is_rejected(scripted: Scripted, digest: str | None, message: str) -> None:
    planned = PlannedTemplate(text_digest(TEMPLATE), TEMPLATE, "https://s3.x/b/root.yaml", text_digest(TEMPLATE))
    plan = replace(update(), templates={"root.yaml": planned})
    describe_change_set(scripted)
    describe(scripted)
    get_template(scripted)
    expected = {"Bucket": "b", "Key": "root.yaml", "ExpectedBucketOwner": ACCOUNT, "ChecksumMode": "ENABLED"}
    if digest is None:
        scripted["s3"].add_client_error("head_object", "404", http_status_code=404, expected_params=expected)
    else:
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        scripted["s3"].add_response("head_object", {"ChecksumSHA256": checksum}, expected)
    with pytest.raises(StalePlanError, match=message):
        execute(scripted, plan)


def test_new_stack_that_somebody_created_meanwhile_is_rejected(scripted: Scripted) -> None:
    describe_change_set(scripted)
    describe(scripted, "CREATE_COMPLETE")
    get_template(scripted)
    with pytest.raises(StalePlanError, match="was to be created, but is in CREATE_COMPLETE"):
        execute(scripted, make_plan({"root.yaml": TEMPLATE}))


def script_start(scripted: Scripted) -> None:
    describe_change_set(scripted)
    describe(scripted)
    get_template(scripted)
    events(scripted, [event(1, "CREATE_COMPLETE")])


def run(scripted: Scripted) -> None:
    expected = {"ChangeSetName": ID, "ClientRequestToken": ANY, "DisableRollback": False}
    scripted["cloudformation"].add_response("execute_change_set", {}, expected)


def test_policy_and_protection_are_applied_before_and_after_an_update(scripted: Scripted) -> None:
    policy = {"Statement": [{"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "*"}]}
    body = json.dumps(policy, sort_keys=True)
    stub = scripted["cloudformation"]
    script_start(scripted)
    settings(scripted, None, body)
    protect = {"StackName": STACK, "EnableTerminationProtection": True}
    stub.add_response("update_termination_protection", {}, protect)
    run(scripted)
    describe(scripted, "UPDATE_COMPLETE")
    news = [event(3, "UPDATE_COMPLETE"), event(2, "UPDATE_IN_PROGRESS"), event(1, "CREATE_COMPLETE")]
    events(scripted, news)
    events(scripted, news)
    settings(scripted, body, protected=True)
    outcome = execute(scripted, update(stack_policy=body, termination_protection=True))
    assert outcome.status == "UPDATE_COMPLETE"


def test_policy_that_the_file_no_longer_has_is_opened(scripted: Scripted) -> None:
    """A stack policy cannot be deleted, so a file without one means that everything is allowed."""
    settings(scripted, '{"Statement": []}', ALLOW_ALL)
    apply_stack_settings(scripted.aws.client("cloudformation"), update(), STACK)


def test_policy_reaches_every_nested_stack(scripted: Scripted) -> None:
    stub, inner = scripted["cloudformation"], stack_arn("n")
    common = {
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": STAMP,
        "ResourceType": "AWS::CloudFormation::Stack",
    }
    nested = {"StackResourceSummaries": [{"LogicalResourceId": "N", "PhysicalResourceId": inner, **common}]}
    describe(scripted)
    stub.add_response("get_stack_policy", {}, {"StackName": STACK})
    stub.add_response("set_stack_policy", {}, {"StackName": STACK, "StackPolicyBody": "{}"})
    stub.add_response("list_stack_resources", nested, {"StackName": STACK})
    stub.add_response("get_stack_policy", {}, {"StackName": inner})
    stub.add_response("set_stack_policy", {}, {"StackName": inner, "StackPolicyBody": "{}"})
    stub.add_response("list_stack_resources", {"StackResourceSummaries": []}, {"StackName": inner})
    apply_stack_settings(scripted.aws.client("cloudformation"), update(stack_policy="{}"), STACK)


def test_rollback_raises_the_root_cause(scripted: Scripted) -> None:
    script_start(scripted)
    settings(scripted)
    run(scripted)
    describe(scripted, "UPDATE_ROLLBACK_COMPLETE")
    failed = event(3, "UPDATE_FAILED", "Invalid topic name", "X", "arn:x")
    news = [event(4, "UPDATE_ROLLBACK_COMPLETE"), failed, event(2, "UPDATE_IN_PROGRESS"), event(1, "CREATE_COMPLETE")]
    events(scripted, news)
    events(scripted, news)
    with pytest.raises(ExecutionError) as caught:
        execute(scripted, update())
    assert caught.value.root_cause == "X (AWS::SNS::Topic) UPDATE_FAILED: Invalid topic name"
    assert "The stack is as it was before" in str(caught.value)


def test_change_set_that_runs_already_is_followed(scripted: Scripted) -> None:
    """The command was interrupted, or a second terminal asks: the running operation is followed, not rejected."""
    describe_change_set(scripted, "EXECUTE_IN_PROGRESS")
    began = event(2, "UPDATE_IN_PROGRESS", "User Initiated")
    events(scripted, [began, event(1, "CREATE_COMPLETE")])
    describe(scripted, "UPDATE_COMPLETE")
    news = [event(3, "UPDATE_COMPLETE"), began]
    events(scripted, news)
    events(scripted, news)
    settings(scripted)
    assert execute(scripted, update()).status == "UPDATE_COMPLETE"


def test_execution_that_ended_meanwhile_gets_its_settings(scripted: Scripted) -> None:
    """The first `execute` was killed, and the creation ended in AWS without the stack policy."""
    policy = json.dumps({"Statement": []})
    describe_change_set(scripted, "EXECUTE_COMPLETE")
    news = [event(2, "CREATE_COMPLETE"), event(1, "CREATE_IN_PROGRESS", "User Initiated")]
    events(scripted, news)
    describe(scripted)
    events(scripted, news)
    events(scripted, news)
    settings(scripted, None, policy)
    lines: list[str] = []
    plan = make_plan({"root.yaml": TEMPLATE}, stack_policy=policy)
    outcome = execute_plan(scripted.aws, plan, None, lines.append, sleep=lambda seconds: None)
    assert outcome is not None
    assert outcome.status == "CREATE_COMPLETE"
    assert lines == ["This change set was executed already."], "the events of before are not printed again"


def test_execution_that_failed_meanwhile_says_why(scripted: Scripted) -> None:
    describe_change_set(scripted, "EXECUTE_FAILED")
    failed = event(2, "CREATE_FAILED", "Invalid topic name", "X", "arn:x")
    news = [event(3, "ROLLBACK_COMPLETE"), failed, event(1, "CREATE_IN_PROGRESS", "User Initiated")]
    events(scripted, news)
    describe(scripted, "ROLLBACK_COMPLETE")
    events(scripted, news)
    events(scripted, news)
    with pytest.raises(ExecutionError, match="Invalid topic name"):
        execute_plan(scripted.aws, make_plan({"root.yaml": TEMPLATE}), None, print, sleep=lambda seconds: None)


def test_new_stack_is_protected_before_its_creation_starts(scripted: Scripted) -> None:
    """An `execute` that was killed left a complete stack without termination protection."""
    stub = scripted["cloudformation"]
    describe_change_set(scripted)
    describe(scripted, "REVIEW_IN_PROGRESS")
    get_template(scripted)
    events(scripted, [event(1, "REVIEW_IN_PROGRESS")])
    describe(scripted, "REVIEW_IN_PROGRESS")
    protect = {"StackName": STACK, "EnableTerminationProtection": True}
    stub.add_response("update_termination_protection", {}, protect)
    stub.add_client_error("execute_change_set", "Throttling", "the process could be killed here")
    with pytest.raises(Exception, match="could be killed here"):
        execute(scripted, make_plan({"root.yaml": TEMPLATE}, termination_protection=True))


@pytest.mark.parametrize(
    ("execution", "status", "sentence"),
    [
        ("AVAILABLE", "REVIEW_IN_PROGRESS", "small-dev is in REVIEW_IN_PROGRESS. The change set was not started."),
        ("EXECUTE_IN_PROGRESS", "CREATE_IN_PROGRESS", "is in CREATE_IN_PROGRESS. The change set was started, and its"),
        ("EXECUTE_COMPLETE", "CREATE_COMPLETE", "is in CREATE_COMPLETE. The change set was executed."),
        ("EXECUTE_FAILED", "ROLLBACK_COMPLETE", "is in ROLLBACK_COMPLETE. The execution of the change set failed."),
    ],
)
def test_interruption_names_the_state_and_whether_anything_was_started(
    scripted: Scripted, execution: str, status: str, sentence: str
) -> None:
    describe_change_set(scripted, execution)
    describe(scripted, status)
    assert sentence in interrupted_execution(scripted.aws, update())


def test_interruption_without_an_answer_of_aws_is_a_sentence_too(scripted: Scripted) -> None:
    scripted["cloudformation"].add_client_error("describe_change_set", "AccessDenied", "no")
    assert "The state of small-dev cannot be read" in interrupted_execution(scripted.aws, update())


def test_race_for_the_change_set_is_a_rejection(scripted: Scripted) -> None:
    script_start(scripted)
    settings(scripted)
    scripted["cloudformation"].add_client_error("execute_change_set", "InvalidChangeSetStatus", "no longer")
    with pytest.raises(StalePlanError, match="became unusable at the last moment"):
        execute(scripted, update())


def test_no_changes_execute_nothing_but_settings(scripted: Scripted) -> None:
    nothing = change_set(status="FAILED", reason="The submitted information didn't contain changes.")
    describe(scripted)
    settings(scripted)
    protect = {"StackName": STACK, "EnableTerminationProtection": True}
    scripted["cloudformation"].add_response("update_termination_protection", {}, protect)
    assert execute(scripted, update(change_set=nothing, termination_protection=True)) is None


def test_expected_count_follows_conditions_and_nesting() -> None:
    root = """
Parameters: {Many: {Type: String, Default: "false"}}
Resources:
  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: n.yaml, Parameters: {Many: !Ref Many}}}
"""
    child = """
Parameters: {Many: {Type: String}}
Conditions: {IsMany: !Equals [!Ref Many, "true"]}
Resources:
  A: {Type: AWS::SNS::Topic}
  B: {Type: AWS::SNS::Topic, Condition: IsMany}
"""
    templates = {"root.yaml": root, "n.yaml": child}
    assert expected_resources(make_plan(templates)) == 2
    assert expected_resources(make_plan(templates, parameters={"Many": "true"})) == 3
