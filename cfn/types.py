"""Resource types that the code treats specially."""

from __future__ import annotations

STACK = "AWS::CloudFormation::Stack"
CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"
AUTO_SCALING_GROUP = "AWS::AutoScaling::AutoScalingGroup"
BUCKET = "AWS::S3::Bucket"


def is_custom(resource_type: str) -> bool:
    """Whether a function of the template's author makes resources of this type."""
    return resource_type.startswith("Custom::") or resource_type == CUSTOM_RESOURCE
