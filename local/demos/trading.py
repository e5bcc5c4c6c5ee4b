"""The demo uses trading as a client does: a batch goes in through the API, bars and analytics come out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.clients import smoke
from local.cloud import EmbeddedCloud

SAMPLE = Path(__file__).resolve().parents[2] / "sample" / "market-data.json"
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
    """PostgreSQL comes with the Python packages."""
    return None


def prepare(cloud: EmbeddedCloud, parameters: Mapping[str, str]) -> None:
    """An empty account has all that trading needs."""


def run(cloud: EmbeddedCloud, stack: str) -> str:
    """Posts the sample, reads bars and analytics, opens a session, and is refused what it may not."""
    print("\n--- Use it: a client assumes its role, signs its calls and brings its API key", flush=True)
    begun = time.monotonic()
    client = smoke.Client.of(cloud, stack)
    summary = smoke.post_batch(client, SAMPLE.read_bytes())
    print(f"POST /v1/market-data ({SAMPLE.parent.name}/{SAMPLE.name}): batch {summary['batchId']}")
    print(f"  received {summary['received']}, accepted {summary['accepted']}, rejected {summary['rejected']}, such as:")
    for rejected in summary["rejectedRecords"][:3]:
        print(f"    record {rejected['index']}: {rejected['field']} {rejected['reason']}")
    bars = smoke.wait_for_bars(client, SYMBOL, SAMPLE_START, SAMPLE_MINUTES)
    print(
        f"GET /v1/bars/{SYMBOL}: {len(bars)} bars of one minute, {time.monotonic() - begun:.1f} s after the post began"
    )
    print(f"  {'start':<22}{'open':>9}{'high':>9}{'low':>9}{'close':>9}{'volume':>9}{'vwap':>14}")
    for bar in bars[:4]:
        print("  {start:<22}{open:>9}{high:>9}{low:>9}{close:>9}{volume:>9}{vwap:>14}".format(**bar))
    (analytics, *_) = smoke.read_analytics(client, SYMBOL, SAMPLE_START, SAMPLE_MINUTES, "1h")
    print(f"GET /v1/analytics/{SYMBOL}?interval=1h:")
    for name in _ANALYTICS:
        print(f"  {name:<20}{analytics[name]}")
    session = smoke.open_and_end_session(client)
    print(f"POST, GET and DELETE /v1/sessions: {session['sessionId']} opened, read, ended, gone")
    for missing, answer in smoke.refusals(client).items():
        print(f"  {missing}: {answer.status} {answer.json()['error']['message']}")
    return (
        f"{summary['accepted']} trades and quotes went in through its API and {len(bars)} bars of {SYMBOL} came out; "
        "a second plan found no changes."
    )
