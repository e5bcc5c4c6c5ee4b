"""``deploy execute``: executes exactly the reviewed plan."""

from __future__ import annotations

from argparse import Namespace

from cfn.templates import load_templates
from cfn.text import visible
from deploy.commands.gating import fail_on_of, report_failures
from deploy.commands.options import plan_path_of
from deploy.console import confirm, progress, say
from deploy.execution.execute import execute_plan
from deploy.execution.outputs import outputs_json, outputs_text, read_outputs
from deploy.session import Aws
from deploy.settings import Project
from review.model import Plan
from review.plan_file import load_plan, load_record
from review.reviewed import Review
from review.verdict import judge_plan


def run(arguments: Namespace, project: Project) -> int:
    """Execute the plan and print the outputs."""
    fail_on = fail_on_of(arguments)
    path = plan_path_of(arguments, project)
    plan = load_plan(path)
    aws = Aws(arguments.region or plan.region, arguments.profile)
    _warn_of_local_changes(plan, project)
    review = judge_plan(plan)
    if failed := report_failures(review, fail_on):
        return failed
    if review.losses and not confirm(_losses(review), plan.stack, yes=arguments.yes):
        return 1
    outcome = execute_plan(aws, plan, load_record(path), progress)
    if outcome is None:
        say(f"{plan.stack}: no changes, nothing was executed.")
        return 0
    say(f"{plan.stack}: {outcome.status} in {outcome.elapsed_seconds:.0f} s.")
    outputs = read_outputs(aws, plan.stack)
    say(outputs_json(outputs) if arguments.json else outputs_text(outputs))
    return 0


def _losses(review: Review) -> str:
    lines = [visible(f"  {change.name} ({change.type}, {change.physical_id})") for change in review.losses]
    return "\n".join(["This removes or replaces resources that hold data:", *lines, "Execute it?"])


def _warn_of_local_changes(plan: Plan, project: Project) -> None:
    folder = project.templates(plan.platform)
    if not folder.is_dir():
        return
    committed = {name: template.sha256 for name, template in load_templates(folder).by_name.items()}
    if committed != {name: template.sha256 for name, template in plan.templates.items()}:
        progress("note: the templates here differ from the plan's; the reviewed plan is executed.")
