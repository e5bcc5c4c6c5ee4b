"""The analytics in NumPy, each computed from its formula and from the events instead of rows of minutes.

The module is independent of the project's code. It computes in floating point, so it agrees to about twelve digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.lambda_src.support.plain_reference import quotes_of, trades_of

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
QUOTE_LIFE = MINUTE
Floats = Any  # an array of float64
NAMES_OF_TRADES = (
    *("open", "high", "low", "close", "volume", "vwap", "effectiveSpread", "effectiveSpreadBps"),
    *("realisedVariance", "realisedVolatility", "maxDrawdown", "amihud"),
)


def analytics(records: list[dict[str, Any]], symbol: str, start: int, end: int) -> dict[str, Any] | None:
    """All analytics of [start, end), by their names in the API; None where no event bears on the interval.

    Times are epoch nanoseconds.
    """
    statistics = {**_of_trades(records, symbol, start, end), **_of_quotes(records, symbol, start, end)}
    return statistics if statistics["trades"] or statistics["lastMicroprice"] is not None else None


def _trades(records: list[dict[str, Any]], symbol: str) -> tuple[Any, Floats, Floats]:
    """Times, prices and sizes of a symbol's trades, in order."""
    trades = sorted((c[0], i, float(c[1]), float(c[2])) for (s, i), c in trades_of(records).items() if s == symbol)
    times = np.array([ts for ts, _, _, _ in trades], np.int64)
    prices = np.array([price for _, _, price, _ in trades])
    return times, prices, np.array([size for _, _, _, size in trades])


def _quotes(records: list[dict[str, Any]], symbol: str) -> tuple[Any, Any, Floats, Floats, Floats]:
    """Times, ends of validity, mids, spreads and microprices of a symbol's quotes, in order."""
    rows = quotes_of(records).get(symbol, [])
    times = np.array([row[0] for row in rows], np.int64)
    bid, ask, bid_size, ask_size = (np.array([float(row[n]) for row in rows]) for n in (1, 2, 3, 4))
    ends = np.minimum(np.append(times[1:], np.iinfo(np.int64).max), times + QUOTE_LIFE)
    return times, ends, (bid + ask) / 2, ask - bid, (bid * ask_size + ask * bid_size) / (bid_size + ask_size)


def _of_trades(records: list[dict[str, Any]], symbol: str, start: int, end: int) -> dict[str, Any]:
    times, prices, sizes = _trades(records, symbol)
    inside = (times >= start) & (times < end)
    t, p, s = times[inside], prices[inside], sizes[inside]
    if len(t) == 0:
        return {"trades": 0, **dict.fromkeys(NAMES_OF_TRADES)}
    last_of_minute = np.append(t[1:] // MINUTE != t[:-1] // MINUTE, True)
    day = t[0] // DAY * DAY
    earlier = prices[(times >= day) & (times < start)]
    path = np.concatenate([earlier[-1:] if len(earlier) else p[:1], p[last_of_minute]])
    traded = np.array([np.sum((p * s)[t // MINUTE == minute]) for minute in t[last_of_minute] // MINUTE])
    variance = np.sum(np.diff(np.log(path)) ** 2)
    return {
        "trades": len(t),
        "open": p[0],
        "high": p.max(),
        "low": p.min(),
        "close": p[-1],
        "volume": s.sum(),
        "vwap": np.dot(p, s) / s.sum(),
        "realisedVariance": variance,
        "realisedVolatility": np.sqrt(variance),
        "maxDrawdown": np.max(1 - path / np.maximum.accumulate(path)),
        "amihud": 1e6 * np.mean(np.abs(np.diff(path) / path[:-1]) / traded),
        **_effective(records, symbol, t, p, s),
    }


def _effective(records: list[dict[str, Any]], symbol: str, t: Any, p: Floats, s: Floats) -> dict[str, Any]:
    times, _, mids, _, _ = _quotes(records, symbol)
    if len(times) == 0:
        return {"effectiveSpread": None, "effectiveSpreadBps": None}
    at = np.searchsorted(times, t, side="right") - 1
    quoted = (at >= 0) & (t - times[np.maximum(at, 0)] < QUOTE_LIFE)
    if not quoted.any():
        return {"effectiveSpread": None, "effectiveSpreadBps": None}
    distance, mid = 2 * np.abs(p - mids[at])[quoted], mids[at][quoted]
    return {
        "effectiveSpread": np.average(distance, weights=s[quoted]),
        "effectiveSpreadBps": 1e4 * np.average(distance / mid, weights=s[quoted]),
    }


def _of_quotes(records: list[dict[str, Any]], symbol: str, start: int, end: int) -> dict[str, Any]:
    times, ends, mids, spreads, micro = _quotes(records, symbol)
    inside = (times >= start) & (times < end)
    weights = np.clip(np.minimum(ends, end) - np.maximum(times, start), 0, None)
    bearing = np.flatnonzero(inside | (weights > 0))
    mean: dict[str, Any] = dict.fromkeys(("quotedSpread", "quotedSpreadBps", "microprice"))
    if weights.sum() > 0:
        mean = {
            "quotedSpread": np.average(spreads, weights=weights),
            "quotedSpreadBps": 1e4 * np.average(spreads / mids, weights=weights),
            "microprice": np.average(micro, weights=weights),
        }
    last = micro[bearing[-1]] if len(bearing) else None
    return {**mean, "lastMicroprice": last, "quotes": int(inside.sum())}
