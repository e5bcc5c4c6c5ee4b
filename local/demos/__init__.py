"""What the demo does with each platform once it is deployed: one module a platform, one entry in `USES`."""

from __future__ import annotations

from collections.abc import Mapping

from local.demos import trading, transactions
from local.demos.use import Use

USES: Mapping[str, Use] = {
    "trading": Use(needs=trading.needs, prepare=trading.prepare, run=trading.run),
    "transactions": Use(needs=transactions.needs, prepare=transactions.prepare, run=transactions.run),
}
"""By the platform's name in templates/ and params/."""
