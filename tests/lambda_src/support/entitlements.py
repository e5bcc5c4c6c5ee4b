"""Entitlements from a table in memory. Not in ``fakes``, which tests outside the functions use without their types."""

from __future__ import annotations

import time
from collections.abc import Callable

from common.entitlements import Entitlements
from tests.lambda_src.support.fakes import FakeDynamoDB


def stored_entitlements(dynamodb: FakeDynamoDB, clock: Callable[[], float] = time.time) -> Entitlements:
    """The entitlements in the fake's table ``keys``."""
    return Entitlements(lambda key: dynamodb.get_item("keys", {"apiKeyId": {"S": key}}).get("Item"), clock)
