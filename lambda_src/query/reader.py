"""Reads pages of bars and analytics from PostgreSQL. The page bounds each statement.

The statements need no index beyond the primary keys (symbol, minute_ns). Their texts are constant, so psycopg prepares
them on the kept connection after some uses.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from common.schema import NANOS_PER_MINUTE, format_timestamp

from . import analytics
from .request import INTERVAL_MINUTES, PageRequest

if TYPE_CHECKING:
    import psycopg

ANALYTICS_ROWS = 20_160  # minutes read for one page of analytics: two weeks
_HAS_DATA = b"""
SELECT EXISTS (SELECT 1 FROM trading.bars_1m WHERE symbol = %(symbol)s)
    OR EXISTS (SELECT 1 FROM trading.quote_stats_1m WHERE symbol = %(symbol)s)
"""
# A bucket has at most as many minutes as its interval, so the limit on minute bars covers limit + 1 buckets.
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
# No return crosses midnight, so the statement looks at no earlier day.
_LAST_CLOSE = b"""
SELECT minute_ns, close FROM trading.bars_1m
WHERE symbol = %(symbol)s AND minute_ns >= %(day)s AND minute_ns < %(start)s ORDER BY minute_ns DESC LIMIT 1
"""
# The database adds up all sums. Of single minutes it returns only what the path of prices needs.
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
"""The items of a page, and the start of the next page in epoch nanoseconds; None for the last page."""


def has_data(connection: psycopg.Connection[Any], symbol: str) -> bool:
    """Whether the database has data of the symbol."""
    row = connection.execute(_HAS_DATA, {"symbol": symbol}).fetchone()
    return bool(row and row[0])


def read_bars(connection: psycopg.Connection[Any], page: PageRequest) -> Page:
    """One page of bars."""
    parameters = _parameters(page, (page.limit + 1) * INTERVAL_MINUTES[page.interval])
    rows = connection.execute(_BARS, parameters).fetchall()
    next_start_ns = int(rows[page.limit][0]) if len(rows) > page.limit else None
    return [_bar_json(row) for row in rows[: page.limit]], next_start_ns


def read_analytics(connection: psycopg.Connection[Any], page: PageRequest) -> Page:
    """One page of analytics. It ends early if more minutes would have to be read than ``ANALYTICS_ROWS``."""
    row_limit = min((page.limit + 1) * INTERVAL_MINUTES[page.interval], ANALYTICS_ROWS)
    rows = connection.execute(_INTERVALS, _parameters(page, row_limit)).fetchall()
    next_start_ns: int | None = None
    if rows and sum(row[1] for row in rows) == row_limit and rows[-1][2] + NANOS_PER_MINUTE < page.end_ns:
        # The last bucket may continue after the minutes that were read, so it begins the next page.
        next_start_ns = int(rows.pop()[0])
    if len(rows) > page.limit:
        next_start_ns = int(rows[page.limit][0])
    items = []
    before = _last_close(connection, page) if rows else None
    for interval in map(_interval, rows[: page.limit]):
        items.append({"start": format_timestamp(interval.start_ns), **analytics.summarise(interval, before)})
        before = analytics.last_close(interval, before)
    return items, next_start_ns


def _last_close(connection: psycopg.Connection[Any], page: PageRequest) -> analytics.LastClose | None:
    """The last close before the page, on the page's first day."""
    day = page.start_ns - page.start_ns % analytics.DAY_NS
    if day == page.start_ns:
        return None
    parameters = {"symbol": page.symbol, "day": day, "start": page.start_ns}
    row = connection.execute(_LAST_CLOSE, parameters).fetchone()
    return analytics.LastClose(int(row[0]), row[1]) if row else None


def _parameters(page: PageRequest, rows: int) -> dict[str, object]:
    return {
        "symbol": page.symbol,
        "start": page.start_ns,
        "end": page.end_ns,
        "bucket": page.bucket_ns,
        "rows": rows,
        "limit": page.limit + 1,
    }


def _bar_json(row: tuple[Any, ...]) -> dict[str, object]:
    start, first, high, low, last, volume, notional, trades = row
    bar = analytics.Bar(first, high, low, last, volume, notional, int(trades), *(Decimal(0),) * 3)
    return {
        "start": format_timestamp(int(start)),
        **(analytics.ohlcv(bar) or {}),
        "vwap": analytics.decimal_text(analytics.vwap(bar)),
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
