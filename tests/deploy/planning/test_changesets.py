"""Change sets as CloudFormation describes them: children, pages, property values, and failures deep down."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY

from deploy.errors import ChangeSetError
from deploy.planning.changesets import (
    ChangeSetRequest,
    create_change_set,
    delete_change_set,
    wait_for_change_set,
)
from review.plan.model import ChangeSet
from tests.deploy.support.aws import ACCOUNT, Scripted

ARN = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:changeSet"
ROOT, NETWORK, DATABASE = f"{ARN}/deploy/root-1", f"{ARN}/deploy-Network-X/n-1", f"{ARN}/deploy-Database-Y/d-1"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/trading-dev/1"
URL = "https://s3.us-east-1.amazonaws.com/b/root.yaml"
REQUEST = ChangeSetRequest("trading-dev", "UPDATE", {"A": "1"}, {"T": "x"}, "why", template_url=URL)
NEVER = "The submitted information didn't contain changes. Submit different information to create a change set."


def change(logical_id: str, kind: str = "AWS::S3::Bucket", action: str = "Modify", **more: Any) -> dict[str, Any]:
    resource = {"LogicalResourceId": logical_id, "ResourceType": kind, "Action": action, **more}
    return {"Type": "Resource", "ResourceChange": resource}


def nested_change(logical_id: str, child: str | None) -> dict[str, Any]:
    return change(logical_id, "AWS::CloudFormation::Stack", **({"ChangeSetId": child} if child else {}))


def description(
    identifier: str, changes: list[dict[str, Any]], status: str = "CREATE_COMPLETE", **more: Any
) -> dict[str, Any]:
    return {"ChangeSetId": identifier, "StackId": STACK, "Status": status, "Changes": changes, **more}


def answer(
    scripted: Scripted, identifier: str, *pages: dict[str, Any], rich: list[dict[str, Any]] | None = None
) -> None:
    """Script a change set's description: without values page by page, then with values."""
    stub = scripted["cloudformation"]
    for values, several in ((False, list(pages)), (True, rich or list(pages))):
        for number, page in enumerate(several):
            expected: dict[str, Any] = {"ChangeSetName": identifier}
            if values:
                expected["IncludePropertyValues"] = True
            if number:
                expected["NextToken"] = f"t{number}"
            last = number == len(several) - 1
            stub.add_response(
                "describe_change_set", {**page, **({} if last else {"NextToken": f"t{number + 1}"})}, expected
            )


