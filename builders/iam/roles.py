"""Roles: one customer-managed policy each, the region denial on all of them (requirements A-3, A-6)."""

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
    """A customer-managed policy; the reasons of its statements on every resource go into its metadata."""
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
    """A role with its own policy, policies that exist already, and the region denial.

    Args:
        title: the role's logical id; its policy's is ``<title minus Role>Policy``.
        stem: the name's middle: ``ingest`` gives ``<platform>-ingest-role-<suffix>``.
    """
    attached: list[AWSHelperFn | str] = [template.use(ports.REGION_DENY_POLICY), *policies]
    if permissions:
        # A policy's description cannot be changed in place, and its name forbids a second one: it must never change.
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
