"""Deletes a stack with everything nested in it, and finds what remains.

The stack's own custom resources empty its buckets. If one is not empty all the same, because something wrote to it in
between, the reason of the failed deletion names it. Then it is emptied here and the deletion is retried.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cfn.text import visible
from cfn.types import BUCKET
from deploy.errors import DestroyError
from deploy.execution.deleted import deleted_ids, last_deleted_stack
from deploy.execution.remaining import kept_resources, remaining_log_groups, tagged_resources
from deploy.execution.watch import Outcome, Watch, count_resources
from deploy.planning.changesets import delete_change_set
from deploy.planning.snapshot import describe_stack, read_stack
from deploy.session import Aws, code_of, message_of
from review.plan.model import Stack

ATTEMPTS = 3
NOT_EMPTY = re.compile(r"BucketNotEmpty|bucket you tried to delete is not empty|must be empty", re.IGNORECASE)
# The root was never complete: a change set that was not executed, or a first creation that was rolled back.
NEVER_CREATED = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"})


@dataclass(frozen=True)
class DestroyResult:
    """The result of a deletion.

    Attributes:
        existed: Whether there was a stack.
        remaining: What still exists of it, or of the stack of its name that was deleted last.
        notes: Explanations, as sentences.
    """

    existed: bool
    remaining: tuple[str, ...]
    notes: tuple[str, ...]


def destroy_stack(
    aws: Aws,
    stack: str,
    say: Callable[[str], None],
    *,
    protected_by: Sequence[str] = (),
    empty_first: Sequence[str] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> DestroyResult:
    """Delete the stack and wait; the caller has asked for confirmation.

    Args:
        aws: The account and region.
        stack: The name of the stack.
        say: Prints a line.
        protected_by: The rows of deployment.json that protect the stack (`deploy.settings.protecting_rows`). As long as
            there is one, nothing is deleted, whatever the stack itself says. If there is no such row and the stack still
            has termination protection, the file decides and the protection is removed.
        empty_first: Buckets that no custom resource empties.
        sleep: Waits some seconds.

    Raises:
        DestroyError: The stack is protected or cannot be deleted.
    """
    cloudformation = aws.client("cloudformation")
    description = describe_stack(cloudformation, stack)
    if description is None:
        return _remains_of_deleted(aws, stack, sleep)
    require_unprotected(stack, description, protected_by)
    _release(cloudformation, stack, description)
    if description["StackStatus"] == "REVIEW_IN_PROGRESS":
        _delete_change_sets(cloudformation, description["StackId"])
    deployed = read_stack(cloudformation, description)
    if deployed is None:  # an earlier deletion has just ended
        return _remains_of_deleted(aws, stack, sleep)
    for bucket in empty_first:
        say(f"{empty_bucket(aws.client('s3'), bucket)} object versions deleted from {bucket}")
    outcome, deleted = _delete(aws, deployed, say, sleep)
    remaining = [*kept_resources(outcome), *remaining_log_groups(aws, deployed)]
    tagged, notes = tagged_resources(aws, deployed, deleted, sleep)
    return DestroyResult(True, (*remaining, *tagged), tuple(notes))


def _remains_of_deleted(aws: Aws, stack: str, sleep: Callable[[float], None]) -> DestroyResult:
    """Look for what an earlier deletion left, whose command may have ended before it could look."""
    notes = [f"There is no stack {stack} in {aws.region}."]
    deleted = last_deleted_stack(aws.client("cloudformation"), stack)
    if deleted is None:
        return DestroyResult(False, (), tuple(notes))
    tagged, more = tagged_resources(aws, deleted, deleted_ids(deleted), sleep)
    return DestroyResult(False, (*remaining_log_groups(aws, deleted), *tagged), (*notes, *more))


def require_unprotected(stack: str, description: Mapping[str, Any], protected_by: Sequence[str]) -> None:
    """Check that no row of deployment.json protects the stack.

    The stack's own protection does not count: an `execute` that was killed leaves a complete stack without it. A stack
    whose creation never succeeded holds nothing to protect, and must be deleted before it can be created again.

    Raises:
        DestroyError: A row protects it.
    """
    if not protected_by or description["StackStatus"] in NEVER_CREATED:
        return
    what = f"{stack} has termination protection in {', '.join(protected_by)}."
    do = "To destroy it, set TerminationProtection to false in deployment.json, have that reviewed, then repeat."
    raise DestroyError(stack, what, do=do)


def _release(cloudformation: Any, stack: str, description: Mapping[str, Any]) -> None:
    status = description["StackStatus"]
    if status.endswith("_IN_PROGRESS") and status not in ("REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        what = f"{stack} is in {status}: another operation is running."
        raise DestroyError(stack, what, do="Wait until it has ended, then repeat.")
    if description.get("EnableTerminationProtection"):
        cloudformation.update_termination_protection(
            StackName=description["StackId"], EnableTerminationProtection=False
        )


def _delete_change_sets(cloudformation: Any, stack_id: str) -> None:
    """Delete the change sets of a stack that was never created, and with a root's set the nested stacks in review."""
    for page in cloudformation.get_paginator("list_change_sets").paginate(StackName=stack_id):
        for summary in page["Summaries"]:
            delete_change_set(cloudformation, summary["ChangeSetId"])


