"""The SQL of ``batches``: staging, merge, recomputation. Times are epoch nanoseconds.

A quote is in force until the symbol's next one, at most 60 seconds, because a stale quote says nothing about a trade. So
a quote affects its own minute and the next one, and only these two are computed anew for a late quote. Of quotes with the
same time the greatest counts as the last.
"""

from __future__ import annotations

from common.schema import NANOS_PER_MINUTE

QUOTE_LIFE_NS = NANOS_PER_MINUTE

PROGRESS = (
    b"SELECT bar_hours, finished_at IS NOT NULL, horizon_ns FROM trading.batches WHERE object_key = %s AND etag = %s"
)

# Only for the wait for locks, within the transaction. A statement_timeout in milliseconds bounds the wait as a whole.
LIMIT_LOCK_WAIT = b"SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', %s, true)"
RESTORE_TIMEOUTS = b"SET LOCAL lock_timeout TO DEFAULT; SET LOCAL statement_timeout TO DEFAULT"

# Another version of the object (its etag differs) is applied like another object. The tables are sets, so it adds what is
# new, and of two trades with one identifier the lesser counts. The lake keeps the events of both versions too.
CLAIM = b"""
INSERT INTO trading.batches AS b (object_key, etag, trades, quotes, quarantined, horizon_ns, bar_hours)
VALUES (%s, %s, %s, %s, %s, %s, '{}')
ON CONFLICT (object_key) DO UPDATE
SET etag = excluded.etag, trades = excluded.trades, quotes = excluded.quotes, quarantined = excluded.quarantined,
    horizon_ns = excluded.horizon_ns, applied_at = now(), finished_at = NULL
WHERE b.etag <> excluded.etag
RETURNING object_key
"""

# A shared lock until the commit, so that the horizon cannot move while a batch that was checked against it is applied.
HORIZON = b"SELECT horizon_ns FROM trading.retention FOR SHARE"

FINISH = b"UPDATE trading.batches SET finished_at = now() WHERE object_key = %s AND etag = %s AND finished_at IS NULL"

STAGE = b"""
CREATE TEMPORARY TABLE new_trades (LIKE trading.trades) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_quotes (LIKE trading.quotes) ON COMMIT DROP;
CREATE TEMPORARY TABLE trade_minutes (symbol text COLLATE "C", minute_ns bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE quote_minutes (symbol text COLLATE "C", minute_ns bigint) ON COMMIT DROP;
"""
ANALYZE = b"ANALYZE new_trades; ANALYZE new_quotes"

COPY_TRADES = b"COPY new_trades (symbol, trade_id, ts_ns, price, size, side, venue) FROM STDIN (FORMAT csv)"
COPY_QUOTES = b"COPY new_quotes (symbol, ts_ns, bid, ask, bid_size, ask_size) FROM STDIN (FORMAT csv)"
COPY_BARS = b"""
COPY (
    SELECT symbol, minute_ns, open, high, low, close, volume, notional, trades FROM trading.bars_1m
    WHERE minute_ns >= %s AND minute_ns < %s ORDER BY symbol, minute_ns
) TO STDOUT (FORMAT csv)
"""

_CONTENT = "ts_ns, {0}.price, {0}.size, {0}.side, {0}.venue"


def _content(alias: str) -> str:
    return f"({alias}." + _CONTENT.format(alias) + ")"


# Rows before the horizon count as deleted, even if pruning has not reached them yet.
DELETE_EXPIRED = b"""
DELETE FROM trading.trades t USING new_trades n
WHERE t.symbol = n.symbol AND t.trade_id = n.trade_id AND t.ts_ns < %s
"""

