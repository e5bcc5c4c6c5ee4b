"""The guardrail on every role: no action outside the allowed regions; global services still work (requirement A-3)."""

from __future__ import annotations

from awacs.aws import Deny, Statement, StringNotEquals
from troposphere.iam import ManagedPolicy

from builders.contract import parameters
from builders.contract.template import TierTemplate
from builders.iam.statements import all_of, policy

# Services whose requests go to one region, whichever the caller chooses, and account-wide calls of S3. The list is that of
# AWS's own region denials: the IAM example (reference_policies_examples_aws_deny-requested-region) and AWS Control Tower's
# control (https://docs.aws.amazon.com/controltower/latest/userguide/primary-region-deny-policy.html).
GLOBAL_ACTIONS: tuple[str, ...] = (
    "access-analyzer:*", "account:*", "acm:*", "aws-marketplace:*", "aws-portal:*", "billing:*", "budgets:*", "ce:*",
    "cloudfront:*", "cloudtrail:LookupEvents", "config:*", "consoleapp:*", "cur:*", "directconnect:*",
    "ec2:DescribeRegions", "ec2:DescribeTransitGateways", "ec2:DescribeVpnGateways", "fms:*", "freetier:*",
    "globalaccelerator:*", "health:*", "iam:*", "importexport:*", "invoicing:*", "kms:*", "networkmanager:*",
    "notifications:*", "organizations:*", "payments:*", "pricing:*", "resource-explorer-2:*", "route53:*",
    "route53domains:*", "s3:CreateMultiRegionAccessPoint", "s3:DeleteMultiRegionAccessPoint",
    "s3:DescribeMultiRegionAccessPointOperation", "s3:GetAccountPublicAccessBlock", "s3:GetBucketLocation",
    "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:GetMultiRegionAccessPoint",
    "s3:GetMultiRegionAccessPointPolicy", "s3:GetStorageLensConfiguration", "s3:GetStorageLensDashboard",
    "s3:ListAllMyBuckets", "s3:ListMultiRegionAccessPoints", "s3:ListStorageLensConfigurations",
    "s3:PutAccountPublicAccessBlock", "s3:PutMultiRegionAccessPointPolicy", "savingsplans:*", "shield:*", "sso:*",
    "sts:*", "support:*", "supportapp:*", "supportplans:*", "tag:*", "tax:*", "trustedadvisor:*", "waf-regional:*",
    "waf:*", "wafv2:*",
)  # fmt: skip


def add_region_deny_policy(template: TierTemplate) -> ManagedPolicy:
    """Adds the denial outside the allowed regions; ``NotAction`` excludes the global services (requirement A-3)."""
    return template.add(
        ManagedPolicy(
            "RegionDenyPolicy",
            ManagedPolicyName=template.named("region-deny-policy"),
            Description="Denies what lies outside the allowed regions; global services, which have one region, still work.",
            PolicyDocument=policy(
                Statement(
                    Sid="DenyOutsideAllowedRegions",
                    Effect=Deny,
                    NotAction=list(GLOBAL_ACTIONS),
                    Resource=["*"],
                    Condition=all_of(StringNotEquals("aws:RequestedRegion", template.use(parameters.ALLOWED_REGIONS))),
                )
            ),
        )
    )
