"""The address of a change set in the console of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from review.plan.model import Plan

# The regional consoles of each partition: https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html
_DOMAINS: Mapping[str, str] = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}


def console_url(plan: Plan) -> str | None:
    """The address of the plan's change set; None without AWS, or in a partition without a public console."""
    domain = _DOMAINS.get(plan.partition)
    if plan.is_offline or domain is None:
        return None
    region = quote(plan.region, safe="")
    stack, change_set = (quote(arn, safe="") for arn in (plan.change_set.stack_id, plan.change_set.id))
    return (
        f"https://{region}.{domain}/cloudformation/home?region={region}"
        f"#/stacks/changesets/changes?stackId={stack}&changeSetId={change_set}"
    )
