"""Trades and quotes of a made-up session: same arguments, same records, on every machine and Python version.

Each symbol's mid is a random walk in ticks; a quote surrounds it with a spread of one to four ticks, and a trade hits
the bid or lifts the ask, seldom between. All randomness comes from ``random.Random(seed).random()``, which Python
promises to keep the same, and all arithmetic is in whole ticks and nanoseconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NANOS_PER_SECOND = 1_000_000_000
TICKS_PER_UNIT = 100
VENUES = ("XNYS", "XNAS", "ARCX", "BATS")
OPENING_TICKS = {"ACME": 10_000, "GLOBEX": 4_250, "INITECH": 1_725, "UMBRELLA": 23_110, "HOOLI": 56_040}
SYMBOLS = tuple(OPENING_TICKS)

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make. ``trades`` and ``quotes_per_trade`` set the number of records, ``bad`` are added on top."""

    trades: int = 200
    quotes_per_trade: int = 1
    bad: int = 0
    seed: int = 1
    start: datetime = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    minutes: int = 30
    symbols: tuple[str, ...] = SYMBOLS[:3]


def generate(plan: Plan) -> Iterator[Record]:
    """The records in order of time; bad ones are spread evenly among them."""
    chance = random.Random(plan.seed)
    ticks = {symbol: OPENING_TICKS.get(symbol, 10_000) for symbol in plan.symbols}
    every = max(1, plan.trades // plan.bad) if plan.bad else 0
    made = 0
    for number in range(plan.trades):
        symbol = plan.symbols[int(chance.random() * len(plan.symbols))]
        ts = _moment(plan, number, chance)
        ticks[symbol] = max(10, ticks[symbol] + int(chance.random() * 7) - 3)
        quote = _quote(symbol, ticks[symbol], ts, chance)
        for repeat in range(plan.quotes_per_trade):
            yield {**quote, "ts": _text(ts - (plan.quotes_per_trade - repeat) * 1_000)}
        yield _trade(symbol, number, ticks[symbol], ts, chance)
        if every and number % every == every - 1 and made < plan.bad:
            yield _spoil(_trade(symbol, plan.trades + number, ticks[symbol], ts, chance), made)
            made += 1


def _moment(plan: Plan, number: int, chance: random.Random) -> int:
    """Evenly spaced with a jitter inside the step, so times rise and differ."""
    span = plan.minutes * 60 * NANOS_PER_SECOND
    step = max(1, span // max(1, plan.trades))
    begin = (plan.start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    return begin + number * step + int(chance.random() * step)


def _quote(symbol: str, mid: int, ts: int, chance: random.Random) -> Record:
    below = 1 + int(chance.random() * 2)
    above = int(chance.random() * 2) + 1
    return {
        "type": "quote",
        "symbol": symbol,
        "bid": _price(mid - below),
        "ask": _price(mid + above),
        "bid_size": 100 * (1 + int(chance.random() * 9)),
        "ask_size": 100 * (1 + int(chance.random() * 9)),
        "ts": _text(ts),
    }


def _trade(symbol: str, number: int, mid: int, ts: int, chance: random.Random) -> Record:
    buys = chance.random() < 0.5
    distance = 0 if chance.random() < 0.1 else 1
    return {
        "type": "trade",
        "trade_id": f"T{number:09d}",
        "symbol": symbol,
        "price": _price(mid + (distance if buys else -distance)),
        "size": 10 * (1 + int(chance.random() * 50)),
        "ts": _text(ts),
        "side": "buy" if buys else "sell",
        "venue": VENUES[int(chance.random() * len(VENUES))],
    }


def _spoil(record: Record, number: int) -> Record:
    """One fault, in turn: each is refused for another reason."""
    faults: tuple[Record, ...] = (
        {"price": "-1.00"},
        {"symbol": "lower case"},
        {"ts": "yesterday"},
        {"size": 0},
        {"side": "short"},
        {"trade_id": None},
        {"type": "order"},
        {"pirce": "100.00"},
    )
    return {**record, **faults[number % len(faults)]}


def _price(ticks: int) -> str:
    """Exact text with two decimals."""
    return f"{ticks // TICKS_PER_UNIT}.{ticks % TICKS_PER_UNIT:02d}"


def _text(nanos: int) -> str:
    """RFC 3339 with nanoseconds, UTC."""
    seconds, fraction = divmod(nanos, NANOS_PER_SECOND)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
