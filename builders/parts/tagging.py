"""Tags: the same four on every taggable resource, and a Name where the console shows one (requirement A-7).

The resources themselves have the tags, not only the stack. So a reviewer sees them, and they do not depend on how the stack
is deployed. CloudFormation adds the tags of the stack (params file) to them.
"""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn, AWSObject, Ref, Tags
from troposphere.autoscaling import AutoScalingGroup

from builders.contract.template import ENVIRONMENT_SUFFIX, TierTemplate

COST_CENTER = "trading-platform"
COMPLIANCE = "PCI-DSS"
DATA_CLASSIFICATION = "Confidential"


def standard_tags() -> dict[str, Any]:
    """The tags of every resource."""
    return {
        "Compliance": COMPLIANCE,
        "CostCenter": COST_CENTER,
        "DataClassification": DATA_CLASSIFICATION,
        "Environment": Ref(ENVIRONMENT_SUFFIX.name),
    }


def as_tags(tags: dict[str, Any]) -> Tags:
    """CloudFormation's list of Key and Value, sorted by key."""
    return Tags(**tags)


def name_tag(name: AWSHelperFn) -> Tags:
    """The Name tag for resources (VPC, subnets, addresses …) whose only name is this tag."""
    return Tags(Name=name)


def tag_everything(template: TierTemplate) -> None:
    """Adds the standard tags to every resource of the template whose type has tags."""
    for resource in template.resources.values():
        if "Tags" in resource.props:
            _tag(resource)


def _tag(resource: AWSObject) -> None:
    if isinstance(resource, AutoScalingGroup):  # its launch template tags the instances
        resource.Tags = [
            {"Key": name, "Value": value, "PropagateAtLaunch": False} for name, value in standard_tags().items()
        ]
        return
    present = resource.properties.get("Tags", Tags())
    merged = Tags(**standard_tags())
    merged.tags = present.tags + merged.tags
    resource.Tags = merged
