"""``deploy bootstrap``: the artifact bucket of an account and region."""

from __future__ import annotations

from argparse import Namespace

from deploy.commands.approving import new_approval, require_allowed, require_blocked
from deploy.commands.options import region_of
from deploy.console import confirm, progress, say
from deploy.execution.execute import execute_plan
from deploy.planning.bootstrap import plan_artifact_bucket
from deploy.session import Aws
from deploy.settings import Project
from review.formats.render import review_text
from review.judgement.verdict import judge_plan


def run(arguments: Namespace, project: Project) -> int:
    """Plan the stack of the bucket, print its review, ask, and execute it."""
    aws = Aws(region_of(arguments, project), arguments.profile)
    plan = plan_artifact_bucket(aws, bucket=arguments.bucket)
    review = judge_plan(plan)
    say(review_text(review, detailed=True))
    require_blocked(review, arguments.allow)
    require_allowed(review, arguments.allow)
    question = f"Create the artifact bucket {plan.bucket}?"
    if not plan.unchanged and not confirm(question, "yes", yes=arguments.yes):
        return 1
    outcome = execute_plan(aws, plan, new_approval(aws, plan, arguments.allow), progress)
    if outcome is not None:
        say(f"{plan.stack}: {outcome.status}. The artifact bucket is {plan.bucket}.")
    return 0
