"""The registry of platforms. Each platform is defined in its own folder."""

from __future__ import annotations

from builders.trading.platform import TRADING
from builders.transactions.platform import TRANSACTIONS

PLATFORMS = {platform.name: platform for platform in (TRADING, TRANSACTIONS)}
