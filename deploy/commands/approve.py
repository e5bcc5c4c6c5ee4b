"""``deploy approve``: allows a plan to be executed, on this machine or on another one."""

from __future__ import annotations

from argparse import Namespace

from deploy.commands.approving import new_approval, record_approval, require_allowed, require_blocked
from deploy.commands.plan_files import find_plan
from deploy.console import confirm, say
from deploy.session import Aws
from deploy.settings import Project
from review.formats.render import verdict_sentence
from review.judgement.counts import summary_sentence
from review.judgement.verdict import judge_plan


def run(arguments: Namespace, project: Project) -> int:
    """Print the verdict, ask, and record the approval beside the plan."""
    found = find_plan(arguments, project)
    plan = found.plan
    review = judge_plan(plan)
    say(f"{plan.stack} ({plan.account}, {plan.region}), planned {plan.created}: {summary_sentence(review)}")
    say(f"Verdict: {verdict_sentence(review)}")
    require_blocked(review, arguments.allow)
    require_allowed(review, arguments.allow)
    if not confirm(f"Allow the execution of this plan for {plan.stack}?", plan.stack, yes=arguments.yes):
        return 1
    aws = Aws(arguments.region or plan.region, arguments.profile)
    approval = new_approval(aws, plan, arguments.allow)
    record_approval(aws, plan, approval, found.path)
    say(f"Approved by {approval.by} ({approval.caller}). Next: deploy execute.")
    return 0
