"""The demo uses trading as a client does: it posts a batch through the API and reads bars and analytics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.clients.trading import (
    TradingClient,
    create_principals,
    open_and_end_session,
    post_batch,
    read_analytics,
    rejections,
    wait_for_bars,
)
from local.cloud import EmbeddedCloud
from local.demos.platform_demo import PlatformDemo
from local.host.project import PROJECT
from local.market_data import COMMITTED_BATCH

SAMPLE_START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SAMPLE_MINUTES = 30
SYMBOL = "ACME"

_ANALYTICS = (
    "vwap",
    "quotedSpread",
    "effectiveSpread",
    "microprice",
    "realisedVolatility",
    "maxDrawdown",
    "amihud",
)


def needs() -> str | None:
    """Return None: PostgreSQL comes with the Python packages."""
    return None


def prepare(cloud: EmbeddedCloud, parameters: Mapping[str, str]) -> None:
    """Create the roles that the parameter file names as clients and analysts. Here they belong to the caller's account."""
    for arn in create_principals(cloud, parameters):
        print(f"IAM has the role {arn} now.")


def use(cloud: EmbeddedCloud, stack: str) -> str:
    """Post the sample, read bars and analytics, open a session, and try what the client may not do."""
    client = TradingClient.of(cloud, stack)
    begun = time.monotonic()
    summary = _post(client)
    bars = wait_for_bars(client, SYMBOL, SAMPLE_START, SAMPLE_MINUTES)
    _show_bars(bars, time.monotonic() - begun)
    _show_analytics(client)
    session = open_and_end_session(client)
    print(f"POST, GET and DELETE /v1/sessions: {session['sessionId']} opened, read, ended, gone")
    for missing, answer in rejections(client).items():
        print(f"  {missing}: {answer.status} {answer.json()['error']['message']}")
    return (
        f"{summary['accepted']} trades and quotes went in through its API and {len(bars)} bars of {SYMBOL} came out; "
        "a second plan found no changes."
    )


def _post(client: TradingClient) -> dict[str, Any]:
    summary = post_batch(client, COMMITTED_BATCH.read_bytes())
    print(f"POST /v1/market-data ({COMMITTED_BATCH.relative_to(PROJECT)}): batch {summary['batchId']}")
    print(f"  received {summary['received']}, accepted {summary['accepted']}, rejected {summary['rejected']}, such as:")
    for record in summary["rejectedRecords"][:3]:
        print(f"    record {record['index']}: {record['field']} {record['reason']}")
    return summary


def _show_bars(bars: list[dict[str, Any]], seconds: float) -> None:
    print(f"GET /v1/bars/{SYMBOL}: {len(bars)} bars of one minute, {seconds:.1f} s after the post began")
    print(f"  {'start':<22}{'open':>9}{'high':>9}{'low':>9}{'close':>9}{'volume':>9}{'vwap':>14}")
    for bar in bars[:4]:
        print("  {start:<22}{open:>9}{high:>9}{low:>9}{close:>9}{volume:>9}{vwap:>14}".format(**bar))


def _show_analytics(client: TradingClient) -> None:
    analytics = read_analytics(client, SYMBOL, SAMPLE_START, SAMPLE_MINUTES, "1h")[0]
    print(f"GET /v1/analytics/{SYMBOL}?interval=1h:")
    for name in _ANALYTICS:
        print(f"  {name:<20}{analytics[name]}")


DEMO = PlatformDemo("a client assumes its role, signs its calls and brings its API key", needs, prepare, use)
