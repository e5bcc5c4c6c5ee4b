"""Executes exactly the change set of an approved plan, or rejects the plan because something changed.

The stack policy is set on the root and on every nested stack, because a root's policy does not reach into them. It is set
before an update, so that it guards this update, and afterwards, so that it covers new nested stacks. It guards no creation.

Termination protection is set before the execution, also of a new stack. So a command that is killed leaves no complete stack
without it. Any status but DELETE_IN_PROGRESS and DELETE_COMPLETE allows that:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cfn.resolve import Scope
from cfn.templates import parse
from cfn.types import STACK
from deploy.errors import ExecutionError, StalePlanError
from deploy.execution.staleness import PLAN_AGAIN, Standing, require_fitting, standing_of
from deploy.execution.watch import Outcome, Watch, count_resources
from deploy.planning.changesets import INVALID_STATUS, is_gone
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws, code_of
from review.plan.approval import Approval
from review.plan.model import Plan

Say = Callable[[str], None]
Sleep = Callable[[float], None]
APPROVE = "Run `deploy review`, then `deploy approve`."
SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
ALLOW_ALL = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}, sort_keys=True
)


def execute_plan(
    aws: Aws, plan: Plan, approval: Approval | None, say: Say, *, sleep: Sleep = time.sleep
) -> Outcome | None:
    """Execute the plan and follow it.

    Args:
        aws: The account and region.
        plan: The plan.
        approval: Its approval. A plan that changes nothing needs none, nor does one whose execution began already.
        say: Prints a line.
        sleep: Waits some seconds.

    Returns:
        None if there was nothing to execute. The stack settings are applied either way.

    Raises:
        StalePlanError: The plan has no approval, or something changed since.
        ExecutionError: The deployment failed; the error has the first real failure.
    """
    cloudformation = aws.client("cloudformation")
    standing = standing_of(aws, plan)
    if standing is Standing.NOT_STARTED:
        _require_approval(plan, approval)
        require_fitting(aws, plan)
    if plan.unchanged:
        apply_stack_settings(cloudformation, plan, plan.deployed.id if plan.deployed else plan.stack)
        return None
    outcome = _outcome(cloudformation, plan, standing, say, sleep)
    if outcome.status not in SUCCESS or standing is Standing.FAILED:
        raise ExecutionError(plan.stack, outcome.status, outcome.root_cause, _remedy(outcome.status))
    apply_stack_settings(cloudformation, plan, plan.change_set.stack_id)
    return outcome


def _outcome(cloudformation: Any, plan: Plan, standing: Standing, say: Say, sleep: Sleep) -> Outcome:
    """Follow the execution to its end, from its start or from where it is."""
    told = _say_nothing if standing.has_ended else say
    watch = Watch(cloudformation, plan.change_set.stack_id, told, total=expected_resources(plan), sleep=sleep)
    if standing is Standing.NOT_STARTED:
        _start(cloudformation, plan, watch)
    else:
        say(f"This change set {'was executed' if standing.has_ended else 'is being executed'} already.")
        watch.resume()
    return watch.follow()


def _say_nothing(_: str) -> None:
    """For events that are over: only how they ended is of interest."""


def _require_approval(plan: Plan, approval: Approval | None) -> None:
    if approval is not None and not approval.is_for(plan):
        raise StalePlanError(plan.stack, ["the approval is of another plan"], APPROVE)
    if approval is None and not plan.unchanged:
        raise StalePlanError(plan.stack, ["it was not approved"], APPROVE)


def _start(cloudformation: Any, plan: Plan, watch: Watch) -> None:
    watch.begin([stack.id for path, stack in plan.deployed.walk() if path] if plan.deployed else ())
    if plan.kind == "UPDATE":
        apply_stack_settings(cloudformation, plan, plan.change_set.stack_id)
    else:
        _apply_protection(cloudformation, plan, describe_stack(cloudformation, plan.change_set.stack_id))
    try:
        cloudformation.execute_change_set(
            ChangeSetName=plan.change_set.id,
            ClientRequestToken=str(uuid.uuid4()),  # a retried call starts it once
            DisableRollback=False,  # explicit, because the API reference gives True as the default
        )
    except ClientError as error:
        if code_of(error) in INVALID_STATUS or is_gone(error):
            reasons = ["the change set became unusable at the last moment"]
            raise StalePlanError(plan.stack, reasons, PLAN_AGAIN) from None
        raise


def _remedy(status: str) -> str:
    if status.startswith("UPDATE_ROLLBACK_COMPLETE"):
        return "The stack is as it was before. Correct the cause, then plan again."
    if status == "UPDATE_ROLLBACK_FAILED":
        return "Fix the cause, run `aws cloudformation continue-update-rollback`, then plan again."
    return "Correct the cause, run `deploy destroy`, then plan again."


def apply_stack_settings(cloudformation: Any, plan: Plan, stack_id: str) -> None:
    """Set the plan's stack policy on the root and every nested stack, and its termination protection on the root."""
    description = describe_stack(cloudformation, stack_id)
    if description is None:
        return
    for identifier in _stack_ids(cloudformation, description["StackId"]):
        deployed = cloudformation.get_stack_policy(StackName=identifier).get("StackPolicyBody")
        # A policy cannot be deleted, only replaced, so a file without one means that everything is allowed.
        policy = plan.stack_policy or (ALLOW_ALL if deployed else None)
        if policy and (not deployed or json.loads(deployed) != json.loads(policy)):
            cloudformation.set_stack_policy(StackName=identifier, StackPolicyBody=policy)
    _apply_protection(cloudformation, plan, description)


def _apply_protection(cloudformation: Any, plan: Plan, description: Mapping[str, Any] | None) -> None:
    """Set the termination protection of a described stack as the plan says."""
    if description is None or bool(description.get("EnableTerminationProtection")) is plan.termination_protection:
        return
    cloudformation.update_termination_protection(
        StackName=description["StackId"], EnableTerminationProtection=plan.termination_protection
    )


def _stack_ids(cloudformation: Any, stack_id: str) -> Iterator[str]:
    """The stack and all nested ones that exist."""
    yield stack_id
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id):
        for summary in page["StackResourceSummaries"]:
            is_nested = summary["ResourceType"] == STACK and summary.get("PhysicalResourceId")
            if is_nested and summary["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
                yield from _stack_ids(cloudformation, summary["PhysicalResourceId"])


def expected_resources(plan: Plan) -> int:
    """How many resources will settle, for the progress: those of the new tree, or the deployed tree's."""
    if plan.kind != "UPDATE":
        return _count_new_resources(plan, plan.root, plan.parameters)
    changes = [change for _, change in plan.change_set.walk()]
    if all(change.child is not None for change in changes if change.type == STACK):
        return len(changes)
    return count_resources(plan.deployed) if plan.deployed else 0


def _count_new_resources(plan: Plan, name: str, parameters: Mapping[str, Any]) -> int:
    document = parse(plan.templates[name].text, name)
    declared = document.get("Parameters", {})
    values = {key: parameters.get(key, rules.get("Default", "")) for key, rules in declared.items()}
    scope = Scope(document, values, plan.pseudo)
    count = 0
    for resource in document["Resources"].values():
        if scope.present(resource) is False:
            continue
        count += 1
        properties = resource.get("Properties") or {}
        if resource["Type"] == STACK and properties.get("TemplateURL") in plan.templates:
            child_parameters = scope.resolve(properties.get("Parameters") or {})
            count += _count_new_resources(plan, properties["TemplateURL"], child_parameters)
    return count
