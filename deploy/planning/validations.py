"""What CloudFormation's pre-deployment validation finds in a change set, which only DescribeEvents tells.

A fault (a property that the schema forbids, a name that is taken) makes the change set fail. A warning does not: a
service quota that would be exceeded, a second AWS Config recorder, a bucket to delete that is not empty. Nobody sees
those in the change set itself, and they fail half an hour later.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from review.model import ValidationFinding

EVENT = "VALIDATION_ERROR"
UNREADABLE = "could not be read (cloudformation:DescribeEvents); the console shows them"


def read(cloudformation: Any, change_set: str, stack: str) -> Iterator[ValidationFinding]:
    """The findings on one change set, by its ARN, each once. Raises ClientError where the service does not tell."""
    seen: set[ValidationFinding] = set()
    arguments = {"ChangeSetName": change_set}
    while True:
        page = cloudformation.describe_events(**arguments)
        for event in page.get("OperationEvents", []):
            finding = _finding(event, stack)
            if event.get("EventType") == EVENT and finding not in seen:
                seen.add(finding)
                yield finding
        if not page.get("NextToken"):
            return
        arguments["NextToken"] = page["NextToken"]


def _finding(event: dict[str, Any], stack: str) -> ValidationFinding:
    return ValidationFinding(
        stack=stack,
        place=str(event.get("ValidationPath") or event.get("LogicalResourceId") or ""),
        reason=str(event.get("ValidationStatusReason") or event.get("ValidationName") or "no reason is given"),
        skipped=event.get("ValidationStatus") == "SKIPPED",
    )


def faults(cloudformation: Any, change_set: str, stack: str) -> Iterator[str]:
    """Why a change set failed, in the validation's words; nothing when the reason is another one."""
    try:
        yield from map(str, read(cloudformation, change_set, stack))
    except ClientError:
        yield f"{stack}: the findings of the validation {UNREADABLE}."


def warnings(cloudformation: Any, change_sets: Iterator[tuple[str, str]]) -> Iterator[ValidationFinding]:
    """The warnings on a tree of change sets, given as (ARN, path of the stack)."""
    for change_set, stack in change_sets:
        try:
            yield from read(cloudformation, change_set, stack)
        except ClientError:
            yield ValidationFinding(stack, "", f"the warnings of the service {UNREADABLE}.", skipped=True)
            return
