"""Records in their stored form, and Hypothesis strategies that generate them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

T0 = 1_767_348_000_000_000_000  # 2026-01-02T10:00:00Z
SECOND = 1_000_000_000
MINUTE = 60 * SECOND

Record = dict[str, Any]


def trade(
    trade_id: str, price: str, size: str, ts: int, symbol: str = "ACME", side: str = "", venue: str = ""
) -> Record:
    """A stored trade."""
    fields = {"type": "trade", "trade_id": trade_id, "symbol": symbol, "price": price, "size": size, "ts": ts}
    return {**fields, "side": side, "venue": venue}


def quote(bid: str, ask: str, ts: int, sizes: tuple[str, str] = ("1", "1"), symbol: str = "ACME") -> Record:
    """A stored quote; ``sizes`` are those of bid and ask."""
    prices = {"bid": bid, "ask": ask, "bid_size": sizes[0], "ask_size": sizes[1]}
    return {"type": "quote", "symbol": symbol, **prices, "ts": ts}


# Few symbols, ids, prices and times, so that ties, duplicates and conflicts are frequent.
_symbols = st.sampled_from(["ACME", "B"])
_times = st.integers(0, 240).map(lambda half_seconds: T0 + half_seconds * SECOND)
_cents = st.integers(9_900, 10_100).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
_sizes = st.sampled_from(["1", "2.5", "3", "0.00000001"])
_trades = st.builds(
    trade,
    st.integers(0, 12).map(str),
    _cents,
    _sizes,
    _times,
    _symbols,
    st.sampled_from(["", "buy", "sell"]),
    st.sampled_from(["", "XNYS"]),
)


@st.composite
def _quotes(draw: st.DrawFn) -> Record:
    bid = draw(st.integers(9_900, 10_050))
    ask = bid + draw(st.integers(0, 20))
    sizes = (draw(_sizes), draw(_sizes))
    return quote(f"{bid / 100:.2f}", f"{ask / 100:.2f}", draw(_times), sizes, draw(_symbols))


records = st.lists(st.one_of(_trades, _quotes()), min_size=1, max_size=40)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Record], list[list[Record]]]:
    """Records, and batches of the same records in another order, some of them several times."""
    original = draw(records)
    duplicates = draw(st.lists(st.sampled_from(original), max_size=10))
    records_and_duplicates = draw(st.permutations(original + duplicates))
    cuts = sorted(draw(st.lists(st.integers(0, len(records_and_duplicates)), max_size=4)))
    edges = [0, *cuts, len(records_and_duplicates)]
    batches = [list(records_and_duplicates[a:b]) for a, b in pairwise(edges) if a < b]
    return original, batches
