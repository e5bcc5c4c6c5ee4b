"""Creates a nested change set and reads all of it: every page and every child.

CloudFormation has three habits that this module works around:

- With ``IncludePropertyValues`` it drops whole changes that it cannot render, and the StatusReason of a failed
  change set (aws-cdk-cli issue 1780, boto3 issue 4178). So each change set is described twice, with values and without,
  and the two descriptions are merged. Only the StatusReason says that values are missing, and the review passes that on.
- A child may be settled later than its parent. So each change set of the tree is waited for.
- A failed child shows in its parent only as "Nested change set arn:… was not successfully created". So the ARN is
  followed down to the change set with the real reason.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from cfn.types import STACK
from deploy.errors import ChangeSetError
from deploy.planning.snapshot import does_not_exist, resolved_parameters
from deploy.planning.validations import validation_faults, validation_warnings
from deploy.session import DENIED, code_of, message_of
from review.plan.model import NO_CHANGES, Change, ChangeSet, Detail

CAPABILITIES = ("CAPABILITY_NAMED_IAM",)  # no AUTO_EXPAND: the sets hold no transform
CHANGE_SET_ARN = re.compile(r"arn:[\w-]+:cloudformation:[\w-]+:\d{12}:changeSet/[\w/-]+")
PENDING = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
INVALID_STATUS = frozenset({"InvalidChangeSetStatus", "InvalidChangeSetStatusException"})
CREATION_SECONDS = 1800
APPEARANCE_SECONDS = 30  # a new change set may not be readable at once
INCOMPLETE = re.compile(r"can return incomplete ChangeSet data(?: because: *(?P<why>.*))?", re.DOTALL)


@dataclass(frozen=True)
class ChangeSetRequest:
    """A request for a change set, with either ``template_url`` or ``template_body``."""

    stack: str
    kind: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    description: str
    template_url: str | None = None
    template_body: str | None = None
    role_arn: str | None = None

    def arguments(self, name: str) -> dict[str, Any]:
        """The arguments of CreateChangeSet for a change set of this name.

        ``UsePreviousValue`` is never used, because the parameter file alone decides. OnStackFailure is not used, because
        it forbids DisableRollback at execution, where the deployer asks for rollbacks explicitly, for creations and
        updates alike.
        """
        role = {"RoleARN": self.role_arn} if self.role_arn else {}
        template = {"TemplateURL": self.template_url} if self.template_url else {"TemplateBody": self.template_body}
        return {
            "StackName": self.stack,
            "ChangeSetName": name,
            "ChangeSetType": self.kind,
            "Description": self.description,
            "ClientToken": str(uuid.uuid4()),  # botocore's retries create one change set
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())],
            "Capabilities": list(CAPABILITIES),
            "IncludeNestedStacks": True,
            **template,
            **role,
        }


def create_change_set(
    cloudformation: Any,
    request: ChangeSetRequest,
    *,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> ChangeSet:
    """Create a change set, wait until it is settled, and read the whole tree.

    Returns:
        The change set, also one without changes (``unchanged``).

    Raises:
        ChangeSetError: CloudFormation could not create it; the error has the deepest reasons. The failed change set is
            deleted.
    """
    name = f"deploy-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now()))}-{uuid.uuid4().hex[:6]}"
    try:
        response = cloudformation.create_change_set(**request.arguments(name))
    except ClientError as error:
        if NO_CHANGES.search(message_of(error)):
            return ChangeSet("", "", "FAILED", "UNAVAILABLE", message_of(error), {}, ())
        raise
    identifier = str(response["Id"])
    wait_for_change_set(cloudformation, identifier, sleep=sleep)
    change_set = read_change_set(cloudformation, identifier, sleep=sleep)
    if change_set.status == "CREATE_COMPLETE":
        warnings = validation_warnings(cloudformation, _completed(change_set, request.stack))
        return replace(change_set, warnings=tuple(warnings))
    reasons = () if change_set.unchanged else tuple(failure_reasons(cloudformation, change_set, request.stack))
    delete_change_set(cloudformation, identifier)
    if change_set.unchanged:
        return change_set
    raise ChangeSetError(request.stack, reasons, "Correct that, then run `deploy plan` again.")


def delete_change_set(cloudformation: Any, identifier: str) -> None:
    """Delete a change set with its children; one that does not exist any more is no error."""
    try:
        cloudformation.delete_change_set(ChangeSetName=identifier)
    except ClientError as error:
        if not is_gone(error) and code_of(error) not in INVALID_STATUS:
            raise


def is_gone(error: ClientError) -> bool:
    """Whether the error says that the change set, or its stack, does not exist (any more)."""
    return code_of(error) in ("ChangeSetNotFound", "ChangeSetNotFoundException") or does_not_exist(error)


def wait_for_change_set(cloudformation: Any, identifier: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until the change set is created or has failed.

    Raises:
        ChangeSetError: It is not settled after half an hour.
    """
    waited_seconds, pause_seconds = 0.0, 0.5
    while waited_seconds < CREATION_SECONDS:
        try:
            status = cloudformation.describe_change_set(ChangeSetName=identifier)["Status"]
        except ClientError as error:
            if not is_gone(error) or waited_seconds > APPEARANCE_SECONDS:
                raise
            status = "CREATE_PENDING"
        if status not in PENDING:
            return
        sleep(pause_seconds)
        waited_seconds += pause_seconds
        pause_seconds = min(pause_seconds * 1.5, 5.0)
    raise ChangeSetError(
        identifier, [f"not settled after {CREATION_SECONDS // 60} minutes"], "Look at it in the console."
    )


