from __future__ import annotations

from typing import Any

import pytest

from gate.rules.managed_policy import ManagedPolicy

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


def found(judge: Any, behavior: str, other: str = "") -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = judge(
        ManagedPolicy(), DISTRIBUTION.replace("BEHAVIOR", behavior).replace("OTHER", other)
    )
    return result


def test_references_and_managed_policies_pass(judge: Any) -> None:
    assert found(judge, f"CachePolicyId: {DISABLED}, OriginRequestPolicyId: {ALL_VIEWER}") == []
    assert found(judge, "CachePolicyId: !Ref Own, ResponseHeadersPolicyId: !GetAtt Headers.Id") == []


def test_id_with_a_wrong_digit_is_found_before_cloudfront_finds_it(judge: Any) -> None:
    """One digit of AllViewer's id was wrong; everything else passed, and the distribution could not be made."""
    wrong = ALL_VIEWER.replace("-5c7f-", "-4c7f-")
    (finding,) = found(judge, f"OriginRequestPolicyId: {wrong}")
    assert finding == (
        "Resources/It/Properties/DistributionConfig/DefaultCacheBehavior/OriginRequestPolicyId",
        f"OriginRequestPolicyId '{wrong}' is no managed policy's id",
    )


@pytest.mark.parametrize(
    "other",
    [
        f"CachePolicyId: {ALL_VIEWER}",  # a managed policy, but of another kind
        f"CachePolicyId: !If [C, {DISABLED}, 11111111-6df8-44a3-9df3-4b5a84be39ad]",
    ],
)
def test_every_behavior_and_arm_is_looked_at(judge: Any, other: str) -> None:
    assert len(found(judge, f"CachePolicyId: {DISABLED}", other)) == 1
