"""Reads the findings of CloudFormation's pre-deployment validation, which only DescribeEvents returns.

A fault (a property that the schema forbids, a name in use) makes the change set fail. A warning does not: a service quota
that would be exceeded, a second AWS Config recorder, a bucket to delete that is not empty. The change set itself does not
show warnings, and they fail half an hour later.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from review.plan.model import ValidationFinding

EVENT = "VALIDATION_ERROR"
UNREADABLE = "could not be read (cloudformation:DescribeEvents); the console shows them"


def read_findings(cloudformation: Any, change_set: str, stack: str) -> Iterator[ValidationFinding]:
    """The findings on one change set, each once.

    Args:
        cloudformation: The client.
        change_set: The ARN of the change set.
        stack: The path of its stack, for the findings.

    Raises:
        ClientError: CloudFormation does not return the events.
    """
    yielded: set[ValidationFinding] = set()
    arguments = {"ChangeSetName": change_set}
    while True:
        page = cloudformation.describe_events(**arguments)
        for event in page.get("OperationEvents", []):
            finding = _finding(event, stack)
            if event.get("EventType") == EVENT and finding not in yielded:
                yielded.add(finding)
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


def validation_faults(cloudformation: Any, change_set: str, stack: str) -> Iterator[str]:
    """Why a change set failed, by the validation; nothing if it failed for another reason."""
    try:
        yield from map(str, read_findings(cloudformation, change_set, stack))
    except ClientError:
        yield f"{stack}: the findings of the validation {UNREADABLE}."


def validation_warnings(cloudformation: Any, change_sets: Iterable[tuple[str, str]]) -> Iterator[ValidationFinding]:
    """The warnings on a tree of change sets, each given by its ARN and the path of its stack."""
    for change_set, stack in change_sets:
        try:
            yield from read_findings(cloudformation, change_set, stack)
        except ClientError:
            yield ValidationFinding(stack, "", f"CloudFormation's warnings {UNREADABLE}.", skipped=True)
            return
