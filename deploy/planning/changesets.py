"""Makes a nested change set and reads the whole of it: every page, every child, with what the service leaves out.

Two things the service does, and what is done about them:

- With ``IncludePropertyValues`` it drops whole changes that it cannot render, and the StatusReason of a failed
  change set (aws-cdk-cli issue 1780, boto3 issue 4178). So each is described twice, with values and without, and
  merged.
- A failed child shows in its parent only as "Nested change set arn:… was not successfully created", so the ARN is
  followed down to the reason that means something.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from deploy.errors import ChangeSetError
from deploy.planning import validations
from deploy.session import DENIED, code_of, message_of
from review.model import NO_CHANGES, Change, ChangeSet, Detail

CAPABILITIES = ("CAPABILITY_NAMED_IAM",)  # no AUTO_EXPAND: the sets hold no transform
CHANGE_SET_ARN = re.compile(r"arn:[\w-]+:cloudformation:[\w-]+:\d{12}:changeSet/[\w/-]+")
PENDING = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
CREATION_SECONDS = 1800
APPEARANCE_SECONDS = 30  # a change set may not be readable at once after it was made
INCOMPLETE = "can return incomplete ChangeSet data"


@dataclass(frozen=True)
class Request:
    """What a change set is made of; exactly one of ``template_url`` and ``template_body``."""

    stack: str
    kind: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    description: str
    template_url: str | None = None
    template_body: str | None = None
    role_arn: str | None = None

    def arguments(self, name: str) -> dict[str, Any]:
        """The arguments of CreateChangeSet. ``UsePreviousValue`` is never used: the file is the truth.

        OnStackFailure stays out: it forbids DisableRollback at execution, which is where rolling back is asked
        for in so many words, for creations and updates alike.
        """
        role = {"RoleARN": self.role_arn} if self.role_arn else {}
        template = {"TemplateURL": self.template_url} if self.template_url else {"TemplateBody": self.template_body}
        return {
            "StackName": self.stack,
            "ChangeSetName": name,
            "ChangeSetType": self.kind,
            "Description": self.description,
            "ClientToken": str(uuid.uuid4()),  # botocore's retries make one change set
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())],
            "Capabilities": list(CAPABILITIES),
            "IncludeNestedStacks": True,
            **template,
            **role,
        }


def create(
    cloudformation: Any,
    request: Request,
    *,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> ChangeSet:
    """Make the change set, wait until it is settled, and read the whole tree.

    A change set without changes is returned (``unchanged``), not raised. Raises ChangeSetError with the deepest
    reasons when the service could not make it; the failed one is deleted, so that nothing is left behind.
    """
    name = f"deploy-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now()))}-{uuid.uuid4().hex[:6]}"
    try:
        answer = cloudformation.create_change_set(**request.arguments(name))
    except ClientError as error:
        if NO_CHANGES.search(message_of(error)):
            return ChangeSet("", "", "FAILED", "UNAVAILABLE", message_of(error), {}, ())
        raise
    identifier = str(answer["Id"])
    wait(cloudformation, identifier, sleep=sleep)
    found = read(cloudformation, identifier)
    if found.status == "CREATE_COMPLETE":
        return replace(found, warnings=tuple(validations.warnings(cloudformation, _tree(found, request.stack))))
    reasons = () if found.unchanged else tuple(failures(cloudformation, found, request.stack))
    delete(cloudformation, identifier)
    if found.unchanged:
        return found
    raise ChangeSetError(request.stack, reasons, "Correct that, then run `deploy plan` again.")


def delete(cloudformation: Any, identifier: str) -> None:
    """Delete a change set with its children; one that is gone already is as good."""
    try:
        cloudformation.delete_change_set(ChangeSetName=identifier)
    except ClientError as error:
        if not is_gone(error) and code_of(error) not in ("InvalidChangeSetStatus", "InvalidChangeSetStatusException"):
            raise


def is_gone(error: ClientError) -> bool:
    """True when the change set, or its stack, does not exist (any more)."""
    return code_of(error) in ("ChangeSetNotFound", "ChangeSetNotFoundException") or (
        code_of(error) == "ValidationError" and "does not exist" in message_of(error)
    )


def wait(cloudformation: Any, identifier: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until the change set is made or failed. Raises ChangeSetError after half an hour."""
    waited, pause = 0.0, 0.5
    while waited < CREATION_SECONDS:
        try:
            status = cloudformation.describe_change_set(ChangeSetName=identifier)["Status"]
        except ClientError as error:
            if not is_gone(error) or waited > APPEARANCE_SECONDS:
                raise
            status = "CREATE_PENDING"
        if status not in PENDING:
            return
        sleep(pause)
        waited += pause
        pause = min(pause * 1.5, 5.0)
    raise ChangeSetError(
        identifier, [f"not settled after {CREATION_SECONDS // 60} minutes"], "Look at it in the console."
    )


