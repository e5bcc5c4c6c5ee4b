"""The approval of a plan: the record that a person allows its execution, beside the plan file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from review.plan.codec import decode, encode
from review.plan.model import Plan
from review.plan.plan_file import plan_digest


@dataclass(frozen=True)
class Approval:
    """The record that a person allows a plan to be executed.

    Attributes:
        plan: The digest of the plan. The record counts for no other plan.
        at: When, as ISO 8601 with the offset.
        by: The user of the machine.
        caller: The ARN of the caller in AWS.
        allowed: The names of the blocked changes that may be executed.
    """

    plan: str
    at: str
    by: str
    caller: str
    allowed: tuple[str, ...] = ()

    def is_for(self, plan: Plan) -> bool:
        """Whether it is the approval of this plan, and not of an earlier or a changed one."""
        return self.plan == plan_digest(plan)


def approval_path(plan_path: Path) -> Path:
    """The file of the approval, beside the plan."""
    return plan_path.with_suffix(".approval.json")


def approval_text(approval: Approval) -> str:
    """The approval as JSON."""
    return json.dumps(encode(approval), indent=1) + "\n"


def parse_approval(text: str) -> Approval | None:
    """The approval of a text; None if the text is none, because such a text allows nothing."""
    try:
        return decode(Approval, json.loads(text))
    except (ValueError, TypeError):
        return None


def save_approval(plan_path: Path, approval: Approval) -> None:
    """Write the approval beside the plan."""
    approval_path(plan_path).write_text(approval_text(approval), "utf-8")


def load_approval(plan_path: Path) -> Approval | None:
    """The approval beside the plan; None if there is none, or if the record is unreadable."""
    try:
        return parse_approval(approval_path(plan_path).read_text("utf-8"))
    except FileNotFoundError:
        return None
