"""``deploy review``: prints what the plan does; needs no AWS for a plan on this machine."""

from __future__ import annotations

from argparse import Namespace

from deploy.commands.gating import fail_on_of, report_failures
from deploy.commands.plan_files import find_plan
from deploy.console import say
from deploy.settings import Project
from review.formats.forms import form_of
from review.verdict import judge_plan


def run(arguments: Namespace, project: Project) -> int:
    """Print the review; record nothing."""
    fail_on = fail_on_of(arguments)
    review = judge_plan(find_plan(arguments, project).plan)
    form = form_of("json" if arguments.json else arguments.format)
    say(form(review, arguments.all).rstrip("\n"))
    return report_failures(review, fail_on)
