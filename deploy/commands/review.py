"""``deploy review``: prints what the plan does; needs no AWS."""

from __future__ import annotations

import getpass
from argparse import Namespace
from datetime import UTC, datetime

from deploy.commands.gating import fail_on_of, report_failures
from deploy.commands.options import plan_path_of
from deploy.console import say
from deploy.settings import Project
from review.formats.forms import form_of
from review.model import Plan
from review.plan_file import ReviewRecord, load_plan, plan_digest, save_record
from review.verdict import judge_plan


def run(arguments: Namespace, project: Project) -> int:
    """Print the review and record that it was shown."""
    fail_on = fail_on_of(arguments)
    path = plan_path_of(arguments, project)
    plan = load_plan(path)
    review = judge_plan(plan)
    form = form_of("json" if arguments.json else arguments.format)
    say(form(review, arguments.all).rstrip("\n"))
    save_record(path, review_record(plan))
    return report_failures(review, fail_on)


def review_record(plan: Plan) -> ReviewRecord:
    """The record that the plan was shown now, to this user."""
    return ReviewRecord(plan_digest(plan), datetime.now(UTC).isoformat(timespec="seconds"), getpass.getuser())