def _delete(
    aws: Aws, deployed: Stack, say: Callable[[str], None], sleep: Callable[[float], None]
) -> tuple[Outcome, frozenset[str]]:
    """The outcome of the last attempt, and the physical ids that all attempts deleted."""
    deleted: frozenset[str] = frozenset()
    for attempt in range(1, ATTEMPTS + 1):
        outcome = _attempt(aws.client("cloudformation"), deployed, say, sleep)
        deleted |= outcome.deleted
        if outcome.status == "DELETE_COMPLETE":
            return outcome, deleted
        failed_buckets = [event for event in outcome.failures if event.type == BUCKET]
        for bucket in [event.physical_id for event in failed_buckets if NOT_EMPTY.search(event.reason)]:
            say(f"{empty_bucket(aws.client('s3'), bucket)} object versions deleted from {bucket}")
        if attempt < ATTEMPTS:
            say(f"The deletion failed ({outcome.root_cause}); trying again")
    failed = {f"{event.name} {event.physical_id}: {event.reason}" for event in outcome.failures if not event.is_own}
    what = f"{deployed.name} ended in {outcome.status}. First failure: {outcome.root_cause}"
    raise DestroyError(deployed.name, what, sorted(failed), "Remove the cause, then run `deploy destroy` again.")


def _attempt(
    cloudformation: Any, deployed: Stack, say: Callable[[str], None], sleep: Callable[[float], None]
) -> Outcome:
    watch = Watch(cloudformation, deployed.id, say, total=count_resources(deployed), sleep=sleep)
    watch.begin([stack.id for path, stack in deployed.walk() if path])
    try:
        cloudformation.delete_stack(StackName=deployed.id, ClientRequestToken=str(uuid.uuid4()))
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
        do = "Remove what holds it (a stack that imports its outputs, a protection), then repeat."
        what = f"{deployed.name} cannot be deleted: {visible(message_of(error))}."
        raise DestroyError(deployed.name, what, do=do) from None
    return watch.follow()


def empty_bucket(s3: Any, bucket: str) -> int:
    """Delete every version and delete marker of the bucket; one that does not exist any more is empty.

    Returns:
        How many were deleted.

    Raises:
        DestroyError: S3 cannot delete an object.
    """
    count = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
            if objects:
                response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
                for error in response.get("Errors", []):
                    what = visible(f"{bucket}/{error.get('Key')} cannot be deleted: {error.get('Message')}.")
                    raise DestroyError(bucket, what, do="Remove what holds it (object lock, a policy), then repeat.")
                count += len(objects)
    except ClientError as error:
        if code_of(error) not in ("NoSuchBucket", "404"):
            raise
    return count