# Stored trades that a lesser one with the same identifier replaces. Their minutes change too.
_KEEP_DISPLACED = f"""
WITH displaced AS (
    SELECT DISTINCT t.* FROM trading.trades t JOIN new_trades n USING (symbol, trade_id)
    WHERE {_content("n")} < {_content("t")}
), kept AS (
    INSERT INTO trading.trade_conflicts (symbol, trade_id, ts_ns, price, size, side, venue)
    SELECT symbol, trade_id, ts_ns, price, size, side, venue FROM displaced
    ON CONFLICT DO NOTHING
)
INSERT INTO trade_minutes SELECT symbol, ts_ns - ts_ns % {NANOS_PER_MINUTE} FROM displaced
"""

_MERGE_TRADES = f"""
INSERT INTO trading.trades AS t (symbol, trade_id, ts_ns, price, size, side, venue)
SELECT DISTINCT ON (symbol, trade_id) symbol, trade_id, ts_ns, price, size, side, venue FROM new_trades
ORDER BY symbol, trade_id, ts_ns, price, size, side, venue
ON CONFLICT (symbol, trade_id) DO UPDATE
SET ts_ns = excluded.ts_ns, price = excluded.price, size = excluded.size, side = excluded.side, venue = excluded.venue
WHERE {_content("excluded")} < {_content("t")}
"""

_KEEP_REJECTED = f"""
INSERT INTO trading.trade_conflicts (symbol, trade_id, ts_ns, price, size, side, venue)
SELECT n.symbol, n.trade_id, n.ts_ns, n.price, n.size, n.side, n.venue
FROM new_trades n JOIN trading.trades t USING (symbol, trade_id)
WHERE {_content("n")} <> {_content("t")}
ON CONFLICT DO NOTHING
"""

_MERGE_QUOTES = """
INSERT INTO trading.quotes (symbol, ts_ns, bid, ask, bid_size, ask_size)
SELECT symbol, ts_ns, bid, ask, bid_size, ask_size FROM new_quotes ORDER BY symbol, ts_ns
ON CONFLICT DO NOTHING
"""

_TOUCHED_QUOTES = f"""
INSERT INTO quote_minutes
SELECT DISTINCT symbol, ts_ns - ts_ns % {NANOS_PER_MINUTE} + later
FROM new_quotes, unnest(ARRAY[0, {NANOS_PER_MINUTE}]::bigint[]) AS later
"""

_TOUCHED_TRADES = f"""
INSERT INTO trade_minutes SELECT DISTINCT symbol, ts_ns - ts_ns % {NANOS_PER_MINUTE} FROM new_trades
"""

# The effective spread of a bar depends on the quotes too.
_TOUCHED_BARS = "INSERT INTO trade_minutes SELECT symbol, minute_ns FROM quote_minutes"

_BARS = f"""
INSERT INTO trading.bars_1m AS b (
    symbol, minute_ns, open, high, low, close, volume, notional, trades,
    effective_spread, effective_relative, effective_volume
)
SELECT m.symbol, m.minute_ns,
    (array_agg(t.price ORDER BY t.ts_ns, t.trade_id))[1], max(t.price), min(t.price),
    (array_agg(t.price ORDER BY t.ts_ns DESC, t.trade_id DESC))[1],
    sum(t.size), sum(t.price * t.size), count(*),
    coalesce(sum(abs(2 * t.price - q.bid - q.ask) * t.size), 0),
    coalesce(sum(round(2 * abs(2 * t.price - q.bid - q.ask) / (q.bid + q.ask), 12) * t.size), 0),
    coalesce(sum(t.size) FILTER (WHERE q.bid IS NOT NULL), 0)
FROM (SELECT DISTINCT symbol, minute_ns FROM trade_minutes) m
JOIN trading.trades t
    ON t.symbol = m.symbol AND t.ts_ns >= m.minute_ns AND t.ts_ns < m.minute_ns + {NANOS_PER_MINUTE}
LEFT JOIN LATERAL (
    SELECT bid, ask FROM trading.quotes q
    WHERE q.symbol = t.symbol AND q.ts_ns <= t.ts_ns AND q.ts_ns > t.ts_ns - {QUOTE_LIFE_NS}
    ORDER BY q.ts_ns DESC, q.bid DESC, q.ask DESC, q.bid_size DESC, q.ask_size DESC LIMIT 1
) q ON true
GROUP BY m.symbol, m.minute_ns
ON CONFLICT (symbol, minute_ns) DO UPDATE
SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
    notional = excluded.notional, trades = excluded.trades, effective_spread = excluded.effective_spread,
    effective_relative = excluded.effective_relative, effective_volume = excluded.effective_volume
"""

