"""The API's answers to requests for analytics, compared with NumPy."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import query.handler
from common import schema
from query.request import INTERVAL_MINUTES
from tests.lambda_src.support import numpy_reference
from tests.lambda_src.support.fakes import Context, api_event
from tests.lambda_src.support.records import MINUTE, Record

WINDOW = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-04T00:00:00Z"}


def ask(
    symbol: str, interval: str, what: str = "analytics", limit: int = 1000, window: Mapping[str, str] = WINDOW
) -> list[dict[str, Any]]:
    """All items of an answer, page by page; ``window`` may name one of its two ends alone."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        parameters = {**WINDOW, **window, "interval": interval, "limit": str(limit), **cursor}
        event = api_event("GET", f"/v1/{what}/{{symbol}}", queryStringParameters=parameters)
        event["pathParameters"] = {"symbol": symbol}
        response = query.handler.handler(event, Context())
        body = json.loads(response["body"], parse_constant=_reject_constant)
        assert response["statusCode"] == 200, body
        items += body[what]
        if body["nextCursor"] is None:
            return items
        cursor = {"cursor": body["nextCursor"]}


def _reject_constant(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def agree_with_numpy(records: list[Record], interval: str, limit: int = 1000) -> None:
    """Fail unless the API answers for each symbol of the delivered records with the statistics that NumPy computes."""
    length = INTERVAL_MINUTES[interval] * MINUTE
    for symbol in sorted({record["symbol"] for record in records}):
        starts = {r["ts"] // length * length + later for r in records for later in (0, length)}
        expected = {
            start: statistics
            for start in sorted(starts)
            if (statistics := numpy_reference.analytics(records, symbol, start, start + length)) is not None
        }
        items = ask(symbol, interval, limit=limit) if expected else []
        assert [item["start"] for item in items] == [schema.format_timestamp(start) for start in expected]
        for item, statistics in zip(items, expected.values(), strict=True):
            flat = {
                **dict.fromkeys(("open", "high", "low", "close", "volume")),
                "trades": 0,
                **item,
                **(item["bar"] or {}),
            }
            tolerances = {"quotedSpreadBps": 1e-8, "effectiveSpreadBps": 1e-8}  # ratios are stored with 12 decimals
            for name, value in statistics.items():
                assert _close(flat[name], value, tolerances.get(name, 1e-13)), (name, flat[name], value)


def _close(answer: Any, value: Any, tolerance: float) -> bool:
    """Compare to twelve digits or the tolerance, and prices, which have eight decimals, to half of the last one."""
    if answer is None or value is None:
        return answer is None and value is None
    absolute = 0.51e-8 if isinstance(answer, str) else tolerance
    return math.isclose(float(answer), float(value), rel_tol=1e-12, abs_tol=absolute)
