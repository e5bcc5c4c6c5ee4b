"""The smallest platform: a key for messages, and the queues of ``docs/examples/tier.py`` that it encrypts."""

from __future__ import annotations

from functools import partial

from builders.contract import ports
from builders.contract.names import Names
from builders.contract.platform import NamingTier, Platform, Tier
from builders.parts.keys import KeyRow
from builders.tiers import key_rows, keys
from docs.examples import tier


def key_table(platform: str, names: Names) -> tuple[KeyRow, ...]:
    """The only key: that of queues and topics."""
    return (key_rows.messaging(names),)


ORDERS = Platform(
    name="orders",
    description="Orders: a queue and its dead-letter queue, encrypted under a customer-managed key.",
    tiers=(
        NamingTier("keys", partial(keys.build, rows=key_table)),
        Tier("queues", tier.build),
    ),
    # No tier here has a role that could carry the region guardrail. So the root offers it to roles of other stacks.
    outputs=(tier.ORDER_QUEUE_URL, tier.ORDER_QUEUE_ARN, ports.REGION_DENY_POLICY),
)
