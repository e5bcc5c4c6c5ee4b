"""Permissions of trading's housekeeping function beyond those on every platform."""

from __future__ import annotations

from awacs.aws import Statement

from builders.contract import ports
from builders.contract.names import SUFFIX
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.trading import facts


def entitle_api_key(template: TierTemplate) -> list[Statement]:
    """Allows the function to write the entitlement of the platform's own API key."""
    return [
        statements.update_items("EntitleKey", arns.arn("dynamodb", f"table/{facts.API_KEYS_NAME}-{SUFFIX}")),
        statements.use_key("UseTableKey", template.use(ports.DATA_KEY), "dynamodb"),
    ]
