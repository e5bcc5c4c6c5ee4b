"""Policies fit into AWS's quotas, also with the longest suffix, region and account, because they list names."""

from __future__ import annotations

import json

import pytest

from builders.contract.template import ENVIRONMENT_SUFFIX
from builders.platforms import PLATFORMS
from review.access.discovery import PERMISSION
from tests.builders.support.environments import Site, environment

LONGEST = Site(region="us-isof-south-1", account="1" * 12, partition="aws-us-gov")
"""The longest region and the longest partition, which no region has together."""
# Characters without white space, or bytes:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (managed policies and trust policies)
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
# https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
QUOTAS = {
    "AWS::EC2::VPCEndpoint": 20_480,
    "AWS::IAM::ManagedPolicy": 6_144,
    "AWS::IAM::Role": 2_048,
    "AWS::KMS::Key": 32 * 1024,
    "AWS::Logs::ResourcePolicy": 5_120,
    "AWS::S3::BucketPolicy": 20 * 1024,
    "AWS::SNS::TopicPolicy": 30 * 1024,
    "AWS::SQS::QueuePolicy": 8_192,
}


@pytest.mark.requirement("A-6", "A-10")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_policies_fit_at_the_longest_names(platform: str) -> None:
    longest = environment(platform, "s" * int(ENVIRONMENT_SUFFIX.max_length or 0), site=LONGEST)
    policies = [policy for policy in longest.policies if policy.type != PERMISSION]
    sizes = {
        f"{policy.resource} ({policy.type})": (
            len(json.dumps(policy.document, separators=(",", ":"))),
            QUOTAS[policy.type],
        )
        for policy in policies
    }
    assert not {name: size for name, size in sizes.items() if size[0] > size[1]}
