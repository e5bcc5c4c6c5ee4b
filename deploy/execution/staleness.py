"""Checks how far a plan is executed, and that nothing changed since: the stacks, the change set, the packaged templates."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from cfn.mangled import parse_answer, restored
from cfn.templates import Template, parse, rewrite_urls
from deploy.errors import StalePlanError
from deploy.planning.changesets import is_gone
from deploy.planning.snapshot import describe_stack, template_text, update_stamp
from deploy.session import Aws, code_of
from review.plan.model import Plan

PLAN_AGAIN = "Run `deploy plan` and `deploy review` again."
UNUSABLE = {
    "OBSOLETE": "the stack was changed since, so its change set is obsolete",
    "UNAVAILABLE": "its change set cannot be executed",
}


class Standing(Enum):
    """How far CloudFormation has executed a plan."""

    NOT_STARTED = "nothing was executed"
    RUNNING = "the change set is being executed"
    SUCCEEDED = "the change set was executed"
    FAILED = "the execution of the change set failed"

    @property
    def has_ended(self) -> bool:
        """Whether the execution is over."""
        return self in (Standing.SUCCEEDED, Standing.FAILED)


_BY_EXECUTION_STATUS = {
    "EXECUTE_IN_PROGRESS": Standing.RUNNING,
    # ExecuteChangeSet deletes all other change sets of the stack. So no later one was executed while this one still exists:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
    "EXECUTE_COMPLETE": Standing.SUCCEEDED,
    "EXECUTE_FAILED": Standing.FAILED,
}


def standing_of(aws: Aws, plan: Plan) -> Standing:
    """How far the plan is executed; the stacks are not compared.

    Raises:
        StalePlanError: The plan is for another account or region, or its change set cannot be executed any more.
    """
    reasons = list(_wrong_place(aws, plan))
    if reasons:
        raise StalePlanError(plan.stack, reasons, "Use the credentials and region of the plan, or plan again.")
    if plan.unchanged:
        return Standing.NOT_STARTED
    status, reasons = _change_set_status(aws.client("cloudformation"), plan)
    if reasons:
        raise StalePlanError(plan.stack, reasons, PLAN_AGAIN)
    return _BY_EXECUTION_STATUS.get(status, Standing.NOT_STARTED)


def require_fitting(aws: Aws, plan: Plan) -> None:
    """Check that a plan of which nothing was executed still fits.

    Raises:
        StalePlanError: Something changed since the plan; the error lists everything that did.
    """
    reasons = list(_changed_stacks(aws.client("cloudformation"), plan))
    if not plan.unchanged:
        reasons += _changed_templates(aws, plan)
    if reasons:
        raise StalePlanError(plan.stack, reasons, PLAN_AGAIN)


def _wrong_place(aws: Aws, plan: Plan) -> Iterator[str]:
    if aws.region != plan.region:
        yield f"it is for {plan.region}, this is {aws.region}"
    elif aws.account != plan.account:
        yield f"it is for account {plan.account}, these credentials are of {aws.account}"


def _change_set_status(cloudformation: Any, plan: Plan) -> tuple[str, list[str]]:
    """The execution status of the change set, and why it cannot be executed."""
    try:
        description = cloudformation.describe_change_set(ChangeSetName=plan.change_set.id)
    except ClientError as error:
        if is_gone(error):
            return "", ["its change set is gone: it was executed, deleted, or another one was executed"]
        raise
    status = str(description.get("ExecutionStatus", ""))
    return status, [UNUSABLE[status]] if status in UNUSABLE else []


def _changed_stacks(cloudformation: Any, plan: Plan) -> Iterator[str]:
    if plan.deployed is None:
        description = describe_stack(cloudformation, plan.stack)
        if description is not None and description["StackStatus"] != "REVIEW_IN_PROGRESS":
            yield f"{plan.stack} was to be created, but is in {description['StackStatus']}"
        return
    for path, stack in plan.deployed.walk():
        description = describe_stack(cloudformation, stack.id)
        name = "/".join(path) or plan.stack
        if description is None:
            yield f"{name} does not exist any more"
            continue
        status, stamp = description["StackStatus"], update_stamp(description)
        if stamp != stack.updated or status != stack.status:
            yield f"{name} was changed since (it is in {status}, last changed {stamp})"


def _changed_templates(aws: Aws, plan: Plan) -> Iterator[str]:
    """Compare the change set's own template and the objects of the children with the plan."""
    root = plan.templates[plan.root]
    template = Template(plan.root, root.text, parse(root.text, plan.root))
    urls = {logical_id: plan.templates[name].url for logical_id, name in template.nested.items()}
    text = rewrite_urls(template, urls)
    response = aws.client("cloudformation").get_template(ChangeSetName=plan.change_set.id, TemplateStage="Original")
    if not _is_answer_for(template_text(response), text):
        yield "the change set has another root template than the plan"
    s3 = aws.client("s3")
    for name, planned in plan.templates.items():
        if planned.url:
            digest = _object_digest(s3, plan, planned.url.split(f"/{plan.bucket}/", 1)[1])
            if digest is None:
                yield f"{name} is no longer in {plan.bucket}"
            elif digest and digest != planned.packaged_sha256:
                yield f"{name} in {plan.bucket} does not have the plan's digest"


def _is_answer_for(answer: str, text: str) -> bool:
    """Whether GetTemplate gives the answer for a template: with a "?" for each character that is not ASCII."""
    planned = parse(text)
    return bool(restored(parse_answer(answer, "the change set"), planned) == planned)


def _object_digest(s3: Any, plan: Plan, key: str) -> str | None:
    """The SHA-256 of an object, hexadecimal: empty if S3 has none, None if the object does not exist."""
    try:
        head = s3.head_object(Bucket=plan.bucket, Key=key, ExpectedBucketOwner=plan.account, ChecksumMode="ENABLED")
    except ClientError as error:
        if code_of(error) not in ("404", "NoSuchKey", "NotFound"):
            raise
        return None
    return base64.b64decode(head.get("ChecksumSHA256") or "").hex()