def read(cloudformation: Any, identifier: str) -> ChangeSet:
    """The change set with all pages of its changes, and the change sets of its children, all the way down."""
    plain = _pages(cloudformation, identifier, values=False)
    try:
        rich = _pages(cloudformation, identifier, values=True)
    except ClientError as error:
        if code_of(error) in DENIED or is_gone(error):
            raise
        rich = plain  # this region or endpoint has no property values; the plain description has all the rest
    changes = _merged(rich.get("Changes", []), plain.get("Changes", []))
    reason = str(plain.get("StatusReason") or "")
    reason = "" if INCOMPLETE in reason else reason
    children = {change["ResourceChange"].get("ChangeSetId") for change in changes} - {None, ""}
    # A failed parent may list no change at all and name the child only in its reason.
    named = [arn for arn in CHANGE_SET_ARN.findall(reason) if arn not in children and arn != identifier]
    found = [_change(cloudformation, change["ResourceChange"]) for change in changes]
    found += [_unlisted(read(cloudformation, arn)) for arn in named]
    return ChangeSet(
        id=str(plain.get("ChangeSetId") or identifier),
        stack_id=str(plain.get("StackId", "")),
        status=str(plain["Status"]),
        execution_status=str(plain.get("ExecutionStatus", "")),
        reason=reason,
        parameters={
            item["ParameterKey"]: str(item.get("ResolvedValue") or item.get("ParameterValue", ""))
            for item in plain.get("Parameters", [])
        },
        changes=tuple(found),
    )


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
    return {**first, "Changes": [change for change in changes if change.get("ResourceChange")]}


def _same_detail(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    def key(detail: Mapping[str, Any]) -> tuple[object, ...]:
        target = detail.get("Target", {})
        return target.get("Attribute"), target.get("Name"), detail.get("ChangeSource"), detail.get("CausingEntity")

    return key(one) == key(other)


def _merged(rich: Sequence[Mapping[str, Any]], plain: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The changes with their values, and those that the description with values left out."""
    by_id = {change["ResourceChange"]["LogicalResourceId"]: dict(change["ResourceChange"]) for change in rich}
    for change in plain:
        bare = change["ResourceChange"]
        known = by_id.setdefault(bare["LogicalResourceId"], dict(bare))
        details = list(known.get("Details", []))
        details += [one for one in bare.get("Details", []) if not any(_same_detail(one, other) for other in details)]
        known["Details"] = details
        known.setdefault("ChangeSetId", bare.get("ChangeSetId"))
    return [{"ResourceChange": change} for change in by_id.values()]


def _change(cloudformation: Any, change: Mapping[str, Any]) -> Change:
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
        child=read(cloudformation, child) if child else None,
    )


def _unlisted(child: ChangeSet) -> Change:
    name = child.id.rsplit(":changeSet/", 1)[-1].split("/")[0]
    return Change("Modify", name, child.stack_id, "AWS::CloudFormation::Stack", "", "", (), (), child)


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


def failures(cloudformation: Any, found: ChangeSet, path: str) -> Iterator[str]:
    """The reasons of the deepest failed change sets, each with the path of its stack."""
    failed = [
        (change.logical_id, change.child)
        for change in found.changes
        if change.child is not None and change.child.status == "FAILED" and not change.child.unchanged
    ]
    for logical_id, child in failed:
        yield from failures(cloudformation, child, f"{path} > {logical_id}")
    if not failed:
        yield f"{path}: {found.reason or 'the service gives no reason'}"
        yield from validations.faults(cloudformation, found.id, path)


def _tree(change_set: ChangeSet, path: str) -> Iterator[tuple[str, str]]:
    """The ARN of each change set that has changes, with the path of its stack."""
    if change_set.status != "CREATE_COMPLETE":
        return
    yield change_set.id, path
    for change in change_set.changes:
        if change.child is not None:
            yield from _tree(change.child, f"{path} > {change.logical_id}")
