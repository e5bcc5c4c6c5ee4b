"""Executes exactly the change set of a reviewed plan, or refuses because something moved.

The stack policy goes to the root and to every nested stack (a root's policy does not reach into them), before an
update so that it guards this one, and afterwards so that it covers new nested stacks.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from cfn.resolve import Scope
from cfn.templates import Template, parse, rewrite_urls
from cfn.types import STACK
from deploy.errors import ExecutionError, StalePlanError
from deploy.execution.watch import Outcome, Watch
from deploy.planning import changesets
from deploy.planning.snapshot import describe, stamp, template_text
from deploy.session import Aws, code_of
from review.model import Change, ChangeSet, Plan, Stack
from review.plan_file import ReviewRecord, plan_digest

AGAIN = "Run `deploy plan` and `deploy review` again."
SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
ALLOW_ALL = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}, sort_keys=True
)


def execute(
    aws: Aws,
    plan: Plan,
    reviewed: ReviewRecord | None,
    say: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome | None:
    """Run the plan and follow it. None when there was nothing to run; the settings are made true all the same.

    Raises StalePlanError when the plan was not reviewed or anything moved since, ExecutionError with the first real
    failure when the deployment did not succeed.
    """
    cloudformation = aws.client("cloudformation")
    if reviewed is None or reviewed.plan != plan_digest(plan):
        why = "it was not reviewed" if reviewed is None else "it is not the plan that was reviewed"
        raise StalePlanError(plan.stack, [why], "Run `deploy review` first.")
    running = check(aws, plan)
    if plan.unchanged:
        make_settings_true(cloudformation, plan, plan.deployed.id if plan.deployed else plan.stack)
        return None
    stack_id = plan.change_set.stack_id
    watch = Watch(cloudformation, stack_id, say, total=expected(plan), sleep=sleep)
    if running:
        say("This change set is being executed already; following it.")
        watch.resume()
    else:
        watch.begin([stack.id for path, stack in plan.deployed.walk() if path] if plan.deployed else ())
        if plan.kind == "UPDATE":
            make_settings_true(cloudformation, plan, stack_id)
        _start(cloudformation, plan)
    outcome = watch.follow()
    if outcome.status not in SUCCESS:
        raise ExecutionError(plan.stack, outcome.status, outcome.root_cause, _remedy(outcome.status))
    make_settings_true(cloudformation, plan, stack_id)
    return outcome


def _start(cloudformation: Any, plan: Plan) -> None:
    try:
        cloudformation.execute_change_set(
            ChangeSetName=plan.change_set.id,
            ClientRequestToken=str(uuid.uuid4()),  # a retried call starts it once
            DisableRollback=False,  # said in full: the API reference gives True as the default
        )
    except ClientError as error:
        if code_of(error) in ("InvalidChangeSetStatus", "InvalidChangeSetStatusException") or changesets.is_gone(error):
            raise StalePlanError(plan.stack, ["the change set became unusable at the last moment"], AGAIN) from None
        raise


def _remedy(status: str) -> str:
    if status.startswith("UPDATE_ROLLBACK_COMPLETE"):
        return "The stack is as it was before. Correct the cause, then plan again."
    if status == "UPDATE_ROLLBACK_FAILED":
        return "Mend the cause, run `aws cloudformation continue-update-rollback`, then plan again."
    return "Correct the cause, run `deploy destroy`, then plan again."


def check(aws: Aws, plan: Plan) -> bool:
    """Raise StalePlanError with everything that moved since the plan. True when it is being executed already."""
    reasons = list(_elsewhere(aws, plan))
    if reasons:
        raise StalePlanError(plan.stack, reasons, "Use the credentials and region of the plan, or plan again.")
    cloudformation = aws.client("cloudformation")
    if plan.unchanged:
        reasons = list(_stack_moved(cloudformation, plan))
    else:
        status, reasons = _change_set_moved(cloudformation, plan)
        if status == "EXECUTE_IN_PROGRESS":
            return True
        if not reasons:
            reasons = [*_stack_moved(cloudformation, plan), *_templates_moved(aws, plan)]
    if reasons:
        raise StalePlanError(plan.stack, reasons, AGAIN)
    return False


def _elsewhere(aws: Aws, plan: Plan) -> Iterator[str]:
    if aws.region != plan.region:
        yield f"it is for {plan.region}, this is {aws.region}"
    elif aws.account != plan.account:
        yield f"it is for account {plan.account}, these credentials are of {aws.account}"


def _change_set_moved(cloudformation: Any, plan: Plan) -> tuple[str, list[str]]:
    try:
        found = cloudformation.describe_change_set(ChangeSetName=plan.change_set.id)
    except ClientError as error:
        if changesets.is_gone(error):
            return "", ["its change set is gone: it was executed, deleted, or another one was executed"]
        raise
    status = str(found.get("ExecutionStatus", ""))
    words = {
        "OBSOLETE": "the stack was changed since, so its change set is obsolete",
        "EXECUTE_COMPLETE": "its change set was executed already",
        "EXECUTE_FAILED": "its change set was executed already, and failed",
        "UNAVAILABLE": "its change set cannot be executed",
    }
    return status, [words[status]] if status in words else []


def _stack_moved(cloudformation: Any, plan: Plan) -> Iterator[str]:
    if plan.deployed is None:
        found = describe(cloudformation, plan.stack)
        if found is not None and found["StackStatus"] != "REVIEW_IN_PROGRESS":
            yield f"{plan.stack} was to be created, but is in {found['StackStatus']}"
        return
    for path, stack in plan.deployed.walk():
        found = describe(cloudformation, stack.id)
        name = "/".join(path) or plan.stack
        if found is None:
            yield f"{name} does not exist any more"
        elif stamp(found) != stack.updated or found["StackStatus"] != stack.status:
            yield f"{name} was changed since (it is in {found['StackStatus']}, last changed {stamp(found)})"


def _templates_moved(aws: Aws, plan: Plan) -> Iterator[str]:
    """The change set's own template, and the objects of the children, against the plan's digests."""
    root = plan.templates[plan.root]
    template = Template(plan.root, root.text, parse(root.text, plan.root))
    text = rewrite_urls(template, {key: plan.templates[name].url for key, name in template.nested.items()})
    answer = aws.client("cloudformation").get_template(ChangeSetName=plan.change_set.id, TemplateStage="Original")
    if parse(template_text(answer), "the change set") != parse(text, plan.root):
        yield "the change set has another root template than the plan"
    s3 = aws.client("s3")
    for name, planned in plan.templates.items():
        if not planned.url:
            continue
        key = planned.url.split(f"/{plan.bucket}/", 1)[1]
        try:
            found = s3.head_object(
                Bucket=plan.bucket, Key=key, ExpectedBucketOwner=plan.account, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if code_of(error) not in ("404", "NoSuchKey", "NotFound"):
                raise
            yield f"{name} is no longer in {plan.bucket}"
            continue
        checksum = found.get("ChecksumSHA256")
        if checksum and _hexadecimal(checksum) != planned.packaged_sha256:
            yield f"{name} in {plan.bucket} does not have the plan's digest"


def _hexadecimal(checksum: str) -> str:
    return base64.b64decode(checksum).hex()


def make_settings_true(cloudformation: Any, plan: Plan, stack_id: str) -> None:
    """The plan's stack policy on the root and every nested stack, and its termination protection on the root."""
    description = describe(cloudformation, stack_id)
    if description is None:
        return
    for identifier in _tree(cloudformation, description["StackId"]):
        deployed = cloudformation.get_stack_policy(StackName=identifier).get("StackPolicyBody")
        # A policy cannot be taken away, only replaced: a file without one means everything is allowed.
        wanted = plan.stack_policy or (ALLOW_ALL if deployed else None)
        if wanted and (not deployed or json.loads(deployed) != json.loads(wanted)):
            cloudformation.set_stack_policy(StackName=identifier, StackPolicyBody=wanted)
    if bool(description.get("EnableTerminationProtection", False)) is not plan.termination_protection:
        cloudformation.update_termination_protection(
            StackName=description["StackId"], EnableTerminationProtection=plan.termination_protection
        )


def _tree(cloudformation: Any, stack_id: str) -> Iterator[str]:
    yield stack_id
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id):
        for item in page["StackResourceSummaries"]:
            nested = item["ResourceType"] == STACK and item.get("PhysicalResourceId")
            if nested and item["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
                yield from _tree(cloudformation, item["PhysicalResourceId"])


def expected(plan: Plan) -> int:
    """How many resources will settle, for the progress count: those of the new tree, or the deployed one's."""
    deployed: Stack | None = plan.deployed
    old = sum(len(stack.resources) for _, stack in deployed.walk()) if deployed else 0
    if plan.kind == "UPDATE":
        listed = list(_listed(plan.change_set))
        whole = all(change.child is not None for change in listed if change.type == STACK)
        return len(listed) if whole else old
    return _new_resources(plan, plan.root, plan.parameters)


def _listed(change_set: ChangeSet) -> Iterator[Change]:
    for change in change_set.changes:
        yield change
        if change.child is not None:
            yield from _listed(change.child)


def _new_resources(plan: Plan, name: str, parameters: Any) -> int:
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
            passed = scope.resolve(properties.get("Parameters") or {})
            count += _new_resources(plan, properties["TemplateURL"], passed)
    return count
