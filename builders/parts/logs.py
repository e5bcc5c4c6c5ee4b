"""Log groups: of every log of the platform, also of those for which a service would create a group (requirement A-5).

A group that exists before the service first writes keeps its key and retention, and CloudFormation deletes it with the stack.
"""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn
from troposphere.logs import LogGroup

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate


def add_log_group(template: TierTemplate, title: str, name: AWSHelperFn | str, **properties: Any) -> LogGroup:
    """Adds an encrypted log group with the platform's retention.

    Args:
        template: the tier's template.
        title: logical id.
        name: the full name. Some services dictate it.
        properties: resource attributes such as Condition.
    """
    return template.add(
        LogGroup(
            title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            LogGroupName=name,
            KmsKeyId=template.use(ports.LOGS_KEY),
            RetentionInDays=template.use(parameters.LOG_RETENTION),
            **properties,
        )
    )