def script_creation(scripted: Scripted, status: str = "CREATE_COMPLETE") -> None:
    """Script CreateChangeSet and the wait for it."""
    stub = scripted["cloudformation"]
    expected = {
        "StackName": "trading-dev",
        "ChangeSetName": ANY,
        "ChangeSetType": "UPDATE",
        "Description": "why",
        "ClientToken": ANY,
        "TemplateURL": URL,
        "Parameters": [{"ParameterKey": "A", "ParameterValue": "1"}],
        "Tags": [{"Key": "T", "Value": "x"}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "IncludeNestedStacks": True,
    }
    stub.add_response("create_change_set", {"Id": ROOT, "StackId": STACK}, expected)
    stub.add_response("describe_change_set", {"Status": "CREATE_IN_PROGRESS"}, {"ChangeSetName": ROOT})
    stub.add_response("describe_change_set", {"Status": status}, {"ChangeSetName": ROOT})


def script_deletion(scripted: Scripted) -> None:
    scripted["cloudformation"].add_response("delete_change_set", {}, {"ChangeSetName": ROOT})


def script_validation(scripted: Scripted, identifier: str, *events: dict[str, Any], then: str | None = None) -> None:
    """Script a page of the validation's findings in a change set; ``then`` is the token of the next page."""
    more = {"NextToken": then} if then else {}
    scripted["cloudformation"].add_response(
        "describe_events", {"OperationEvents": list(events), **more}, {"ChangeSetName": identifier}
    )


def validation_error(path: str, reason: str, **more: str) -> dict[str, Any]:
    event = {"EventType": "VALIDATION_ERROR", "ValidationPath": path, "ValidationStatusReason": reason}
    return {"EventId": "e", "ValidationStatus": "FAILED", **event, **more}


def create(scripted: Scripted) -> ChangeSet:
    return create_change_set(scripted.aws.client("cloudformation"), REQUEST, sleep=lambda seconds: None)


def test_children_are_followed_and_every_page_is_read(scripted: Scripted) -> None:
    script_creation(scripted)
    answer(
        scripted,
        ROOT,
        description(ROOT, [nested_change("Network", NETWORK)]),
        description(ROOT, [nested_change("Database", DATABASE)]),
    )
    answer(
        scripted,
        NETWORK,
        description(NETWORK, [change("Vpc"), change("Subnet")]),
        description(NETWORK, [change("Nat")]),
    )
    answer(scripted, DATABASE, description(DATABASE, [change("Cluster")]))
    # pages of the root are read first, without values and with, then the children in order, then the validation
    for identifier in (ROOT, NETWORK, DATABASE):
        script_validation(scripted, identifier)
    created_set = create(scripted)
    tree = {
        change.logical_id: [inner.logical_id for inner in change.child.changes]
        for change in created_set.changes
        if change.child
    }
    assert tree == {"Network": ["Vpc", "Subnet", "Nat"], "Database": ["Cluster"]}
    assert not created_set.unchanged
    assert created_set.warnings == ()


def test_warnings_of_the_validation_come_with_their_stack(scripted: Scripted) -> None:
    """The change set does not show them; only DescribeEvents does, for each change set, page by page."""
    script_creation(scripted)
    answer(scripted, ROOT, description(ROOT, [nested_change("Network", NETWORK)]))
    answer(scripted, NETWORK, description(NETWORK, [change("NatAddressA", "AWS::EC2::EIP")]))
    script_validation(
        scripted, ROOT, {"EventId": "1", "EventType": "PROGRESS_EVENT", "ResourceStatus": "CREATE_COMPLETE"}
    )
    quota = validation_error("/Resources/NatAddressA", "The quota of 5 would be exceeded", ValidationFailureMode="WARN")
    script_validation(scripted, NETWORK, quota, {**quota, "EventId": "again"}, then="more")
    scripted["cloudformation"].add_response(
        "describe_events",
        {"OperationEvents": [validation_error("/Resources/Vpc", "no permission", ValidationStatus="SKIPPED")]},
        {"ChangeSetName": NETWORK, "NextToken": "more"},
    )
    assert [str(finding) for finding in create(scripted).warnings] == [
        "trading-dev > Network /Resources/NatAddressA: The quota of 5 would be exceeded",
        "trading-dev > Network /Resources/Vpc: not checked: no permission",
    ]


def test_unreadable_warnings_are_a_finding(scripted: Scripted) -> None:
    script_creation(scripted)
    answer(scripted, ROOT, description(ROOT, [nested_change("Network", NETWORK)]))
    answer(scripted, NETWORK, description(NETWORK, [change("Vpc")]))
    scripted["cloudformation"].add_client_error("describe_events", "AccessDenied", "not allowed", 403)
    (missing,) = create(scripted).warnings
    assert missing.skipped
    assert "cloudformation:DescribeEvents" in str(missing)


def test_changes_that_property_values_hide_are_merged_in(scripted: Scripted) -> None:
    """With property values CloudFormation drops changes that it cannot render; the plain description has them."""
    named = {"Attribute": "Properties", "Name": "Tags"}
    detail = {"Target": named, "ChangeSource": "DirectModification"}
    rendered = {"Target": {**named, "BeforeValue": "a", "AfterValue": "b"}, "ChangeSource": "DirectModification"}
    other = {"Target": {"Attribute": "Properties", "Name": "Configuration"}, "ChangeSource": "DirectModification"}
    warning = (
        "[WARN] --include-property-values option can return incomplete ChangeSet data because: Logical Id: Dropped"
    )
    plain = description(ROOT, [change("Kept", Details=[detail, other]), change("Dropped", Details=[other])])
    rich = description(ROOT, [change("Kept", Details=[rendered])], StatusReason=warning)
    script_creation(scripted)
    answer(scripted, ROOT, plain, rich=[rich])
    script_validation(scripted, ROOT)
    created = create(scripted)
    changes = {change.logical_id: change for change in created.changes}
    assert set(changes) == {"Kept", "Dropped"}
    assert created.incomplete == "Logical Id: Dropped", "the review says so"
    assert created.reason == ""
    assert [(detail.name, detail.before, detail.after) for detail in changes["Kept"].details] == [
        ("Tags", "a", "b"),
        ("Configuration", None, None),
    ]


@pytest.mark.requirement("REV-1")
def test_child_that_is_settled_after_its_root_is_waited_for(scripted: Scripted) -> None:
    """Its changes were read while CloudFormation still wrote them."""
    script_creation(scripted)
    answer(scripted, ROOT, description(ROOT, [nested_change("Network", NETWORK)]))
    stub = scripted["cloudformation"]
    stub.add_response("describe_change_set", description(NETWORK, [], "CREATE_IN_PROGRESS"), {"ChangeSetName": NETWORK})
    stub.add_response("describe_change_set", {"Status": "CREATE_IN_PROGRESS"}, {"ChangeSetName": NETWORK})
    stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"}, {"ChangeSetName": NETWORK})
    answer(scripted, NETWORK, description(NETWORK, [change("Vpc")]))
    script_validation(scripted, ROOT)
    script_validation(scripted, NETWORK)
    (network,) = create(scripted).changes
    assert network.child is not None
    assert network.child.status == "CREATE_COMPLETE"
    assert [inner.logical_id for inner in network.child.changes] == ["Vpc"]


@pytest.mark.requirement("REV-1")
def test_all_of_250_changes_are_read(scripted: Scripted) -> None:
    """The description has pages, in both forms, and the values of a change can be on another page than the plain one."""
    names = [f"Topic{number}" for number in range(250)]
    plain = [description(ROOT, [change(name) for name in names[start : start + 100]]) for start in (0, 100, 200)]
    target = {"Attribute": "Properties", "Name": "DisplayName", "BeforeValue": "a", "AfterValue": "b"}
    valued = [change(name, Details=[{"Target": target}]) for name in names]
    rich = [description(ROOT, valued[start : start + 60]) for start in range(0, 250, 60)]
    script_creation(scripted)
    answer(scripted, ROOT, *plain, rich=rich)
    script_validation(scripted, ROOT)
    created = create(scripted)
    assert [change.logical_id for change in created.changes] == names
    assert {change.details[0].after for change in created.changes} == {"b"}


def test_region_without_property_values_is_read_without_them(scripted: Scripted) -> None:
    script_creation(scripted)
    stub = scripted["cloudformation"]
    stub.add_response("describe_change_set", description(ROOT, [change("A")]), {"ChangeSetName": ROOT})
    stub.add_client_error("describe_change_set", "ValidationError", "IncludePropertyValues is not supported")
    script_validation(scripted, ROOT)
    assert [change.logical_id for change in create(scripted).changes] == ["A"]


@pytest.mark.parametrize(
    "reason",
    [NEVER, "No updates are to be performed.", "There are no changes to deploy.", "no changes to perform"],
)
def test_no_changes_is_a_result_in_all_its_wordings(scripted: Scripted, reason: str) -> None:
    script_creation(scripted, "FAILED")
    answer(scripted, ROOT, description(ROOT, [], "FAILED", StatusReason=reason))
    script_deletion(scripted)
    assert create(scripted).unchanged


def test_no_changes_may_also_come_as_an_error_of_the_call(scripted: Scripted) -> None:
    scripted["cloudformation"].add_client_error(
        "create_change_set", "ValidationError", "No updates are to be performed."
    )
    assert create(scripted).unchanged


def test_children_without_changes_make_no_changes(scripted: Scripted) -> None:
    """The root fails only because its child has nothing to change, which is not a failure."""
    reason = f"Nested change set {NETWORK} was not successfully created: Currently in FAILED."
    script_creation(scripted, "FAILED")
    answer(scripted, ROOT, description(ROOT, [], "FAILED", StatusReason=reason))
    answer(scripted, NETWORK, description(NETWORK, [], "FAILED", StatusReason=NEVER))
    script_deletion(scripted)
    assert create(scripted).unchanged


def test_failure_has_the_reason_of_the_deepest_child(scripted: Scripted) -> None:
    """The root says only that a nested change set failed; the real reason is two levels down."""
    script_creation(scripted, "FAILED")
    root = f"Nested change set {NETWORK} was not successfully created: Currently in FAILED."
    middle = f"Nested change set {DATABASE} was not successfully created: Currently in FAILED."
    answer(scripted, ROOT, description(ROOT, [nested_change("Network", NETWORK)], "FAILED", StatusReason=root))
    answer(scripted, NETWORK, description(NETWORK, [], "FAILED", StatusReason=middle))
    answer(
        scripted, DATABASE, description(DATABASE, [], "FAILED", StatusReason="Template error: Fn::Select cannot select")
    )
    script_validation(scripted, DATABASE)
    script_deletion(scripted)
    with pytest.raises(ChangeSetError) as caught:
        create(scripted)
    assert caught.value.reasons == (
        "trading-dev > Network > deploy-Database-Y: Template error: Fn::Select cannot select",
    )


def test_early_validation_is_reported_in_full(scripted: Scripted) -> None:
    reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]."
    script_creation(scripted, "FAILED")
    answer(scripted, ROOT, description(ROOT, [], "FAILED", StatusReason=reason))
    wrong = "/Resources/Table/Properties"
    script_validation(
        scripted,
        ROOT,
        validation_error(f"{wrong}/BillingMode", "PAY is not a valid enum value"),
        validation_error(wrong, "Required property [KeySchema] not found"),
    )
    script_deletion(scripted)
    with pytest.raises(ChangeSetError) as caught:
        create(scripted)
    assert caught.value.reasons == (
        f"trading-dev: {reason}",
        f"trading-dev {wrong}/BillingMode: PAY is not a valid enum value",
        f"trading-dev {wrong}: Required property [KeySchema] not found",
    )


