"""The deduplication window, in which a trade is known by its identifier, and the deletion of older rows.

A horizon in the database divides time. Process quarantines events before the horizon, deletes the stored ones step by
step, and leaves bars before it as they are. The horizon is the start of the UTC day ``days`` days ago. It only moves
forward, and the first process that finishes an object on a new day moves it. No schedule is needed, because each object
deletes more rows than it adds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from common.schema import NANOS_PER_MINUTE

from .statements import QUOTE_LIFE_NS

if TYPE_CHECKING:
    import psycopg

DAY_NS = 24 * 60 * NANOS_PER_MINUTE
# An object has at most 500,000 records (ingest's limit), so each deletes more rows than it can have added.
ROWS_PER_OBJECT = 600_000

_HORIZON = b"SELECT horizon_ns FROM trading.retention"
# Running batches hold a shared lock on the row. Instead of waiting, the statement skips it and the next object retries.
_ADVANCE = b"""
UPDATE trading.retention SET horizon_ns = %(horizon)s
WHERE only_row IN (
    SELECT only_row FROM trading.retention WHERE horizon_ns < %(horizon)s FOR NO KEY UPDATE SKIP LOCKED
) RETURNING horizon_ns
"""
# It skips rows that others have locked, so that two parallel deletions never wait for each other.
_PRUNE = """
DELETE FROM trading.{table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM trading.{table} WHERE ts_ns < %s LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


def horizon(connection: psycopg.Connection[Any]) -> int:
    """The start of the window in epoch nanoseconds; 0 for an unlimited window."""
    row = connection.execute(_HORIZON).fetchone()
    return int(row[0]) if row else 0


def advance(connection: psycopg.Connection[Any], days: int, now_ns: int | None = None) -> bool:
    """Move the horizon to the start of the day ``days`` days ago; False if it is there already, or locked."""
    now = time.time_ns() if now_ns is None else now_ns
    horizon_ns = max(0, now // DAY_NS - days) * DAY_NS
    return connection.execute(_ADVANCE, {"horizon": horizon_ns}).fetchone() is not None


def prune(connection: psycopg.Connection[Any], limit: int = ROWS_PER_OBJECT) -> int:
    """Delete rows before the horizon, at most ``limit`` of each table; returns the number of deleted rows."""
    before = horizon(connection)
    deleted = 0
    # A quote of the minute before the horizon is still in force after it.
    for table, end in (("trades", before), ("trade_conflicts", before), ("quotes", before - QUOTE_LIFE_NS)):
        if end > 0:
            deleted += connection.execute(_PRUNE.format(table=table).encode(), (end, limit)).rowcount
    return deleted
