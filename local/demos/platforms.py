"""The demo of each platform, by the platform's name in templates/ and params/."""

from __future__ import annotations

from collections.abc import Mapping

from local.demos import trading, transactions
from local.demos.platform_demo import PlatformDemo

DEMOS: Mapping[str, PlatformDemo] = {"trading": trading.DEMO, "transactions": transactions.DEMO}
