"""What an update of an Auto Scaling group does to its running instances, by its UpdatePolicy.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cfn.marks import State
from cfn.text import scalar_text
from cfn.types import AUTO_SCALING_GROUP
from review.comparison.difference import Difference
from review.comparison.scripts import value_text
from review.findings import general
from review.findings.finding import Remark

# A change of one of these properties makes CloudFormation apply the policy.
TRIGGERS = frozenset(
    {"LaunchTemplate", "LaunchConfigurationName", "MixedInstancesPolicy", "VPCZoneIdentifier", "PlacementGroup"}
)


def replaces_group(policy: Any) -> bool:
    """Whether the policy creates a new group instead of new instances in the old group."""
    replacing = policy.get("AutoScalingReplacingUpdate") if isinstance(policy, Mapping) else None
    return isinstance(replacing, Mapping) and scalar_text(replacing.get("WillReplace", False)) == "true"


def consequence(resource_type: str, policy: Any, differences: Iterable[Difference]) -> Remark | None:
    """What happens to running instances; None if nothing does.

    Args:
        resource_type: The type of the changed resource; only a group has instances.
        policy: The resolved UpdatePolicy of the group, if it has one.
        differences: The changes of the resource.
    """
    states = [difference.state for difference in differences if _triggers(difference.path)]
    if resource_type != AUTO_SCALING_GROUP or not states:
        return None
    certain = State.CHANGED in states
    policies = policy if isinstance(policy, Mapping) else {}
    if replaces_group(policy):
        return general.GROUP_REPLACED.remark(certain=certain)
    if "AutoScalingInstanceRefresh" in policies:
        return general.INSTANCE_REFRESH.remark(certain=certain)
    if "AutoScalingRollingUpdate" in policies:
        return _rolling_update(policies["AutoScalingRollingUpdate"], certain=certain)
    return general.INSTANCES_STAY.remark()


def _triggers(path: str) -> bool:
    return any(part in TRIGGERS for part in path.split("/")[1:2])


def _rolling_update(rolling: Any, *, certain: bool) -> Remark:
    """How a rolling update proceeds.

    The defaults are CloudFormation's own: one instance at a time, none kept in service, and no wait without signals.
    """
    settings = rolling if isinstance(rolling, Mapping) else {}
    batch, kept = _text(settings.get("MaxBatchSize", 1)), _text(settings.get("MinInstancesInService", 0))
    if scalar_text(settings.get("WaitOnResourceSignals", False)) == "true":
        pause = _text(settings.get("PauseTime", "PT5M"))
        return general.ROLLING_WITH_SIGNALS.remark(certain=certain, batch=batch, kept=kept, pause=pause)
    return general.ROLLING_WITHOUT_SIGNALS.remark(certain=certain, batch=batch, kept=kept)


def _text(value: Any) -> str:
    return value_text(value) or scalar_text(value)