# ---- reading --------------------------------------------------------------------------------------------------------


def read_change_set(cloudformation: Any, identifier: str, *, sleep: Callable[[float], None] = time.sleep) -> ChangeSet:
    """The change set with all pages of its changes, and the change sets of its children, all the way down.

    Raises:
        ChangeSetError: A child is not settled after half an hour.
    """
    plain = _pages(cloudformation, identifier, values=False)
    if plain["Status"] in PENDING:
        wait_for_change_set(cloudformation, identifier, sleep=sleep)
        plain = _pages(cloudformation, identifier, values=False)
    with_values = _with_values(cloudformation, identifier, plain)
    changes = _merged(with_values.get("Changes", []), plain.get("Changes", []))
    reason, incomplete = _reasons(plain, with_values)
    children = {change.get("ChangeSetId") for change in changes} - {None, ""}
    # A failed parent may list no change at all and name the child only in its reason.
    unlisted = [arn for arn in CHANGE_SET_ARN.findall(reason) if arn not in children and arn != identifier]

    def read_child(arn: str) -> ChangeSet:
        return read_change_set(cloudformation, arn, sleep=sleep)

    return ChangeSet(
        id=str(plain.get("ChangeSetId") or identifier),
        stack_id=str(plain.get("StackId", "")),
        status=str(plain["Status"]),
        execution_status=str(plain.get("ExecutionStatus", "")),
        reason=reason,
        parameters=resolved_parameters(plain),
        changes=(
            *(_change(change, read_child) for change in changes),
            *(_unlisted_change(read_child(arn)) for arn in unlisted),
        ),
        incomplete=incomplete,
    )


def _with_values(cloudformation: Any, identifier: str, plain: dict[str, Any]) -> dict[str, Any]:
    try:
        return _pages(cloudformation, identifier, values=True)
    except ClientError as error:
        if code_of(error) in DENIED or is_gone(error):
            raise
        return plain  # this region or endpoint has no property values; the plain description has everything else


def _reasons(plain: Mapping[str, Any], with_values: Mapping[str, Any]) -> tuple[str, str]:
    """The reason of the change set's status, and why values are missing, each empty if there is none."""
    reason = str(plain.get("StatusReason") or "")
    warning = INCOMPLETE.search(str(with_values.get("StatusReason") or ""))
    incomplete = " ".join((warning["why"] or "CloudFormation gives no reason").split()) if warning else ""
    return "" if INCOMPLETE.search(reason) else reason, incomplete