def test_unreadable_validation_does_not_hide_the_failure(scripted: Scripted) -> None:
    script_creation(scripted, "FAILED")
    answer(scripted, ROOT, description(ROOT, [], "FAILED", StatusReason="Early validation failed."))
    scripted["cloudformation"].add_client_error("describe_events", "AccessDenied", "not allowed", 403)
    script_deletion(scripted)
    with pytest.raises(ChangeSetError, match=r"Early validation failed\.") as caught:
        create(scripted)
    assert "cloudformation:DescribeEvents" in caught.value.reasons[1]


def test_change_set_that_is_not_readable_at_once_is_waited_for(scripted: Scripted) -> None:
    stub = scripted["cloudformation"]
    stub.add_client_error("describe_change_set", "ChangeSetNotFound", "ChangeSet [x] does not exist", 404)
    stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
    wait_for_change_set(scripted.aws.client("cloudformation"), ROOT, sleep=lambda seconds: None)


def test_wait_ends_when_nothing_ever_settles() -> None:
    class Stuck:
        def describe_change_set(self, **_: str) -> dict[str, str]:
            return {"Status": "CREATE_IN_PROGRESS"}

    with pytest.raises(ChangeSetError, match="not settled after 30 minutes"):
        wait_for_change_set(Stuck(), ROOT, sleep=lambda seconds: None)


def test_deleting_a_missing_change_set_is_no_error(scripted: Scripted) -> None:
    scripted["cloudformation"].add_client_error("delete_change_set", "ChangeSetNotFound", http_status_code=404)
    delete_change_set(scripted.aws.client("cloudformation"), ROOT)


def test_template_without_bucket_is_sent_in_the_call() -> None:
    arguments = ChangeSetRequest("s", "CREATE", {}, {}, "", template_body="{}", role_arn="arn:role").arguments("n")
    assert arguments["TemplateBody"] == "{}"
    assert arguments["RoleARN"] == "arn:role"
    assert "TemplateURL" not in arguments
