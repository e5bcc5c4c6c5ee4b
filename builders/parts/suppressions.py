"""Suppressions of findings that a requirement forces, at the resource, each with its reason, in each tool's own format.

A tool with another format still finds the reason in the resource's metadata.
"""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import AWSObject

from builders.contract.template import TierTemplate
from builders.parts.pack_rules import EXPLICIT_NAME


def suppress(
    resource: AWSObject,
    reason: str,
    *,
    cfn_lint: Sequence[str] = (),
    checkov: Sequence[str] = (),
    cfn_nag: Sequence[str] = (),
    cdk_nag: Sequence[str] = (),
    guard: Sequence[str] = (),
) -> None:
    """Suppresses checks for one resource, with one reason for all of them.

    ``builders.parts.pack_rules`` has the ids of what several packs report: ``suppress(bucket, "…", **BUCKET_LOCK)``.
    """
    metadata = dict(resource.resource.get("Metadata", {}))
    if cfn_lint:
        before = metadata.get("cfn-lint", {"config": {"ignore_checks": []}, "reasons": {}})
        metadata["cfn-lint"] = {
            "config": {"ignore_checks": [*before["config"]["ignore_checks"], *cfn_lint]},
            "reasons": {**before["reasons"], **dict.fromkeys(cfn_lint, reason)},
        }
    if checkov:
        before = metadata.get("checkov", {"skip": []})
        metadata["checkov"] = {"skip": [*before["skip"], *({"id": check, "comment": reason} for check in checkov)]}
    for key, rules in (("cfn_nag", cfn_nag), ("cdk_nag", cdk_nag)):
        if rules:
            before = metadata.get(key, {"rules_to_suppress": []})
            rows = [{"id": rule, "reason": reason} for rule in rules]
            metadata[key] = {"rules_to_suppress": [*before["rules_to_suppress"], *rows]}
    if guard:  # Guard's rules read the list, which has no place for reasons
        before = metadata.get("guard", {"Reasons": {}, "SuppressedRules": []})
        metadata["guard"] = {
            "Reasons": {**before["Reasons"], **dict.fromkeys(guard, reason)},
            "SuppressedRules": [*before["SuppressedRules"], *guard],
        }
    resource.Metadata = metadata


def suppress_explicit_names(template: TierTemplate) -> None:
    """Suppresses the rules against explicit names at every resource that they report."""
    for resource in template.resources.values():
        if resource.resource_type in _REPORTED_NAMES:
            suppress(
                resource,
                "Every name ends in the environment's suffix, so that environments live side by side (requirement A-1)",
                **EXPLICIT_NAME,
            )


_REPORTED_NAMES = frozenset(
    {
        "AWS::ApiGateway::ApiKey",
        "AWS::CloudWatch::Alarm",
        "AWS::DynamoDB::Table",
        "AWS::EC2::SecurityGroup",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::RDS::DBInstance",
    }
)
"""Source: the rule in https://github.com/aws-cloudformation/aws-guard-rules-registry, which names the same types as cfn_nag."""
