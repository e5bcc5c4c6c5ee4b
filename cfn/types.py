"""Resource types that the code treats specially, and the property that names a resource of each type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

STACK = "AWS::CloudFormation::Stack"
CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"
AUTO_SCALING_GROUP = "AWS::AutoScaling::AutoScalingGroup"
LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"
BUCKET = "AWS::S3::Bucket"

# Types whose names an account or a region knows. The gate's rule E9804 reads the same file.
_NAME_PROPERTIES: Mapping[str, str] = json.loads(Path(__file__).with_name("name_properties.json").read_text("utf-8"))


def is_custom(resource_type: str) -> bool:
    """Whether a function of the template's author makes resources of this type."""
    return resource_type.startswith("Custom::") or resource_type == CUSTOM_RESOURCE


def name_path(resource_type: str) -> tuple[str, ...]:
    """The path of the property that names a resource: ``("BucketName",)``; empty for a type without one in the table."""
    path = _NAME_PROPERTIES.get(resource_type)
    return tuple(path.split(".")) if path else ()
