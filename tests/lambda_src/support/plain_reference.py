"""Bars, quote statistics and analytics, computed from their formulas by plain loops.

The module shares no code with the project, and is slow and simple on purpose. A record is a dictionary with decimal text and
epoch nanoseconds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

MINUTE = 60_000_000_000
Key = tuple[str, int]


def trades_of(records: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """One trade for each (symbol, trade_id); of several that differ the least one."""
    trades: dict[tuple[str, str], tuple[Any, ...]] = {}
    for r in records:
        if r["type"] != "trade":
            continue
        content = (r["ts"], Decimal(r["price"]), Decimal(r["size"]), r["side"], r["venue"])
        key = (r["symbol"], r["trade_id"])
        if key not in trades or content < trades[key]:
            trades[key] = content
    return trades


def quotes_of(records: Iterable[dict[str, Any]]) -> dict[str, list[tuple[Any, ...]]]:
    """The distinct quotes of each symbol, ascending."""
    quotes: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for r in records:
        if r["type"] == "quote":
            sizes = (Decimal(r["bid_size"]), Decimal(r["ask_size"]))
            quotes[r["symbol"]].add((r["ts"], Decimal(r["bid"]), Decimal(r["ask"]), *sizes))
    return {symbol: sorted(distinct) for symbol, distinct in quotes.items()}


def bars(records: list[dict[str, Any]]) -> dict[Key, tuple[Any, ...]]:
    """Map (symbol, minute) to open, high, low, close, volume, notional, trades and the effective sums."""
    quotes = quotes_of(records)
    by_minute: dict[Key, list[tuple[Any, ...]]] = defaultdict(list)
    for (symbol, trade_id), (ts, price, size, _, _) in trades_of(records).items():
        by_minute[symbol, ts // MINUTE * MINUTE].append((ts, trade_id, price, size))
    result = {}
    for (symbol, minute), trades in by_minute.items():
        trades.sort()
        prices = [price for _, _, price, _ in trades]
        spread = relative = covered = Decimal(0)
        for ts, _, price, size in trades:
            live = [q for q in quotes.get(symbol, []) if ts - MINUTE < q[0] <= ts]
            if live:
                with localcontext(prec=60):
                    mid = (live[-1][1] + live[-1][2]) / 2
                    distance = 2 * abs(price - mid)
                    spread += distance * size
                    relative += twelve(distance / mid) * size
                    covered += size
        volume = sum(size for _, _, _, size in trades)
        notional = sum(price * size for _, _, price, size in trades)
        result[symbol, minute] = (
            *(prices[0], max(prices), min(prices), prices[-1], volume, notional, len(trades)),
            *(spread, relative, covered),
        )
    return result


def quote_stats(records: list[dict[str, Any]]) -> dict[Key, tuple[Any, ...]]:
    """Map (symbol, minute) to quotes, covered time, spread, relative spread, microprice and last microprice.

    Covered time is in nanoseconds; spread, relative spread and microprice are sums weighted with nanoseconds.
    """
    result: dict[Key, tuple[Any, ...]] = {}
    for symbol, quotes in quotes_of(records).items():
        minutes = {q[0] // MINUTE * MINUTE + later for q in quotes for later in (0, MINUTE)}
        for minute in minutes:
            stats = _minute_stats(quotes, minute)
            if stats is not None:
                result[symbol, minute] = stats
    return result


def _minute_stats(quotes: list[tuple[Any, ...]], minute: int) -> tuple[Any, ...] | None:
    count = covered = 0
    spread = relative = micro_sum = Decimal(0)
    last = None
    with localcontext(prec=60):
        for number, (ts, bid, ask, bid_size, ask_size) in enumerate(quotes):
            following = quotes[number + 1][0] if number + 1 < len(quotes) else ts + MINUTE
            end = min(following, ts + MINUTE, minute + MINUTE)
            nanos = max(0, end - max(ts, minute))
            inside = minute <= ts < minute + MINUTE
            if not inside and nanos == 0:
                continue
            micro = twelve((bid * ask_size + ask * bid_size) / (bid_size + ask_size))
            count += inside
            covered += nanos
            spread += (ask - bid) * nanos
            relative += twelve((ask - bid) / ((ask + bid) / 2)) * nanos
            micro_sum += micro * nanos
            last = micro
    return None if last is None else (count, covered, spread, relative, micro_sum, last)


def realised_variance(closes: list[float]) -> float:
    total = 0.0
    for i in range(1, len(closes)):
        total += math.log(closes[i] / closes[i - 1]) ** 2
    return total


def max_drawdown(closes: list[float]) -> float:
    worst = 0.0
    for i in range(len(closes)):
        for j in range(i):
            worst = max(worst, (closes[j] - closes[i]) / closes[j])
    return worst


def amihud(closes: list[float], values: list[float]) -> float:
    total = 0.0
    for i, value in enumerate(values):
        total += abs(closes[i + 1] - closes[i]) / closes[i] / value
    return 1e6 * total / len(values)


def twelve(value: Decimal) -> Decimal:
    """Round to 12 decimals, half away from zero, as PostgreSQL rounds numeric."""
    with localcontext(prec=60):
        return value.quantize(Decimal("0.000000000001"), ROUND_HALF_UP)
