"""Reads pages of bars and analytics from PostgreSQL; every statement is bounded by the page.

The tables' primary keys (symbol, minute_ns) are all the indexes it takes. Statements are constant texts, so psycopg
prepares them on the kept connection after some uses.
"""

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
# Everything that adds up is added up where it lies; of single minutes only what the path of prices needs comes over.
_INTERVALS = b"""
WITH minutes AS (
    SELECT coalesce(b.minute_ns, q.minute_ns) AS minute,
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
)
SELECT minute - minute %% %(bucket)s::bigint AS bucket, count(*), max(minute),
    (array_agg(open ORDER BY minute) FILTER (WHERE open IS NOT NULL))[1], max(high), min(low),
    sum(volume), sum(notional), sum(trades)::bigint,
    sum(effective_spread), sum(effective_relative), sum(effective_volume),
    array_agg(close ORDER BY minute) FILTER (WHERE close IS NOT NULL),
    array_agg(notional ORDER BY minute) FILTER (WHERE close IS NOT NULL),
    sum(quotes)::bigint, sum(covered_ns)::bigint, sum(spread_ns), sum(relative_ns), sum(microprice_ns),
    array_agg(last_microprice ORDER BY minute) FILTER (WHERE quotes IS NOT NULL)
FROM minutes GROUP BY bucket ORDER BY bucket
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
    rows = connection.execute(_INTERVALS, _parameters(wanted, row_limit)).fetchall()
    following: int | None = None
    if rows and sum(row[1] for row in rows) == row_limit and rows[-1][2] + NANOS_PER_MINUTE < wanted.end_ns:
        # The last bucket may go on behind the minutes that were read: it opens the next page.
        following = int(rows.pop()[0])
    if len(rows) > wanted.limit:
        following = int(rows[wanted.limit][0])
    items = []
    before = _last_close(connection, wanted) if rows else None
    for interval in map(_interval, rows[: wanted.limit]):
        items.append({"start": format_timestamp(interval.start_ns), **analytics.summarise(interval, before)})
        before = analytics.last_close(interval, before)
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
        **(analytics.ohlcv(bar) or {}),
        "vwap": analytics.text(analytics.vwap(bar)),
    }


def _interval(row: tuple[Any, ...]) -> analytics.Interval:
    start, _, _, first, high, low, volume, notional, trades, *more = row
    spread, relative, quoted, closes, notionals, quotes, covered, *sums, last_microprices = more
    bar = stats = None
    if closes:
        bar = analytics.Bar(first, high, low, closes[-1], volume, notional, trades, spread, relative, quoted)
    if last_microprices:
        spread_ns, relative_ns, microprice_ns = sums
        stats = analytics.QuoteStats(quotes, covered, spread_ns, relative_ns, microprice_ns, last_microprices[-1])
    return analytics.Interval(int(start), bar, stats, closes or (), notionals or ())
