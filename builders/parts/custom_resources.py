"""Custom resources: what CloudFormation itself cannot do, done by a function of the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troposphere import AWSHelperFn, AWSObject
from troposphere.cloudformation import CustomResource

from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.template import TierTemplate, only_if

ANSWER_SECONDS = max(TIMEOUT_SECONDS.values()) + 60
"""Longer than any function runs, and far less than the hour for which CloudFormation would wait by itself."""


def add_custom_resource(
    template: TierTemplate,
    title: str,
    function: AWSHelperFn,
    *,
    kind: str | None = None,
    after: Sequence[AWSObject] = (),
    condition: str | None = None,
    **properties: Any,
) -> CustomResource:
    """A custom resource of the type ``Custom::<kind>`` (default: its title), answered within the function's timeout.

    Without ServiceTimeout, CloudFormation would wait an hour for an answer that never comes.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
    """
    of_kind = type("Custom", (CustomResource,), {"resource_type": f"Custom::{kind or title}"})
    resource: CustomResource = of_kind(
        title, ServiceToken=function, ServiceTimeout=ANSWER_SECONDS, **only_if(condition)
    )
    if after:
        resource.DependsOn = [other.title for other in after]
    resource.properties.update(properties)
    return template.add(resource)
