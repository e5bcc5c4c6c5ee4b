"""Reads pages of bars and minutes from PostgreSQL; every statement is bounded by the page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from common.schema import NANOS_PER_MINUTE, format_timestamp

from . import analytics
from .request import INTERVAL_MINUTES, Range

if TYPE_CHECKING:
    import psycopg

ANALYTICS_ROWS = 20_160  # minutes read for one page of analytics: two weeks
_KNOWN = b"""
SELECT EXISTS (SELECT 1 FROM trading.bars_1m WHERE symbol = %(symbol)s)
    OR EXISTS (SELECT 1 FROM trading.quote_stats_1m WHERE symbol = %(symbol)s)
"""
# A bucket has at most as many minutes as its interval: so many minute bars hold limit + 1 buckets, if there are any.
_BARS = b"""
WITH base AS (
    SELECT minute_ns, open, high, low, close, volume, notional, trades FROM trading.bars_1m
    WHERE symbol = %(symbol)s AND minute_ns >= %(start)s AND minute_ns < %(end)s
    ORDER BY minute_ns LIMIT %(rows)s
)
SELECT minute_ns - minute_ns %% %(bucket)s::bigint AS bucket,
    (array_agg(open ORDER BY minute_ns))[1], max(high), min(low), (array_agg(close ORDER BY minute_ns DESC))[1],
    sum(volume), sum(notional), sum(trades)
FROM base GROUP BY bucket ORDER BY bucket LIMIT %(limit)s
"""
# No return crosses midnight, so nothing before the day is looked for.
_LAST_CLOSE = b"""
SELECT minute_ns, close FROM trading.bars_1m
WHERE symbol = %(symbol)s AND minute_ns >= %(day)s AND minute_ns < %(start)s ORDER BY minute_ns DESC LIMIT 1
"""
_MINUTES = b"""
SELECT coalesce(b.minute_ns, q.minute_ns),
    b.open, b.high, b.low, b.close, b.volume, b.notional, b.trades,
    b.effective_spread, b.effective_relative, b.effective_volume,
    q.quotes, q.covered_ns, q.spread_ns, q.relative_ns, q.microprice_ns, q.last_microprice
FROM (
    SELECT * FROM trading.bars_1m WHERE symbol = %(symbol)s AND minute_ns >= %(start)s AND minute_ns < %(end)s
    ORDER BY minute_ns LIMIT %(rows)s
) b FULL JOIN (
    SELECT * FROM trading.quote_stats_1m WHERE symbol = %(symbol)s AND minute_ns >= %(start)s AND minute_ns < %(end)s
    ORDER BY minute_ns LIMIT %(rows)s
) q USING (minute_ns)
ORDER BY 1 LIMIT %(rows)s
"""

Page = tuple[list[dict[str, object]], int | None]


def knows(connection: psycopg.Connection[Any], symbol: str) -> bool:
    """Whether there is any data of the symbol."""
    row = connection.execute(_KNOWN, {"symbol": symbol}).fetchone()
    return bool(row and row[0])


def read_bars(connection: psycopg.Connection[Any], wanted: Range) -> Page:
    """One page of bars, and the start of the next page."""
    parameters = _parameters(wanted, (wanted.limit + 1) * INTERVAL_MINUTES[wanted.interval])
    rows = connection.execute(_BARS, parameters).fetchall()
    following = int(rows[wanted.limit][0]) if len(rows) > wanted.limit else None
    return [_bar_json(row) for row in rows[: wanted.limit]], following


def read_analytics(connection: psycopg.Connection[Any], wanted: Range) -> Page:
    """One page of analytics, and the start of the next page; pages end early where they would read too much."""
    row_limit = min((wanted.limit + 1) * INTERVAL_MINUTES[wanted.interval], ANALYTICS_ROWS)
    rows = connection.execute(_MINUTES, _parameters(wanted, row_limit)).fetchall()
    groups = list(analytics.buckets((_minute(row) for row in rows), wanted.bucket_ns))
    following: int | None = None
    if len(rows) == row_limit and groups[-1][1][-1].start_ns + NANOS_PER_MINUTE < wanted.end_ns:
        # The last bucket may go on behind the rows that were read: it opens the next page.
        following = groups.pop()[0]
    if len(groups) > wanted.limit:
        following = groups[wanted.limit][0]
    items = []
    before = _last_close(connection, wanted) if groups else None
    for start, minutes in groups[: wanted.limit]:
        items.append({"start": format_timestamp(start), **analytics.summarise(minutes, before)})
        before = analytics.last_close(minutes, before)
    return items, following


def _last_close(connection: psycopg.Connection[Any], wanted: Range) -> analytics.LastClose | None:
    """The last close of the page's first day before the page."""
    day = wanted.start_ns - wanted.start_ns % analytics.DAY_NS
    if day == wanted.start_ns:
        return None
    parameters = {"symbol": wanted.symbol, "day": day, "start": wanted.start_ns}
    row = connection.execute(_LAST_CLOSE, parameters).fetchone()
    return analytics.LastClose(int(row[0]), row[1]) if row else None


def _parameters(wanted: Range, rows: int) -> dict[str, object]:
    return {
        "symbol": wanted.symbol,
        "start": wanted.start_ns,
        "end": wanted.end_ns,
        "bucket": wanted.bucket_ns,
        "rows": rows,
        "limit": wanted.limit + 1,
    }


def _bar_json(row: tuple[Any, ...]) -> dict[str, object]:
    start, first, high, low, last, volume, notional, trades = row
    bar = analytics.Bar(first, high, low, last, volume, notional, int(trades), *(Decimal(0),) * 3)
    return {
        "start": format_timestamp(int(start)),
        **(analytics.ohlcv([bar]) or {}),
        "vwap": analytics.text(analytics.vwap([bar])),
    }


def _minute(row: tuple[Any, ...]) -> analytics.Minute:
    bar = analytics.Bar(*row[1:11]) if row[1] is not None else None
    quotes = analytics.QuoteStats(*row[11:17]) if row[11] is not None else None
    return analytics.Minute(int(row[0]), bar, quotes)
