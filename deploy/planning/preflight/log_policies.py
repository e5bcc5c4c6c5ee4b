"""Resource policies of CloudWatch Logs: ten for an account and region, and the quota cannot be raised.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html. DescribeResourcePolicies
lists these; the policies of single log groups, which it lists only on demand, are others.

WAF keeps a policy of its own, which it creates with the first web ACL that logs to CloudWatch Logs
(https://github.com/hashicorp/terraform-provider-aws/issues/25296). AWS does not document its name, so that WAF's does not fit is
a note.
"""

from __future__ import annotations

from collections.abc import Iterator

from cfn.errors import Fault
from deploy.planning.preflight.subject import Finding, Subject

QUOTA = 10
POLICY, WAF_LOG = "AWS::Logs::ResourcePolicy", "AWS::WAFv2::LoggingConfiguration"
WAF_POLICY = "AWSWAF-LOGS"


def check_log_policies(subject: Subject) -> Iterator[Finding]:
    """Compare the policies that this deployment creates with the room that is left."""
    added = _added(subject, POLICY)
    logs_of_waf = _added(subject, WAF_LOG)
    if not (added or logs_of_waf):
        return
    names = _names(subject)
    room = QUOTA - len(names)
    state = (
        f"An account has room for {QUOTA} resource policies of CloudWatch Logs in a region, and has {len(names)} here"
    )
    if len(added) > room:
        what = f"{state}, so {len(added)} more cannot be created ({', '.join(added)})."
        do = f"Delete or merge policies that nothing needs: {', '.join(names)}. AWS does not raise this quota."
        yield Fault(subject.file, added[0], what, do)
    elif logs_of_waf and WAF_POLICY not in names and len(added) == room:
        yield f"{state}. WAF creates {WAF_POLICY} for its logs, which may not fit. Delete a policy that nothing needs."


def _added(subject: Subject, resource_type: str) -> list[str]:
    """The planned resources of a type that are not deployed."""
    return [
        str(resource)
        for resource in subject.planned(resource_type)
        if subject.deployed_id(resource.path, resource.logical_id) is None
    ]


def _names(subject: Subject) -> list[str]:
    pages = subject.aws.client("logs").get_paginator("describe_resource_policies").paginate()
    return [policy["policyName"] for page in pages for policy in page["resourcePolicies"]]
