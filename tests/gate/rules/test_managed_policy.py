from __future__ import annotations

import pytest

from gate.rules.managed_policy import ManagedPolicy
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("X-CDN-1")

DISTRIBUTION = """
  It:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        DefaultCacheBehavior: {BEHAVIOR}
        CacheBehaviors: [{OTHER}]
"""
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def check(behavior: str, other: str = "") -> list[tuple[str, str]]:
    return run_rule(ManagedPolicy(), DISTRIBUTION.replace("BEHAVIOR", behavior).replace("OTHER", other))


def test_references_and_managed_policies_pass() -> None:
    assert check(f"CachePolicyId: {DISABLED}, OriginRequestPolicyId: {ALL_VIEWER}") == []
    assert check("CachePolicyId: !Ref Own, ResponseHeadersPolicyId: !GetAtt Headers.Id") == []


def test_id_with_a_wrong_digit_fails() -> None:
    """A digit of AllViewer's id was wrong. All other checks passed, but CloudFront could not create the distribution."""
    wrong = ALL_VIEWER.replace("-5c7f-", "-4c7f-")
    (finding,) = check(f"OriginRequestPolicyId: {wrong}")
    assert finding == (
        "Resources/It/Properties/DistributionConfig/DefaultCacheBehavior/OriginRequestPolicyId",
        f"OriginRequestPolicyId '{wrong}' is not the id of a managed policy",
    )


@pytest.mark.parametrize(
    "other",
    [
        f"CachePolicyId: {ALL_VIEWER}",  # a managed policy, but of another kind
        f"CachePolicyId: !If [C, {DISABLED}, 11111111-6df8-44a3-9df3-4b5a84be39ad]",
    ],
)
def test_every_behavior_and_arm_is_checked(other: str) -> None:
    assert len(check(f"CachePolicyId: {DISABLED}", other)) == 1
