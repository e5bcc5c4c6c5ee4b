"""What Ctrl-C leaves: the state of the stack, and whether anything was started."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from deploy.errors import StalePlanError
from deploy.execution.staleness import Standing, standing_of
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws
from review.plan.model import Plan

_EXECUTION = {
    Standing.NOT_STARTED: "The change set was not started.",
    Standing.RUNNING: "The change set was started, and its execution goes on in AWS. Repeat the command to follow it.",
    Standing.SUCCEEDED: "The change set was executed. Repeat the command, which completes the settings of the stack.",
    Standing.FAILED: "The execution of the change set failed. Repeat the command for the reason.",
}
_UNKNOWN = "Interrupted. The state of {stack} cannot be read; repeat the command to follow what was started."


def interrupted_execution(aws: Aws, plan: Plan) -> str:
    """A sentence on the execution of a plan."""
    try:
        standing = standing_of(aws, plan)
        status = _status(aws, plan.change_set.stack_id or plan.stack)
    except (ClientError, BotoCoreError, StalePlanError):
        return _UNKNOWN.format(stack=plan.stack)
    state = f"is in {status}" if status else "does not exist"
    return f"Interrupted. {plan.stack} {state}. {_EXECUTION[standing]}"


def interrupted_deletion(aws: Aws, stack: str) -> str:
    """A sentence on the deletion of a stack."""
    try:
        status = _status(aws, stack)
    except (ClientError, BotoCoreError):
        return _UNKNOWN.format(stack=stack)
    if status is None:
        return f"Interrupted. {stack} does not exist any more. Repeat the command to look for what remains of it."
    if status == "DELETE_IN_PROGRESS":
        return f"Interrupted. {stack} is in {status}. The deletion goes on in AWS. Repeat the command to follow it."
    return f"Interrupted. {stack} is in {status}. No deletion is running."


def _status(aws: Aws, stack: str) -> str | None:
    description = describe_stack(aws.client("cloudformation"), stack)
    return None if description is None else str(description["StackStatus"])
