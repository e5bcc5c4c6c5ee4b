"""``deploy execute``: executes exactly the approved plan."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from deploy.commands.approving import (
    new_approval,
    record_approval,
    recorded_approval,
    require_allowed,
    require_blocked,
)
from deploy.commands.gating import fail_on_of, report_failures
from deploy.commands.plan_files import find_plan
from deploy.console import confirm, progress, say
from deploy.execution.execute import execute_plan
from deploy.execution.interruption import interrupted_execution
from deploy.execution.outputs import outputs_json, outputs_text, read_outputs
from deploy.execution.staleness import Standing, standing_of
from deploy.session import Aws
from deploy.settings import Project
from review.formats.render import verdict_sentence
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.approval import Approval

APPROVE = "Run `deploy review`, then `deploy approve`; or give --yes."


def run(arguments: Namespace, project: Project) -> int:
    """Execute the plan and print the outputs."""
    fail_on = fail_on_of(arguments)
    found = find_plan(arguments, project)
    plan = found.plan
    aws = Aws(arguments.region or plan.region, arguments.profile)
    review = judge_plan(plan)
    if failed := report_failures(review, fail_on):
        return failed
    require_blocked(review, arguments.allow)
    try:
        return _execute(arguments, aws, review, found.path)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(interrupted_execution(aws, plan)) from None


def _execute(arguments: Namespace, aws: Aws, review: Review, path: Path | None) -> int:
    """Execute the plan, or follow its execution; gives the exit code."""
    plan = review.plan
    standing, approval = standing_of(aws, plan), None
    if standing is Standing.NOT_STARTED and _changes_anything(review):
        approval = _approval(arguments, aws, review, path)
        if approval is None:
            return 1
    outcome = execute_plan(aws, plan, approval, progress)
    if outcome is None:
        say(f"{plan.stack}: no changes, nothing was executed.")
        return 0
    duration = "" if standing.has_ended else f" in {outcome.elapsed_seconds:.0f} s"
    say(f"{plan.stack}: {outcome.status}{duration}.")
    outputs = read_outputs(aws, plan.stack)
    say(outputs_json(outputs) if arguments.json else outputs_text(outputs))
    return 0


def _changes_anything(review: Review) -> bool:
    return bool(review.settings) or not review.plan.unchanged


def _approval(arguments: Namespace, aws: Aws, review: Review, path: Path | None) -> Approval | None:
    """The recorded approval, or else a new one by ``--yes`` or by the answer at the terminal; None if the answer is no.

    Raises:
        BlockedError: A blocked change is allowed neither by the approval nor by ``--allow``.
        UsageError: There is no approval, no ``--yes`` and no terminal.
    """
    plan = review.plan
    recorded = recorded_approval(aws, plan, path)
    allowed = {*arguments.allow, *(recorded.allowed if recorded is not None else ())}
    require_allowed(review, allowed)
    if recorded is not None:
        return recorded
    question = f"The plan for {plan.stack} is not approved. Verdict: {verdict_sentence(review)} Execute it?"
    if not confirm(question, plan.stack, yes=arguments.yes, otherwise=APPROVE):
        return None
    approval = new_approval(aws, plan, allowed)
    record_approval(aws, plan, approval, path)
    return approval
