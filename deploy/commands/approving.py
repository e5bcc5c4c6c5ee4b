"""What ``approve``, ``execute`` and ``bootstrap`` share: the names of blocked changes, and the record of an approval."""

from __future__ import annotations

import getpass
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from deploy.console import progress
from deploy.errors import BlockedError, UsageError
from deploy.planning.shared_plans import fetch_approval, share_approval
from deploy.session import Aws
from review.judgement.reviewed import Review
from review.plan.approval import Approval, load_approval, save_approval
from review.plan.model import Plan
from review.plan.plan_file import plan_digest


def require_blocked(review: Review, names: Collection[str]) -> None:
    """Check that everything that ``--allow`` names is blocked.

    Raises:
        UsageError: A name is misspelled, or what it names is not blocked.
    """
    wrong = [name for name in names if name not in review.blocked]
    if wrong:
        blocked = f"Blocked are: {', '.join(review.blocked)}." if review.blocked else "Nothing is blocked."
        raise UsageError(f"--allow {wrong[0]}: the review has no blocked change of this name.", blocked)


def require_allowed(review: Review, allowed: Collection[str]) -> None:
    """Check that all that is blocked is allowed by its name.

    Raises:
        BlockedError: It is not; the error has the names to give.
    """
    missing = [name for name in review.blocked if name not in allowed]
    if missing:
        raise BlockedError(review.plan.stack, missing)


def new_approval(aws: Aws, plan: Plan, allowed: Collection[str]) -> Approval:
    """The approval of the plan by this caller, now."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Approval(plan_digest(plan), at, getpass.getuser(), aws.identity["Arn"], tuple(sorted(set(allowed))))


def record_approval(aws: Aws, plan: Plan, approval: Approval, path: Path | None) -> None:
    """Store the approval beside the plan, in the artifact bucket and on this machine."""
    share_approval(aws, plan, approval)
    if path is not None:
        save_approval(path, approval)


def recorded_approval(aws: Aws, plan: Plan, path: Path | None) -> Approval | None:
    """The approval of this plan, from this machine or from the artifact bucket; None if there is none."""
    approval = load_approval(path) if path is not None else None
    if approval is None or not approval.is_for(plan):
        approval = fetch_approval(aws, plan)
    if approval is None or not approval.is_for(plan):
        return None
    progress(f"Approved by {approval.by} ({approval.caller}) at {approval.at}.")
    return approval
