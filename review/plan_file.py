"""The plan file: the one JSON file between the commands, and the record that a person saw it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from review import codec
from review.errors import PlanError
from review.model import Plan, Stack

FORMAT = 1


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan, readable by its owner only: it describes the whole environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(codec.encode(plan), file, indent=1, sort_keys=True)
        file.write("\n")


def load_plan(path: Path) -> Plan:
    """Read a plan. Raises PlanError when there is none, or when its templates do not have their digests."""
    try:
        plan = codec.decode(Plan, json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise PlanError(f"There is no plan {path}.", "Run `deploy plan` first.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise PlanError(f"{path} is not a plan of this version: {error}.", "Run `deploy plan` again.") from None
    for name, template in plan.templates.items():
        if hashlib.sha256(template.text.encode("utf-8")).hexdigest() != template.sha256:
            raise PlanError(f"{path} was changed: {name} does not have its digest.", "Run `deploy plan` again.")
    return plan


def plan_digest(plan: Plan) -> str:
    """SHA-256 of everything in the plan."""
    return hashlib.sha256(json.dumps(codec.encode(plan), sort_keys=True).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class ReviewRecord:
    """The record that a plan was shown: its digest, when, and to whom."""

    plan: str
    at: str
    by: str


def record_path(path: Path) -> Path:
    return path.with_suffix(".reviewed.json")


def save_record(path: Path, record: ReviewRecord) -> None:
    """Write the record beside the plan."""
    record_path(path).write_text(json.dumps(codec.encode(record), indent=1) + "\n", "utf-8")


def load_record(path: Path) -> ReviewRecord | None:
    """The record beside the plan, or None when the plan was not reviewed (or the record is unreadable)."""
    try:
        return codec.decode(ReviewRecord, json.loads(record_path(path).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def without_texts(plan: Plan) -> Plan:
    """The plan without the texts of its templates; what ``--json`` prints."""
    bare = {name: replace(template, text="") for name, template in plan.templates.items()}
    deployed = _bare(plan.deployed) if plan.deployed else None
    return replace(plan, templates=bare, deployed=deployed)


def _bare(stack: Stack) -> Stack:
    return replace(stack, template="", children={key: _bare(child) for key, child in stack.children.items()})
