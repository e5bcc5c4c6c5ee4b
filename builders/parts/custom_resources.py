"""Custom resources: a function of the stack does what CloudFormation itself cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troposphere import AWSHelperFn, AWSObject
from troposphere.cloudformation import CustomResource

from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.template import TierTemplate

ANSWER_TIMEOUT_SECONDS = max(TIMEOUT_SECONDS.values()) + 60
"""How long CloudFormation waits for the response: longer than any function runs. Its default is an hour."""


class _TypedCustomResource(CustomResource):
    """A custom resource whose type is an argument; in troposphere each type otherwise needs a class of its own."""

    def __init__(self, title: str, resource_type: str, **properties: Any) -> None:
        self.resource_type = resource_type  # before the base class's constructor, which reads it
        super().__init__(title, **properties)


def add_custom_resource(
    template: TierTemplate,
    title: str,
    function: AWSHelperFn,
    *,
    kind: str | None = None,
    after: Sequence[AWSObject] = (),
    **properties: Any,
) -> CustomResource:
    """Adds a custom resource of the type ``Custom::<kind>``; the default of ``kind`` is the title.

    Without ``ServiceTimeout``, CloudFormation would wait an hour for a response that never comes.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
    """
    depends_on = {"DependsOn": list(after)} if after else {}
    return template.add(
        _TypedCustomResource(
            title,
            f"Custom::{kind or title}",
            ServiceToken=function,
            ServiceTimeout=ANSWER_TIMEOUT_SECONDS,
            **depends_on,
            **properties,
        )
    )
