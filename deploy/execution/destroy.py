"""Deletes a stack with everything nested in it, and looks for what is left.

Buckets are emptied by the stack's own custom resources; if one is not empty all the same (something wrote to it in
between), the reason of the failed deletion says so, and then it is emptied here and the deletion repeated.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cfn.types import BUCKET, STACK
from deploy.errors import DestroyError
from deploy.execution.watch import Event, Outcome, Watch, expected
from deploy.planning import changesets, snapshot
from deploy.session import Aws, code_of, message_of
from review.model import Stack

ATTEMPTS = 3
NOT_EMPTY = re.compile(r"BucketNotEmpty|bucket you tried to delete is not empty|must be empty", re.IGNORECASE)
TAG_VALUES = 20  # GetResources takes as many values in a filter
# The tagging API shows a deleted resource for a while, so it is asked again before anything is called left over.
TAG_PATIENCE_SECONDS, TAG_PAUSE_SECONDS = 60.0, 5.0
# The root was never complete: a change set that was not executed, or a first creation that was rolled back.
NEVER_CREATED = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"})
# Log groups that services make by themselves, by the type and id of the resource.
OWN_LOG_GROUPS = {
    "AWS::Lambda::Function": "/aws/lambda/{id}",
    "AWS::ApiGateway::RestApi": "API-Gateway-Execution-Logs_{id}/",
    "AWS::RDS::DBCluster": "/aws/rds/cluster/{id}/",
    "AWS::CodeBuild::Project": "/aws/codebuild/{id}",
    "AWS::Logs::LogGroup": "{id}",
}


@dataclass(frozen=True)
class Destroyed:
    """What a destruction came to. ``left`` is empty when nothing of the stack is left; ``notes`` explain."""

    existed: bool
    left: tuple[str, ...]
    notes: tuple[str, ...]


def destroy(
    aws: Aws,
    stack: str,
    say: Callable[[str], None],
    *,
    protected_by: Sequence[str] = (),
    empty_first: Sequence[str] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Destroyed:
    """Delete the stack and wait. The caller has asked for confirmation.

    ``protected_by`` names the rows of deployment.json that protect the stack (`deploy.settings.protectors`): while there
    is one, nothing is deleted, whatever the stack itself says; where there is none and the stack still has termination
    protection, the file wins. ``empty_first`` names buckets that no custom resource empties. Raises DestroyError when
    the stack is protected or cannot be deleted.
    """
    cloudformation = aws.client("cloudformation")
    description = snapshot.describe(cloudformation, stack)
    if description is None:
        return Destroyed(False, (), (f"There is no stack {stack} in {aws.region}.",))
    refuse_protected(stack, description, protected_by)
    _release(cloudformation, stack, description)
    if description["StackStatus"] == "REVIEW_IN_PROGRESS":
        _delete_change_sets(cloudformation, description["StackId"])
    deployed = snapshot.read(cloudformation, description)
    for bucket in empty_first:
        say(f"{empty(aws.client('s3'), bucket)} object versions deleted from {bucket}")
    outcome, deleted = _delete(aws, deployed, say, sleep)
    left = [*_kept(outcome), *_log_groups(aws, deployed)]
    tagged, notes = _tagged(aws, deployed, deleted, sleep)
    return Destroyed(True, (*left, *tagged), tuple(notes))


def refuse_protected(stack: str, description: Any, protected_by: Sequence[str]) -> None:
    """Raise DestroyError where a row protects the stack.

    The stack's own protection does not count: an `execute` that was killed leaves a complete stack without it. A stack
    whose creation never succeeded holds nothing to protect, and has to be deleted before it can be created again.
    """
    if not protected_by or description["StackStatus"] in NEVER_CREATED:
        return
    what = f"{stack} has termination protection in {', '.join(protected_by)}."
    do = "To destroy it, set TerminationProtection to false in deployment.json, have that reviewed, then repeat."
    raise DestroyError(stack, what, do=do)


def _release(cloudformation: Any, stack: str, description: Any) -> None:
    status = description["StackStatus"]
    if status.endswith("_IN_PROGRESS") and status not in ("REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        what = f"{stack} is in {status}: another operation is running."
        raise DestroyError(stack, what, do="Wait until it has ended, then repeat.")
    if description.get("EnableTerminationProtection"):
        cloudformation.update_termination_protection(
            StackName=description["StackId"], EnableTerminationProtection=False
        )


def _delete_change_sets(cloudformation: Any, stack_id: str) -> None:
    """Change sets of a stack that was never made; with a root set go the nested stacks in review."""
    for page in cloudformation.get_paginator("list_change_sets").paginate(StackName=stack_id):
        for summary in page["Summaries"]:
            changesets.delete(cloudformation, summary["ChangeSetId"])


def _delete(
    aws: Aws, deployed: Stack, say: Callable[[str], None], sleep: Callable[[float], None]
) -> tuple[Outcome, frozenset[str]]:
    """How the last attempt ended, and the physical ids of what all attempts deleted."""
    cloudformation = aws.client("cloudformation")
    deleted: frozenset[str] = frozenset()
    for attempt in range(1, ATTEMPTS + 1):
        watch = Watch(cloudformation, deployed.id, say, total=expected(deployed), sleep=sleep)
        watch.begin([stack.id for path, stack in deployed.walk() if path])
        try:
            cloudformation.delete_stack(StackName=deployed.id, ClientRequestToken=str(uuid.uuid4()))
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            do = "Remove what holds it (a stack that imports its outputs, a protection), then repeat."
            raise DestroyError(
                deployed.name, f"{deployed.name} cannot be deleted: {message_of(error)}.", do=do
            ) from None
        outcome = watch.follow()
        deleted |= outcome.deleted
        if outcome.status == "DELETE_COMPLETE":
            return outcome, deleted
        full = [one.physical_id for one in outcome.failures if NOT_EMPTY.search(one.reason) and _is_bucket(one)]
        for bucket in full:
            say(f"{empty(aws.client('s3'), bucket)} object versions deleted from {bucket}")
        if attempt < ATTEMPTS:
            say(f"The deletion failed ({outcome.root_cause}); trying again")
    failed = [f"{one.name} {one.physical_id}: {one.reason}" for one in outcome.failures if not one.own]
    what = f"{deployed.name} ended in {outcome.status}. First failure: {outcome.root_cause}"
    raise DestroyError(deployed.name, what, sorted(set(failed)), "Remove the cause, then run `deploy destroy` again.")


def _is_bucket(event: Event) -> bool:
    return event.type == BUCKET


def empty(s3: Any, bucket: str) -> int:
    """Delete every version and delete marker of the bucket; gives how many. A bucket that is gone is empty."""
    count = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            doomed = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
            if doomed:
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
                for error in answer.get("Errors", []):
                    what = f"{bucket}/{error.get('Key')} cannot be deleted: {error.get('Message')}."
                    raise DestroyError(bucket, what, do="Remove what holds it (object lock, a policy), then repeat.")
                count += len(doomed)
    except ClientError as error:
        if code_of(error) not in ("NoSuchBucket", "404"):
            raise
    return count


def _kept(outcome: Outcome) -> Iterator[str]:
    for event in outcome.skipped:
        if event.type != STACK:
            yield f"{event.type} {event.physical_id or event.name} (kept by its DeletionPolicy)"


def _log_groups(aws: Aws, deployed: Stack) -> Iterator[str]:
    logs = aws.client("logs")
    prefixes = {
        pattern.format(id=resource.physical_id)
        for _, stack in deployed.walk()
        for resource in stack.resources.values()
        if resource.physical_id and (pattern := OWN_LOG_GROUPS.get(resource.type))
    }
    for prefix in sorted(prefixes):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                if prefix.endswith("/") or group["logGroupName"] == prefix:
                    yield f"AWS::Logs::LogGroup {group['logGroupName']}"


def _tagged(
    aws: Aws, deployed: Stack, deleted: frozenset[str], sleep: Callable[[float], None]
) -> tuple[list[str], list[str]]:
    """What still carries the tag of one of the stacks, and notes of what only looks so."""
    tagging = aws.client("resourcegroupstaggingapi")
    names = [stack.name for _, stack in deployed.walk()]
    waited = 0.0
    while True:
        try:
            found = sorted(set(_resources_of(tagging, names)))
        except ClientError as error:
            note = f"What carries the stack's tags could not be asked: {message_of(error)}"
            return [], [note]
        left, notes = _sorted_out(aws, found, deleted)
        if not left or waited >= TAG_PATIENCE_SECONDS:
            return left, notes
        sleep(TAG_PAUSE_SECONDS)
        waited += TAG_PAUSE_SECONDS


def _resources_of(tagging: Any, names: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(names), TAG_VALUES):
        chosen = {"Key": "aws:cloudformation:stack-name", "Values": list(names[start : start + TAG_VALUES])}
        for page in tagging.get_paginator("get_resources").paginate(TagFilters=[chosen]):
            for item in page["ResourceTagMappingList"]:
                yield item["ResourceARN"]


def _sorted_out(aws: Aws, arns: Iterable[str], deleted: frozenset[str]) -> tuple[list[str], list[str]]:
    """What is left, and notes. What CloudFormation says it deleted is only still in the tagging API's index."""
    left: list[str] = []
    dying: list[str] = []
    terminated: list[str] = []
    for arn in arns:
        name = arn.split(":", 5)[-1]
        if ":kms:" in arn and _is_dying(aws.client("kms"), arn):
            dying.append(name.removeprefix("key/"))
        elif {arn, name, name.split("/", 1)[-1], name.split(":", 1)[-1]} & deleted:
            continue
        elif ":ec2:" in arn and _is_terminated(aws.client("ec2"), name):
            terminated.append(name.split("/", 1)[-1])
        else:
            left.append(arn)
    notes = []
    if dying:
        names = ", ".join(dying)
        notes.append(f"KMS keeps keys that are scheduled for deletion until their waiting period is over: {names}.")
    if terminated:
        notes.append(f"EC2 shows for a while what was terminated: {', '.join(terminated)}.")
    return left, notes


def _is_terminated(ec2: Any, name: str) -> bool:
    """Whether an instance, volume or interface is gone. Those of an Auto Scaling group carry the stack's tags without
    being its resources, so no event tells of their end; and EC2 shows a terminated instance for a while:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
    """
    kind, _, identifier = name.partition("/")
    try:
        if kind == "instance":
            found = ec2.describe_instances(InstanceIds=[identifier])["Reservations"]
            states = {one["State"]["Name"] for reservation in found for one in reservation["Instances"]}
            return states <= {"shutting-down", "terminated"}
        if kind == "volume":
            return {one["State"] for one in ec2.describe_volumes(VolumeIds=[identifier])["Volumes"]} <= {"deleting"}
        if kind == "network-interface":
            return not ec2.describe_network_interfaces(NetworkInterfaceIds=[identifier])["NetworkInterfaces"]
    except ClientError as error:
        if code_of(error).endswith(".NotFound"):
            return True
        raise
    return False


def _is_dying(kms: Any, arn: str) -> bool:
    try:
        state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if code_of(error) == "NotFoundException":
            return True
        raise
    return state in ("PendingDeletion", "PendingReplicaDeletion")
