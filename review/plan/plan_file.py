"""The plan file: the one JSON file between the commands."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from cfn.templates import text_digest
from review.errors import PlanError
from review.plan.codec import decode, encode
from review.plan.model import Plan

FORMAT = 2


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan, readable by its owner only, because it describes the whole environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(plan_text(plan))


def plan_text(plan: Plan) -> str:
    """The plan as JSON."""
    return json.dumps(encode(plan), indent=1, sort_keys=True) + "\n"


def load_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        PlanError: The file is missing or not a plan, or a template does not have its digest.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        do = "Run `deploy plan` first, or give --from-bucket for the plan of another machine."
        raise PlanError(f"There is no plan {path}.", do) from None
    return parse_plan(text, str(path))


def parse_plan(text: bytes, name: str) -> Plan:
    """The plan of a text.

    Args:
        text: The plan as JSON.
        name: Its file or object, for messages.

    Raises:
        PlanError: The text is not a plan, or a template does not have its digest.
    """
    try:
        plan = decode(Plan, json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise PlanError(f"{name} is not a plan of this version: {error}.", "Run `deploy plan` again.") from None
    for file, template in plan.templates.items():
        if text_digest(template.text) != template.sha256:
            raise PlanError(f"{name} was changed: {file} does not have its digest.", "Run `deploy plan` again.")
    return plan


def plan_digest(plan: Plan) -> str:
    """SHA-256 of everything in the plan, hexadecimal."""
    return hashlib.sha256(json.dumps(encode(plan), sort_keys=True).encode("utf-8")).hexdigest()
