"""Custom resources: what CloudFormation itself cannot do, done by a function of the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troposphere import AWSHelperFn, AWSObject
from troposphere.cloudformation import CustomResource

from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.template import TierTemplate, only_if

ANSWER_TIMEOUT_SECONDS = max(TIMEOUT_SECONDS.values()) + 60
"""Longer than any function runs, and far less than the hour for which CloudFormation would wait by itself."""


class _TypedCustomResource(CustomResource):
    """A custom resource with a type of its own, which troposphere otherwise takes from a class for each type."""

    def __init__(self, title: str, resource_type: str, **properties: Any) -> None:
        self.resource_type = resource_type  # before the base class, which reads the type from here
        super().__init__(title, **properties)


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
    depends_on = {"DependsOn": list(after)} if after else {}
    return template.add(
        _TypedCustomResource(
            title,
            f"Custom::{kind or title}",
            ServiceToken=function,
            ServiceTimeout=ANSWER_TIMEOUT_SECONDS,
            **only_if(condition),
            **depends_on,
            **properties,
        )
    )
