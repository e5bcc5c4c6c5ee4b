"""``deploy review``: prints what the plan does; needs no AWS for a plan on this machine."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from deploy.commands.gating import fail_on_of, report_failures
from deploy.commands.plan_files import FoundPlan, find_plan
from deploy.console import progress, say
from deploy.settings import Project
from review.formats.forms import write_review
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.approval import load_approval


def run(arguments: Namespace, project: Project) -> int:
    """Print the review; record nothing. People also get it as a page, whose path is printed."""
    fail_on = fail_on_of(arguments)
    found = find_plan(arguments, project)
    review = judge_plan(found.plan)
    form = "json" if arguments.json else arguments.format
    if form == "html":
        say(project.relative(_write_page(project, found, review)))
    else:
        folder = f"templates/{found.plan.platform}"
        say(write_review(form, review, detailed=arguments.all, folder=folder).rstrip("\n"))
    if form == "text":
        progress(f"As a page: {project.relative(_write_page(project, found, review))}")
    return report_failures(review, fail_on)


def _write_page(project: Project, found: FoundPlan, review: Review) -> Path:
    """Write the page, readable by its owner only, because it describes the whole environment."""
    from review.formats.page import review_html

    approval = load_approval(found.path) if found.path is not None else None
    page = project.work / f"{found.plan.platform}-{found.plan.environment}.review.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch(mode=0o600)
    page.write_text(review_html(review, approval if approval and approval.is_for(found.plan) else None), "utf-8")
    return page
