"""Log groups: every group that the platform writes, also those that a service would create by itself (requirement A-5).

A group that exists before the service first writes keeps our key and retention, and goes with the stack.
"""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn
from troposphere.logs import LogGroup

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate


def add_log_group(template: TierTemplate, title: str, name: AWSHelperFn | str, **properties: Any) -> LogGroup:
    """An encrypted log group with the platform's retention.

    Args:
        title: logical id.
        name: the full name; where a service dictates it, the name that service uses.
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
