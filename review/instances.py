"""What an update of an Auto Scaling group does to the instances that run, by its UpdatePolicy.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cfn.marks import State
from cfn.text import scalar_text
from cfn.types import AUTO_SCALING_GROUP, LAUNCH_TEMPLATE
from review.difference import Difference
from review.scripts import value_text

# A change of one of these makes CloudFormation apply the policy.
TRIGGERS = frozenset(
    {"LaunchTemplate", "LaunchConfigurationName", "MixedInstancesPolicy", "VPCZoneIdentifier", "PlacementGroup"}
)


def changes_version(kind: str, found: Iterable[Difference]) -> bool:
    """Whether a launch template gets a new version: its LatestVersionNumber is then another for certain."""
    return kind == LAUNCH_TEMPLATE and any(
        one.path.startswith("Properties/LaunchTemplateData") and one.state is State.CHANGED for one in found
    )


def replaces_group(policy: Any) -> bool:
    """Whether the policy makes a new group instead of new instances in the old one."""
    replacing = policy.get("AutoScalingReplacingUpdate") if isinstance(policy, Mapping) else None
    return isinstance(replacing, Mapping) and scalar_text(replacing.get("WillReplace", False)) == "true"


def consequence(kind: str, policy: Any, found: Iterable[Difference]) -> str | None:
    """A sentence for the person who reviews, or None when no instance is touched."""
    states = [one.state for one in found if one.path.split("/")[1:2] and one.path.split("/")[1] in TRIGGERS]
    if kind != AUTO_SCALING_GROUP or not states:
        return None
    will, is_, takes = ("will", "is", "takes") if State.CHANGED in states else ("may", "may be", "may take")
    if replaces_group(policy):
        return (
            f"a new group with new instances {takes} its place; the old one {is_} deleted when the new one is healthy"
        )
    named = policy if isinstance(policy, Mapping) else {}
    if "AutoScalingInstanceRefresh" in named:
        return f"an instance refresh {will} replace its instances"
    if "AutoScalingRollingUpdate" in named:
        return f"its instances {will} be replaced, {_pace(named['AutoScalingRollingUpdate'])}"
    return "it has no UpdatePolicy: instances that run stay as they are, only new ones get the change"


def _pace(rolling: Any) -> str:
    """The defaults are the service's own: one at a time, none kept in service, and no wait without signals."""
    given = rolling if isinstance(rolling, Mapping) else {}
    words = f"{_shown(given.get('MaxBatchSize', 1))} at a time, {_shown(given.get('MinInstancesInService', 0))} kept"
    if scalar_text(given.get("WaitOnResourceSignals", False)) == "true":
        return f"{words} in service, each awaited for {_shown(given.get('PauseTime', 'PT5M'))}"
    return f"{words} in service, none awaited"


def _shown(value: Any) -> str:
    return value_text(value) or scalar_text(value)
