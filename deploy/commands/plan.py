"""``deploy plan``: packages, creates the change set and saves the plan."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from cfn.parameters import load_parameters, with_defaults
from cfn.templates import load_templates
from cfn.text import visible
from deploy.commands.options import deployment_of
from deploy.commands.package import package_for, package_text
from deploy.commands.plan_files import plan_path_of
from deploy.console import progress, say
from deploy.planning.changesets import delete_change_set
from deploy.planning.freshness import mark_finished, mark_unfinished
from deploy.planning.plan import PlanInputs, change_set_kind, create_plan
from deploy.planning.preflight import check_account
from deploy.planning.preflight.subject import Subject
from deploy.planning.shared_plans import share_plan
from deploy.planning.snapshot import describe_stack
from deploy.session import Aws
from deploy.settings import Deployment, Project
from review.errors import PlanError
from review.formats.render import plan_summary, review_text
from review.judgement.verdict import judge_plan
from review.plan.model import Plan
from review.plan.plan_file import load_plan, save_plan


def run(arguments: Namespace, project: Project) -> int:
    """Create the plan, save it here and in the artifact bucket, and print its review."""
    deployment, path = deployment_of(arguments, project), plan_path_of(arguments, project)
    mark_unfinished(path)
    aws, inputs = _plan_inputs(arguments, project, deployment)
    plan = create_plan(aws, inputs)
    _delete_previous_change_set(aws, path, plan)
    save_plan(plan, path)
    share_plan(aws, plan)
    mark_finished(path)
    review = judge_plan(plan)
    if arguments.json:
        say(json.dumps(plan_summary(review), indent=2, sort_keys=True))
        return 0
    say(package_text(inputs.package))
    say(review_text(review))
    say(f"Plan: {project.relative(path)}{'' if plan.unchanged else '. Next: deploy review.'}")
    return 0


def _plan_inputs(arguments: Namespace, project: Project, deployment: Deployment) -> tuple[Aws, PlanInputs]:
    """Check everything that can be checked, then package."""
    templates = load_templates(project.templates(deployment.platform))
    root = templates.root.document
    path = project.parameters(deployment.platform, deployment.environment)
    file = project.relative(path)
    configuration = load_parameters(path, root, file, region=deployment.region)
    _note(configuration.undecided_rules)
    aws = Aws(deployment.region, arguments.profile)
    description = describe_stack(aws.client("cloudformation"), deployment.stack_name)
    change_set_kind(deployment.stack_name, description)
    values = with_defaults(root, configuration.parameters)
    _note(check_account(Subject(aws, templates, values, file, description)))
    package = package_for(arguments, project, aws, templates)
    return aws, PlanInputs(deployment, templates, configuration, package)


def _note(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        progress(visible(f"note: {sentence}"))


def _delete_previous_change_set(aws: Aws, path: Path, plan: Plan) -> None:
    """Delete the change set of the plan that this one replaces; it can no longer be executed."""
    try:
        previous = load_plan(path)
    except PlanError:
        return  # no readable previous plan; CloudFormation deletes its change set at the next execution
    same_stack = (previous.account, previous.region, previous.stack) == (plan.account, plan.region, plan.stack)
    if same_stack and previous.change_set.id:
        delete_change_set(aws.client("cloudformation"), previous.change_set.id)
