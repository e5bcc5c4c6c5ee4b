"""Trades and quotes of an invented session: same options, same records, on every machine and Python version.

Each symbol's mid is a random walk in ticks; a quote surrounds it with a spread of one to four ticks, and a trade hits
the bid or lifts the ask, seldom between. All randomness comes from ``random.Random(seed).random()``, which Python
promises to keep the same, and all arithmetic is in whole ticks and nanoseconds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NANOS_PER_SECOND = 1_000_000_000
TICKS_PER_UNIT = 100
VENUES = ("XNYS", "XNAS", "ARCX", "BATS")
OPENING_TICKS = {"ACME": 10_000, "GLOBEX": 4_250, "INITECH": 1_725, "UMBRELLA": 23_110, "HOOLI": 56_040}
SYMBOLS = tuple(OPENING_TICKS)

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """What to generate.

    Attributes:
        trades: how many trades.
        quotes_per_trade: how many quotes before each trade.
        bad: how many invalid records, on top of the others.
        seed: the same seed gives the same data.
        start: the beginning of the session.
        minutes: its length.
        symbols: what is traded.
    """

    trades: int = 200
    quotes_per_trade: int = 1
    bad: int = 0
    seed: int = 1
    start: datetime = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    minutes: int = 30
    symbols: tuple[str, ...] = SYMBOLS[:3]


def generate(options: GeneratorOptions) -> Iterator[Record]:
    """Yield the records in order of time, with the bad ones spread evenly among them."""
    chance = random.Random(options.seed)
    ticks = {symbol: OPENING_TICKS.get(symbol, 10_000) for symbol in options.symbols}
    trades_per_bad = max(1, options.trades // options.bad) if options.bad else 0
    bad = 0
    for number in range(options.trades):
        symbol = options.symbols[int(chance.random() * len(options.symbols))]
        ts = _moment(options, number, chance)
        ticks[symbol] = max(10, ticks[symbol] + int(chance.random() * 7) - 3)
        quote = _quote(symbol, ticks[symbol], ts, chance)
        for repeat in range(options.quotes_per_trade):
            yield {**quote, "ts": _text(ts - (options.quotes_per_trade - repeat) * 1_000)}
        yield _trade(symbol, number, ticks[symbol], ts, chance)
        if trades_per_bad and number % trades_per_bad == trades_per_bad - 1 and bad < options.bad:
            yield _spoil(_trade(symbol, options.trades + number, ticks[symbol], ts, chance), bad)
            bad += 1


def render(records: Iterable[Record], form: str) -> bytes:
    """Return a request body: with ``form`` "json" a batch with one record a line, with "ndjson" NDJSON."""
    lines = [json.dumps(record, separators=(",", ":")) for record in records]
    if form == "ndjson":
        return "".join(line + "\n" for line in lines).encode()
    return ('{"records":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def _moment(options: GeneratorOptions, number: int, chance: random.Random) -> int:
    """Return a time in nanoseconds: evenly spaced with a jitter inside the step, so that times rise and differ."""
    span = options.minutes * 60 * NANOS_PER_SECOND
    step = max(1, span // max(1, options.trades))
    begin = (options.start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
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
    """Return the record with one fault; each number in turn has another fault, which is rejected for another reason."""
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
    """Return exact text with two decimals."""
    return f"{ticks // TICKS_PER_UNIT}.{ticks % TICKS_PER_UNIT:02d}"


def _text(nanos: int) -> str:
    """Return RFC 3339 text with nanoseconds, in UTC."""
    seconds, fraction = divmod(nanos, NANOS_PER_SECOND)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
