"""The plan file: the one JSON file between the commands, and the record of its review beside it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cfn.templates import text_digest
from review.codec import decode, encode
from review.errors import PlanError
from review.model import Plan

FORMAT = 1


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan, readable by its owner only, because it describes the whole environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(encode(plan), file, indent=1, sort_keys=True)
        file.write("\n")


def load_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        PlanError: The file is missing or not a plan, or a template does not have its digest.
    """
    try:
        plan = decode(Plan, json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise PlanError(f"There is no plan {path}.", "Run `deploy plan` first.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise PlanError(f"{path} is not a plan of this version: {error}.", "Run `deploy plan` again.") from None
    for name, template in plan.templates.items():
        if text_digest(template.text) != template.sha256:
            raise PlanError(f"{path} was changed: {name} does not have its digest.", "Run `deploy plan` again.")
    return plan


def plan_digest(plan: Plan) -> str:
    """SHA-256 of everything in the plan, hexadecimal."""
    return hashlib.sha256(json.dumps(encode(plan), sort_keys=True).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class ReviewRecord:
    """The record that a plan was shown.

    Attributes:
        plan: The digest of the plan.
        at: When.
        by: To whom.
    """

    plan: str
    at: str
    by: str


def record_path(path: Path) -> Path:
    """The file of the record, beside the plan."""
    return path.with_suffix(".reviewed.json")


def save_record(path: Path, record: ReviewRecord) -> None:
    """Write the record beside the plan."""
    record_path(path).write_text(json.dumps(encode(record), indent=1) + "\n", "utf-8")


def load_record(path: Path) -> ReviewRecord | None:
    """The record beside the plan; None if the plan has no review, or if the record is unreadable."""
    try:
        return decode(ReviewRecord, json.loads(record_path(path).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