def _pages(cloudformation: Any, identifier: str, *, values: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {"ChangeSetName": identifier}
    if values:
        arguments["IncludePropertyValues"] = True
    first: dict[str, Any] = cloudformation.describe_change_set(**arguments)
    changes, token = list(first.get("Changes", [])), first.get("NextToken")
    while token:
        page = cloudformation.describe_change_set(**arguments, NextToken=token)
        changes += page.get("Changes", [])
        token = page.get("NextToken")
    return {**first, "Changes": [change["ResourceChange"] for change in changes if change.get("ResourceChange")]}


def _merged(with_values: Sequence[Mapping[str, Any]], plain: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The changes with their values, and the changes and details that the description with values left out."""
    by_id = {change["LogicalResourceId"]: dict(change) for change in with_values}
    for change in plain:
        merged = by_id.setdefault(change["LogicalResourceId"], dict(change))
        details = list(merged.get("Details", []))
        identities = [_identity(detail) for detail in details]
        details += [detail for detail in change.get("Details", []) if _identity(detail) not in identities]
        merged["Details"] = details
        merged.setdefault("ChangeSetId", change.get("ChangeSetId"))
    return list(by_id.values())


def _identity(detail: Mapping[str, Any]) -> tuple[object, ...]:
    target = detail.get("Target", {})
    return target.get("Attribute"), target.get("Name"), detail.get("ChangeSource"), detail.get("CausingEntity")


def _change(change: Mapping[str, Any], read_child: Callable[[str], ChangeSet]) -> Change:
    child = change.get("ChangeSetId")
    return Change(
        action=str(change.get("Action", "")),
        logical_id=str(change["LogicalResourceId"]),
        physical_id=str(change.get("PhysicalResourceId", "")),
        type=str(change.get("ResourceType", "")),
        replacement=str(change.get("Replacement", "")),
        policy_action=str(change.get("PolicyAction", "")),
        scope=tuple(change.get("Scope", [])),
        details=tuple(_detail(detail) for detail in change.get("Details", [])),
        child=read_child(child) if child else None,
    )


def _unlisted_change(child: ChangeSet) -> Change:
    name = child.id.rsplit(":changeSet/", 1)[-1].split("/")[0]
    return Change("Modify", name, child.stack_id, STACK, "", "", (), (), child)


def _detail(detail: Mapping[str, Any]) -> Detail:
    target = detail.get("Target", {})
    return Detail(
        attribute=str(target.get("Attribute", "")),
        name=str(target.get("Name") or ""),
        path=str(target.get("Path") or ""),
        requires_recreation=str(target.get("RequiresRecreation", "")),
        evaluation=str(detail.get("Evaluation", "")),
        source=str(detail.get("ChangeSource") or ""),
        cause=str(detail.get("CausingEntity") or ""),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
    )


def failure_reasons(cloudformation: Any, change_set: ChangeSet, path: str) -> Iterator[str]:
    """The reasons of the deepest failed change sets, each with the path of its stack."""
    failed = [
        (change.logical_id, change.child)
        for change in change_set.changes
        if change.child is not None and change.child.status == "FAILED" and not change.child.unchanged
    ]
    for logical_id, child in failed:
        yield from failure_reasons(cloudformation, child, f"{path} > {logical_id}")
    if not failed:
        yield f"{path}: {change_set.reason or 'CloudFormation gives no reason'}"
        yield from validation_faults(cloudformation, change_set.id, path)


def _completed(change_set: ChangeSet, path: str) -> Iterator[tuple[str, str]]:
    """The ARN of each change set that has changes, with the path of its stack."""
    if change_set.status != "CREATE_COMPLETE":
        return
    yield change_set.id, path
    for change in change_set.changes:
        if change.child is not None:
            yield from _completed(change.child, f"{path} > {change.logical_id}")
