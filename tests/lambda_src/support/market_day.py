"""A day of market data in the forms in which feeds send it: events that must be accepted, and events that must be rejected.

The events are invented, but real feeds have each kind. 2026-01-02 is a Friday in winter. New York is then five hours behind
UTC, so the late session of its exchanges (to 20:00) crosses midnight UTC.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

DAY = 1_767_312_000_000_000_000  # 2026-01-02T00:00:00Z
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NEW_YORK = 5 * HOUR
Event = dict[str, Any]


def trade(trade_id: str, symbol: str, price: object, size: object, ts: object, **more: str) -> Event:
    """A trade as a client sends it, with numbers or text and without empty optional fields."""
    return {"type": "trade", "trade_id": trade_id, "symbol": symbol, "price": price, "size": size, "ts": ts, **more}


def quote(symbol: str, bid: object, ask: object, ts: object, bid_size: object = 100, ask_size: object = 300) -> Event:
    """A quote as a client sends it."""
    prices = {"bid": bid, "ask": ask, "bid_size": bid_size, "ask_size": ask_size}
    return {"type": "quote", "symbol": symbol, **prices, "ts": ts}


def extended_hours() -> list[Event]:
    """A thin early session, an auction with many fills in one nanosecond, and a late session across midnight UTC."""
    opening, closing = DAY + 9 * HOUR + 30 * MINUTE + NEW_YORK, DAY + 16 * HOUR + NEW_YORK
    auction = [trade(f"X{n}", "AAPL", "271.36", 100 * (n + 1), opening, venue="XNAS") for n in range(40)]
    return [
        quote("AAPL", "270.10", "270.95", "2026-01-02T04:00:00.000000001-05:00", 1, 2),
        trade("E1", "AAPL", "270.5", "1", "2026-01-02T04:00:07.123456789-05:00", venue="ARCX"),
        trade("E2", "AAPL", "270.5", "1", "2026-01-02T04:00:07.123456789-05:00", venue="ARCX", side="buy"),
        trade("E3", "AAPL", "269.9901", "3", "2026-01-02T07:31:59.999999999-05:00"),
        *auction,
        quote("AAPL", "271.35", "271.37", opening, 4_000, 2_500),
        trade("C1", "AAPL", "272.01", 9_876_543, closing),
        trade("L1", "AAPL", "272.25", 10, "2026-01-02T18:59:59.999999999-05:00"),
        trade("L2", "AAPL", "272.2", 10, "2026-01-02T19:00:00-05:00"),
        trade("L3", "AAPL", "272.3", 5, "2026-01-02T19:59:30.5-05:00"),
    ]


def halted() -> list[Event]:
    """Trades up to a halt, eleven minutes without trades, a frozen book, and trades at another level."""
    stop, again = DAY + 15 * HOUR + 12 * MINUTE + 31 * SECOND, DAY + 15 * HOUR + 24 * MINUTE
    return [
        *(quote("GME", f"{20 + n / 100:.2f}", f"{20.02 + n / 100:.2f}", stop - (30 - n) * SECOND) for n in range(30)),
        *(trade(f"H{n}", "GME", f"{20.01 + n / 100:.2f}", 200, stop - (30 - n) * SECOND + 7) for n in range(30)),
        quote("GME", "20.29", "29.99", stop + 1),
        trade("R1", "GME", "27.5", 125_000, again),
        quote("GME", "27.4", "27.6", again),
        trade("R2", "GME", "27.61", 100, again + 1),
    ]


def classes_and_prices() -> list[Event]:
    """Share classes, the dearest share, sub-penny prices of improved retail orders, and a share at hundredths of a cent."""
    noon = DAY + 17 * HOUR
    return [
        quote("BRK.A", "742385", "744111.5", noon, 1, 1),
        trade("A1", "BRK.A", "743000.0001", 1, noon + 1),
        trade("A2", "BRK.A", 744111.5, 2, noon + 59 * SECOND),
        quote("BRK.B", 495.12, 495.13, noon),
        trade("B1", "BRK.B", 495.1299, 7, noon + 5),
        trade("B2", "BRK-B", "495.1201", "0.5", noon + 6),
        quote("SIRI", "2.9900", "2.9901", noon),
        trade("S1", "SIRI", "2.98995", 100, noon + 1),
        trade("O1", "OTCX", 0.0001, 2_500_000_000, noon),
        trade("O2", "OTCX", 1e-4, 1e3, noon + MINUTE),
    ]


def crypto() -> list[Event]:
    """Trading round the clock, with sizes down to a satoshi and prices from hundredths of a millionth to billions."""
    chance = random.Random(11)
    events = [
        quote("BTC-USD", "67123.41", "67123.58", DAY + 30 * SECOND, "0.00031204", "1.5"),
        trade("1", "BTC-USD", "67123.59", "0.00000001", DAY + 31 * SECOND),
        trade("2", "BTC-USD", "67123.59", "1234567890.12345678", DAY + 31 * SECOND),
        quote("SHIB-USD", "0.00000852", "0.00000853", DAY, "123456789", "9876543210"),
        trade("3", "SHIB-USD", "0.00000853", "9999999999.99999999", DAY + 1),
        trade("4", "BTC-IDR", "1123456789.5", "0.01", DAY + 1),
    ]
    for n in range(400):
        at = DAY + int(chance.random() * 24 * HOUR)
        price = f"{67000 + chance.random() * 300:.2f}"
        events.append(trade(f"c{n}", "BTC-USD", price, f"{chance.random() * 2 + 1e-8:.8f}", at, side="sell"))
        events.append(quote("BTC-USD", price, f"{float(price) + chance.randrange(1, 50) / 100:.2f}", at - 3, "0.1", 2))
    return events


def locked_and_repeated() -> list[Event]:
    """Locked books, several quotes and trades in one nanosecond, repeated events, and a late trade."""
    at = DAY + 16 * HOUR
    events = [
        quote("SPY", "588.11", "588.11", at, 900, 100),
        trade("K1", "SPY", "588.11", 50, at),
        quote("SPY", "588.10", "588.12", at + 5),
        quote("SPY", "588.10", "588.11", at + 5),
        trade("K2", "SPY", "588.105", 10, at + 5),
        trade("K3", "SPY", "588.12", 10, at + 59 * SECOND),
        trade("K4", "SPY", "588.13", 10, at + 60 * SECOND + 4),  # the last nanosecond in which the quotes are valid
        trade("K5", "SPY", "588.14", 10, at + 60 * SECOND + 5),  # the first one without a valid quote
    ]
    return [*events, events[1], events[4], trade("K0", "SPY", "587", 1, at - 1)]


def accepted() -> list[Event]:
    """All events of the day that must be accepted."""
    parts = (extended_hours(), halted(), classes_and_prices(), crypto(), locked_and_repeated())
    return list(itertools.chain.from_iterable(parts))


GOOD_TRADE = trade("G", "AAPL", "270.5", "1", DAY)
GOOD_QUOTE = quote("AAPL", "270.10", "270.95", DAY)
# Events of real feeds that the platform rejects: a name, the event, the field and the start of the reason in the answer.
# The functions' README says why.
REJECTED: list[tuple[str, Event, str, str]] = [
    ("crossed book", {**GOOD_QUOTE, "bid": "270.96"}, "bid", "is above the ask"),
    ("no bid: one side of the book is empty", {**GOOD_QUOTE, "bid": 0, "bid_size": 0}, "bid", "must be above zero"),
    ("no size at a price: a halted book", {**GOOD_QUOTE, "ask_size": 0}, "ask_size", "must be above zero"),
    ("negative price: oil on 2020-04-20", {**GOOD_TRADE, "price": "-37.63"}, "price", "must be above zero"),
    ("no size: a cancelled trade", {**GOOD_TRADE, "size": 0}, "size", "must be above zero"),
    (
        "ten decimals: PEPE-USD",
        {**GOOD_TRADE, "price": "0.0000105231"},
        "price",
        "has more than 8 digits after the point",
    ),
    (
        "wei",
        {**GOOD_TRADE, "size": "0.000000000000000001"},
        "size",
        "has more than 8 digits after the point",
    ),
    (
        "a trillion of a coin",
        {**GOOD_TRADE, "size": "1000000000000"},
        "size",
        "has more than 10 digits before the point",
    ),
    ("decimal comma", {**GOOD_TRADE, "price": "270,5"}, "price", "is not a number"),
    ("thousands", {**GOOD_TRADE, "price": "743,000.00"}, "price", "is not a number"),
    ("slash of a currency pair", {**GOOD_TRADE, "symbol": "EUR/USD"}, "symbol", "does not match"),
    ("index", {**GOOD_TRADE, "symbol": "^GSPC"}, "symbol", "does not match"),
    ("continuous future", {**GOOD_TRADE, "symbol": "ES=F"}, "symbol", "does not match"),
    ("option of 21 characters", {**GOOD_TRADE, "symbol": "AAPL  260116C00270000"}, "symbol", "does not match"),
    ("option of 19 characters", {**GOOD_TRADE, "symbol": "AAPL260116C00270000"}, "symbol", "does not match"),
    ("preferred share with a small letter", {**GOOD_TRADE, "symbol": "BACpL"}, "symbol", "does not match"),
    ("milliseconds", {**GOOD_TRADE, "ts": DAY // 1_000_000}, "ts", "is before 2000-01-01"),
    ("seconds with a fraction", {**GOOD_TRADE, "ts": 1767312000.25}, "ts", "as a number is integer nanoseconds"),
    ("leap second", {**GOOD_TRADE, "ts": "2016-12-31T23:59:60Z"}, "ts", "is not a valid date and time"),
    ("picoseconds", {**GOOD_TRADE, "ts": "2026-01-02T10:00:00.0000000001Z"}, "ts", "is not RFC 3339"),
    ("local time", {**GOOD_TRADE, "ts": "2026-01-02T10:00:00"}, "ts", "is not RFC 3339"),
    ("number as identifier", {**GOOD_TRADE, "trade_id": 12345}, "trade_id", "is not a string"),
    ("side by a letter", {**GOOD_TRADE, "side": "B"}, "side", "must be one of buy, sell"),
    ("sale conditions", {**GOOD_TRADE, "conditions": ["@", "T"]}, "", "has an unknown field 'conditions'"),
    ("cancellation", {"type": "cancel", "trade_id": "G", "symbol": "AAPL"}, "type", "must be one of trade, quote"),
]
