"""Plans and approvals in the artifact bucket."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest
from botocore.response import StreamingBody

from deploy.errors import UsageError
from deploy.planning.shared_plans import fetch_approval, fetch_plan, share_approval, share_plan
from review.errors import PlanError
from review.plan.approval import Approval, approval_text
from review.plan.plan_file import plan_digest, plan_text
from tests.deploy.support.aws import ACCOUNT, Scripted
from tests.review.support.plans import make_plan

pytestmark = pytest.mark.requirement("REV-2")
PLAN = make_plan({"root.yaml": "Resources: {X: {Type: 'AWS::SNS::Topic'}}"})
APPROVAL = Approval(plan_digest(PLAN), "2026-01-01T00:00:00+00:00", "me", "arn:me")
_body: Any = StreamingBody


def script_upload(scripted: Scripted, key: str, text: str) -> None:
    content = text.encode()
    expected = {
        "Bucket": "b",
        "Key": key,
        "Body": content,
        "ExpectedBucketOwner": ACCOUNT,
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
    }
    scripted["s3"].add_response("put_object", {}, expected)


def script_object(scripted: Scripted, key: str, text: str | None) -> None:
    expected = {"Bucket": "b", "Key": key, "ExpectedBucketOwner": ACCOUNT, "ChecksumMode": "ENABLED"}
    if text is None:
        scripted["s3"].add_client_error("get_object", "NoSuchKey", http_status_code=404, expected_params=expected)
        return
    content = text.encode()
    scripted["s3"].add_response("get_object", {"Body": _body(io.BytesIO(content), len(content))}, expected)


def test_plan_and_approval_lie_beside_each_other(scripted: Scripted) -> None:
    """No upload names a key of KMS, so the bucket's default encrypts it, as its policy demands."""
    script_upload(scripted, "plans/small-dev.json", plan_text(PLAN))
    script_upload(scripted, "plans/small-dev.approval.json", approval_text(APPROVAL))
    share_plan(scripted.aws, PLAN)
    share_approval(scripted.aws, PLAN, APPROVAL)


def test_plan_and_approval_are_read_back(scripted: Scripted) -> None:
    script_object(scripted, "plans/small-dev.json", plan_text(PLAN))
    script_object(scripted, "plans/small-dev.approval.json", approval_text(APPROVAL))
    plan = fetch_plan(scripted.aws, "b", "small-dev")
    approval = fetch_approval(scripted.aws, plan)
    assert plan == PLAN
    assert approval == APPROVAL
    assert approval.is_for(plan)


def test_missing_plan_says_to_plan(scripted: Scripted) -> None:
    script_object(scripted, "plans/small-dev.json", None)
    with pytest.raises(UsageError, match=r"There is no plan s3://b/plans/small-dev\.json"):
        fetch_plan(scripted.aws, "b", "small-dev")


def test_missing_approval_is_no_approval(scripted: Scripted) -> None:
    script_object(scripted, "plans/small-dev.approval.json", None)
    assert fetch_approval(scripted.aws, PLAN) is None


def test_changed_plan_in_the_bucket_is_rejected(scripted: Scripted) -> None:
    script_object(scripted, "plans/small-dev.json", plan_text(PLAN).replace("SNS::Topic", "SQS::Queue"))
    with pytest.raises(PlanError, match=r"s3://b/plans/small-dev\.json was changed"):
        fetch_plan(scripted.aws, "b", "small-dev")
