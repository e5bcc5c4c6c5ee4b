"""Examples: requests from the sample, answers from the functions' own code, and bars and analytics worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.openapi.functions import function_module

SAMPLE = Path(__file__).resolve().parents[2] / "local" / "market_data" / "market-data.json"
START, END = "2026-01-02T10:00:00Z", "2026-01-02T11:00:00Z"
PRICES = {"open": "100.5", "high": "101.125", "low": "99.25", "close": "101.125", "volume": "7.5", "trades": 3}
IDENTITY = "example"


def batch() -> dict[str, Any]:
    """A batch of the sample's first quote and trade, and of its first invalid record."""
    records = json.loads(SAMPLE.read_text(encoding="utf-8"))["records"]
    rejected = batch_answer({"records": records})["rejectedRecords"][0]["index"]
    return {"records": [*records[:2], records[rejected]]}


def ndjson() -> str:
    """The same records, one a line."""
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in batch()["records"])


def batch_answer(body: dict[str, Any]) -> dict[str, Any]:
    """The answer of ingest to a batch."""
    result = function_module("ingest.batch").read_batch(
        json.dumps(body).encode(), "application/json", "", IDENTITY, "", function_module("ingest.validation").Rules()
    )
    summary: dict[str, Any] = result.as_json()
    return summary


def bar() -> dict[str, Any]:
    """One bar of a page, from three trades, worked out by hand as in the functions' own tests."""
    return {"start": START, **PRICES, "vwap": "100.58333333"}


def analytics() -> dict[str, Any]:
    """One interval of a page, from the same trades and two quotes."""
    return {
        "start": START,
        "bar": PRICES,
        "vwap": "100.58333333",
        "quotedSpread": "1.44954128",
        "quotedSpreadBps": 144.95412844,
        "effectiveSpread": "1.76666667",
        "effectiveSpreadBps": 176.66666667,
        "microprice": "99.77522936",
        "lastMicroprice": "100",
        "realisedVariance": 0.000506913734,
        "realisedVolatility": 0.022514744822,
        "maxDrawdown": 0.012437810945,
        "amihud": 41.12655013,
        "quotes": 2,
    }


def page(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """A page with one item."""
    window = {"from": START, "to": END}
    return {"symbol": "ACME", "interval": "1h", **window, name: [item], "nextCursor": None}


def session() -> dict[str, Any]:
    """A session as its client sees it."""
    model = function_module("sessions.model")
    seconds = function_module("common.schema").parse_timestamp(START) // 10**9
    opened: dict[str, Any] = model.Session(
        "5f1c" * 8, "", "", "desk", seconds, seconds + model.DEFAULT_TTL_SECONDS
    ).as_json()
    return opened
