"""Records in their stored form, and how hypothesis makes them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

T0 = 1_767_348_000_000_000_000  # 2026-01-02T10:00:00Z
S = 1_000_000_000
M = 60 * S

Record = dict[str, Any]


def trade(
    trade_id: str, price: str, size: str, ts: int, symbol: str = "ACME", side: str = "", venue: str = ""
) -> Record:
    """A stored trade."""
    what = {"type": "trade", "trade_id": trade_id, "symbol": symbol, "price": price, "size": size, "ts": ts}
    return {**what, "side": side, "venue": venue}


def quote(bid: str, ask: str, ts: int, sizes: tuple[str, str] = ("1", "1"), symbol: str = "ACME") -> Record:
    """A stored quote; ``sizes`` of bid and ask."""
    prices = {"bid": bid, "ask": ask, "bid_size": sizes[0], "ask_size": sizes[1]}
    return {"type": "quote", "symbol": symbol, **prices, "ts": ts}


# Few symbols, ids, prices and times: so that ties, duplicates and conflicts happen often.
_symbols = st.sampled_from(["ACME", "B"])
_times = st.integers(0, 240).map(lambda half_seconds: T0 + half_seconds * S)
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
    """Records, and the same records (some of them several times) in another order, split into batches."""
    original = draw(records)
    again = draw(st.lists(st.sampled_from(original), max_size=10))
    shuffled = draw(st.permutations(original + again))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    edges = [0, *cuts, len(shuffled)]
    batches = [list(shuffled[a:b]) for a, b in pairwise(edges) if a < b]
    return original, batches
