"""The plan of a stack and its approval in the artifact bucket, so that one machine plans and another one approves or executes.

The bucket has one plan for each stack, the latest, and versioning keeps the earlier ones for a while. An approval names the
digest of its plan. So an approval of an earlier plan beside a later one allows nothing.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from deploy.errors import UsageError
from deploy.packaging.package import put_object, text_object
from deploy.session import Aws, code_of
from review.plan.approval import Approval, approval_text, parse_approval
from review.plan.model import Plan
from review.plan.plan_file import parse_plan, plan_text

PREFIX = "plans/"


def plan_key(stack: str) -> str:
    """The key of a stack's plan."""
    return f"{PREFIX}{stack}.json"


def approval_key(stack: str) -> str:
    """The key of the approval of a stack's plan."""
    return f"{PREFIX}{stack}.approval.json"


def share_plan(aws: Aws, plan: Plan) -> None:
    """Store the plan in its artifact bucket."""
    put_object(aws.client("s3"), plan.bucket, aws.account, text_object(plan_key(plan.stack), plan_text(plan)))


def share_approval(aws: Aws, plan: Plan, approval: Approval) -> None:
    """Store the approval beside the plan in the artifact bucket."""
    item = text_object(approval_key(plan.stack), approval_text(approval))
    put_object(aws.client("s3"), plan.bucket, aws.account, item)


def fetch_plan(aws: Aws, bucket: str, stack: str) -> Plan:
    """The latest plan of a stack in the artifact bucket.

    Raises:
        UsageError: The bucket has no plan of the stack.
        PlanError: The object is not a plan of this version.
    """
    content = _read(aws, bucket, plan_key(stack))
    address = f"s3://{bucket}/{plan_key(stack)}"
    if content is None:
        raise UsageError(f"There is no plan {address}.", "Run `deploy plan` first, with the same bucket.")
    return parse_plan(content, address)


def fetch_approval(aws: Aws, plan: Plan) -> Approval | None:
    """The approval beside the plan in the artifact bucket; None if there is none."""
    content = _read(aws, plan.bucket, approval_key(plan.stack))
    return None if content is None else parse_approval(content.decode("utf-8", "replace"))


def _read(aws: Aws, bucket: str, key: str) -> bytes | None:
    """The content of an object, whose checksum botocore compares; None if it does not exist."""
    try:
        answer: Any = aws.client("s3").get_object(
            Bucket=bucket, Key=key, ExpectedBucketOwner=aws.account, ChecksumMode="ENABLED"
        )
    except ClientError as error:
        if code_of(error) not in ("NoSuchKey", "NoSuchBucket", "404"):
            raise
        return None
    content: bytes = answer["Body"].read()
    return content