# A displaced trade may have been the only one of its minute.
_EMPTY_BARS = f"""
DELETE FROM trading.bars_1m b USING trade_minutes m
WHERE b.symbol = m.symbol AND b.minute_ns = m.minute_ns AND NOT EXISTS (
    SELECT 1 FROM trading.trades t
    WHERE t.symbol = m.symbol AND t.ts_ns >= m.minute_ns AND t.ts_ns < m.minute_ns + {NANOS_PER_MINUTE}
)
"""

# micro: (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
_QUOTE_STATS = f"""
INSERT INTO trading.quote_stats_1m AS s (
    symbol, minute_ns, quotes, covered_ns, spread_ns, relative_ns, microprice_ns, last_microprice
)
SELECT symbol, minute_ns, count(*) FILTER (WHERE ts_ns >= minute_ns), sum(ns), sum((ask - bid) * ns),
    sum(round(2 * (ask - bid) / (ask + bid), 12) * ns), sum(micro * ns),
    (array_agg(micro ORDER BY ts_ns DESC, bid DESC, ask DESC, bid_size DESC, ask_size DESC))[1]
FROM (
    SELECT m.symbol, m.minute_ns, q.ts_ns, q.bid, q.ask, q.bid_size, q.ask_size,
        round((q.bid * q.ask_size + q.ask * q.bid_size) / (q.bid_size + q.ask_size), 12) AS micro,
        least(
            lead(q.ts_ns) OVER (
                PARTITION BY m.symbol, m.minute_ns ORDER BY q.ts_ns, q.bid, q.ask, q.bid_size, q.ask_size
            ),
            q.ts_ns + {QUOTE_LIFE_NS},
            m.minute_ns + {NANOS_PER_MINUTE}
        ) - greatest(q.ts_ns, m.minute_ns) AS ns
    FROM (SELECT DISTINCT symbol, minute_ns FROM quote_minutes) m
    JOIN trading.quotes q
        ON q.symbol = m.symbol
        AND q.ts_ns > m.minute_ns - {QUOTE_LIFE_NS} AND q.ts_ns < m.minute_ns + {NANOS_PER_MINUTE}
) in_force
WHERE ns > 0 OR ts_ns >= minute_ns
GROUP BY symbol, minute_ns
ON CONFLICT (symbol, minute_ns) DO UPDATE
SET quotes = excluded.quotes, covered_ns = excluded.covered_ns, spread_ns = excluded.spread_ns,
    relative_ns = excluded.relative_ns, microprice_ns = excluded.microprice_ns,
    last_microprice = excluded.last_microprice
"""

MERGE = tuple(
    statement.encode()
    for statement in (
        _KEEP_DISPLACED,
        _MERGE_TRADES,
        _KEEP_REJECTED,
        _MERGE_QUOTES,
        _TOUCHED_TRADES,
    )
)
RECOMPUTE = tuple(
    statement.encode()
    for statement in (
        _TOUCHED_QUOTES,
        _TOUCHED_BARS,
        "ANALYZE trade_minutes; ANALYZE quote_minutes",
        _BARS,
        _EMPTY_BARS,
        _QUOTE_STATS,
    )
)

# Between MERGE and RECOMPUTE: prices and volumes, which the Parquet of bars holds, depend on trades alone.
BAR_HOURS = f"""
UPDATE trading.batches SET bar_hours = ARRAY(
    SELECT DISTINCT minute_ns - minute_ns %% {60 * NANOS_PER_MINUTE} FROM trade_minutes ORDER BY 1
) WHERE object_key = %s RETURNING bar_hours
""".encode()
