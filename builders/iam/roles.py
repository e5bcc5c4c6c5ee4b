"""Roles: each has one customer-managed policy and the region denial (requirements A-3, A-6)."""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import PolicyDocument, Statement
from troposphere import AWSHelperFn, Ref, Tags
from troposphere.iam import ManagedPolicy, Role

from builders.contract import ports
from builders.contract.template import TierTemplate, only_if
from builders.iam import statements


def add_policy(
    template: TierTemplate,
    title: str,
    stem: str,
    description: str,
    permissions: Sequence[Statement],
    condition: str | None = None,
) -> ManagedPolicy:
    """Adds a customer-managed policy. Its metadata holds the reasons of its statements on every resource."""
    reasons = statements.wildcard_reasons(permissions)
    policy = ManagedPolicy(
        title,
        ManagedPolicyName=template.named(stem),
        Description=description,
        PolicyDocument=statements.policy(*permissions),
        **only_if(condition),
    )
    if reasons:
        policy.Metadata = {"WildcardResources": reasons}
    return template.add(policy)


def add_role(
    template: TierTemplate,
    title: str,
    stem: str,
    description: str,
    *,
    trust: PolicyDocument,
    permissions: Sequence[Statement],
    policies: Sequence[AWSHelperFn | str] = (),
    condition: str | None = None,
) -> Role:
    """Adds a role with its own policy, existing policies, and the region denial.

    Args:
        template: the tier's template.
        title: the role's logical id; its policy's is ``<title minus Role>Policy``.
        stem: the name without platform and suffix: ``ingest`` gives ``<platform>-ingest-role-<suffix>``.
        description: shown in the console.
        trust: who may assume the role.
        permissions: the statements of its own policy; without any, the role has no policy of its own.
        policies: ARNs of existing policies.
        condition: the condition of the role and of its policy.
    """
    attached: list[AWSHelperFn | str] = [template.use(ports.REGION_DENY_POLICY), *policies]
    if permissions:
        # Never change this text: CloudFormation replaces a policy to change its description, and the fixed name forbids a
        # second policy.
        about = f"What {template.platform}'s {stem} role may do"
        own = add_policy(
            template, f"{title.removesuffix('Role')}Policy", f"{stem}-policy", about, permissions, condition
        )
        attached.append(Ref(own))
    return template.add(
        Role(
            title,
            RoleName=template.named(f"{stem}-role"),
            Description=description,
            AssumeRolePolicyDocument=trust,
            ManagedPolicyArns=attached,
            Tags=Tags(Name=template.named(f"{stem}-role")),
            **only_if(condition),
        )
    )
