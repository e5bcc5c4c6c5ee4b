"""Reports what AWS would refuse, before anything is packaged, in calls that only read.

CloudFormation finds such a fault too, by a rollback: of a prefix list of another region after minutes, of a missing
certificate after it has created the database. What its own validation of a change set checks (names in use, quotas, a
second recorder) is not checked here: see ``deploy.planning.validations``.

Each check is a module, and looks at ``subject``, which is the deployment that is about to be planned:

- ``certificate``, ``prefix_lists``: the account has what the parameters name.
- ``engine_version``: the database can have the version.
- ``gateway_role``: the deployment takes no role away from other APIs.
- ``log_policies``: CloudWatch Logs has room for one more resource policy.

A check gives faults, after which nothing is planned, and notes. What the caller may not ask becomes a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from botocore.exceptions import ClientError

from cfn.errors import Fault
from deploy.errors import AccountError
from deploy.planning.preflight.certificate import check_certificate
from deploy.planning.preflight.engine_version import check_engine_version
from deploy.planning.preflight.gateway_role import check_gateway_role
from deploy.planning.preflight.log_policies import check_log_policies
from deploy.planning.preflight.prefix_lists import check_prefix_lists
from deploy.planning.preflight.subject import Finding, Subject
from deploy.session import DENIED, code_of

CHECKS: Mapping[str, Callable[[Subject], Iterator[Finding]]] = {
    "the certificate": check_certificate,
    "the prefix lists": check_prefix_lists,
    "the engine version": check_engine_version,
    "API Gateway's role": check_gateway_role,
    "the log resource policies": check_log_policies,
}
"""What is checked -> the check."""
PERMISSIONS: Mapping[str, str] = {
    "DescribeCertificate": "acm:DescribeCertificate",
    "DescribeManagedPrefixLists": "ec2:DescribeManagedPrefixLists",
    "DescribeStackResource": "cloudformation:DescribeStackResource",
    "DescribeDBClusters": "rds:DescribeDBClusters",
    "DescribeDBEngineVersions": "rds:DescribeDBEngineVersions",
    "GetAccount": "apigateway:GET",
    "GetRole": "iam:GetRole",
    "DescribeResourcePolicies": "logs:DescribeResourcePolicies",
}
"""The calls of the checks -> the permission that each needs."""


def check_account(subject: Subject) -> tuple[str, ...]:
    """Compare a deployment with the account.

    Returns:
        The notes: a sentence for each oddity that is no fault, and for each check that the caller's permissions do not allow.

    Raises:
        AccountError: AWS would refuse the deployment; the error lists all faults.
        ClientError: AWS rejects a call for another reason than a missing permission.
    """
    findings: list[Finding] = []
    for about, check in CHECKS.items():
        try:
            findings += check(subject)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            permission = PERMISSIONS[str(error.operation_name)]
            findings.append(f"These credentials may not call {permission}, so the check of {about} is left out.")
    if faults := [finding for finding in findings if isinstance(finding, Fault)]:
        raise AccountError(faults)
    return tuple(finding for finding in findings if isinstance(finding, str))
