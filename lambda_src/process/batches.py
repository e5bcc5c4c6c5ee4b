"""Applies a batch to PostgreSQL, in one transaction with its ledger row.

The tables end up the same in any order of batches, any split into batches, and after repetitions. The reason is that
``trades`` and ``quotes`` are sets (of two trades with one identifier the lesser counts), and that each bar is computed
anew from these sets and never added to. Advisory locks serialise batches that share a symbol, so that no recomputation
misses rows of a transaction that is not yet committed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from common.errors import FunctionError
from common.schema import NANOS_PER_MINUTE

from . import statements

if TYPE_CHECKING:
    import psycopg

HOUR_NS = 60 * NANOS_PER_MINUTE
SYMBOL_LOCKS = 256  # symbols share locks, so that a batch of many symbols cannot exhaust the server's lock table
_SYMBOL_LOCK_CLASS = 41
_HOUR_LOCK_CLASS = 42
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of an object in the ledger. Times are epoch nanoseconds.

    Attributes:
        bar_hours: Starts of the hours whose bars the object changed.
        finished: Whether its Parquet files and its archive copy exist too.
        horizon_ns: The horizon with which it was applied.
    """

    bar_hours: tuple[int, ...]
    finished: bool
    horizon_ns: int


class PostponedError(FunctionError):
    """The object is valid and unprocessed. Its next delivery can succeed."""


@dataclass
class HorizonMovedError(PostponedError):
    """The deduplication window moved while the batch was read. The next delivery reads the batch again."""

    read_with_ns: int
    horizon_ns: int

    def __str__(self) -> str:
        return f"the horizon moved from {self.read_with_ns} to {self.horizon_ns}"


@dataclass
class BusyError(PostponedError):
    """Other batches held the locks of the same symbols, or of the same hour, for too long."""

    waited_seconds: float

    def __str__(self) -> str:
        return f"other batches held their locks for {self.waited_seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class IncomingBatch:
    """A batch that is ready for COPY. ``horizon_ns`` is the horizon against which its events were checked."""

    object_key: str
    etag: str
    trades_csv: Path
    quotes_csv: Path
    symbols: tuple[str, ...]
    trades: int
    quotes: int
    quarantined: int
    horizon_ns: int


def progress(connection: psycopg.Connection[Any], object_key: str, etag: str) -> Progress | None:
    """The ledger's state of an object's version; None if the version was not applied."""
    row = connection.execute(statements.PROGRESS, (object_key, etag)).fetchone()
    return Progress(tuple(row[0]), row[1], row[2]) if row else None


def apply_batch(connection: psycopg.Connection[Any], incoming: IncomingBatch, patience_seconds: float) -> Progress:
    """Apply the batch, unless a previous or parallel delivery has applied it.

    All work that needs no symbol lock comes before the locks, so that other batches wait less. An error leaves the
    database unchanged.

    Args:
        connection: A connection outside of a transaction.
        incoming: The batch.
        patience_seconds: How long to wait for the symbols' locks.

    Raises:
        BusyError: The locks were not free in time.
        HorizonMovedError: The horizon is not that of the batch.
        psycopg.Error: The database failed.
    """
    counts = (incoming.trades, incoming.quotes, incoming.quarantined, incoming.horizon_ns)
    with connection.transaction():
        claimed = connection.execute(statements.CLAIM, (incoming.object_key, incoming.etag, *counts)).fetchone()
        if claimed is None:
            return progress(connection, incoming.object_key, incoming.etag) or Progress((), False, incoming.horizon_ns)
        connection.execute(statements.STAGE, prepare=False)
        _copy(connection, statements.COPY_TRADES, incoming.trades_csv)
        _copy(connection, statements.COPY_QUOTES, incoming.quotes_csv)
        connection.execute(statements.ANALYZE, prepare=False)
        _hold_horizon(connection, incoming.horizon_ns)
        _lock_symbols(connection, incoming.symbols, patience_seconds)
        if incoming.horizon_ns:
            connection.execute(statements.DELETE_EXPIRED, (incoming.horizon_ns,), prepare=False)
        _run(connection, statements.MERGE)
        hours = connection.execute(statements.BAR_HOURS, (incoming.object_key,), prepare=False).fetchone()
        _run(connection, statements.RECOMPUTE)
    return Progress(tuple(hours[0]) if hours else (), False, incoming.horizon_ns)


def finish(connection: psycopg.Connection[Any], object_key: str, etag: str) -> None:
    """Note in the ledger that the Parquet files and the archive copy exist."""
    connection.execute(statements.FINISH, (object_key, etag))


def lock_hour(connection: psycopg.Connection[Any], hour_ns: int, patience_seconds: float) -> None:
    """Lock the hour until the transaction ends, so that an older state of its Parquet never replaces a newer one.

    Raises BusyError if the lock was not free within ``patience_seconds``.
    """
    lock = "SELECT pg_advisory_xact_lock(%s, %s)"
    _wait_for(connection, lock, (_HOUR_LOCK_CLASS, hour_ns // HOUR_NS), patience_seconds)


def bars_to_csv(connection: psycopg.Connection[Any], hour_ns: int, path: Path) -> None:
    """Write the hour's bars of all symbols as CSV."""
    cursor = connection.cursor()
    with cursor.copy(statements.COPY_BARS, (hour_ns, hour_ns + HOUR_NS)) as copy, path.open("wb") as target:
        for block in copy:
            target.write(block)


def _hold_horizon(connection: psycopg.Connection[Any], expected_ns: int) -> None:
    row = connection.execute(statements.HORIZON).fetchone()
    if row is not None and row[0] != expected_ns:
        raise HorizonMovedError(expected_ns, row[0])


def _lock_symbols(connection: psycopg.Connection[Any], symbols: Iterable[str], patience_seconds: float) -> None:
    """Lock in ascending order, so that no two batches wait for each other."""
    locks = sorted({zlib.crc32(symbol.encode()) % SYMBOL_LOCKS for symbol in symbols})
    statement = "SELECT pg_advisory_xact_lock(%s, lock) FROM unnest(%s::int[]) AS lock"
    _wait_for(connection, statement, (_SYMBOL_LOCK_CLASS, locks), patience_seconds)


def _wait_for(
    connection: psycopg.Connection[Any], statement: LiteralString, locks: Sequence[Any], patience_seconds: float
) -> None:
    """Take locks that others hold for seconds each. Raises BusyError.

    A statement_timeout bounds the wait as a whole, because lock_timeout begins anew with each lock.
    """
    import psycopg

    limit = str(max(1, int(patience_seconds * 1000)))
    connection.execute(statements.LIMIT_LOCK_WAIT, (limit,))
    try:
        connection.execute(statement, locks)
    except psycopg.errors.QueryCanceled:
        raise BusyError(patience_seconds) from None
    connection.execute(statements.RESTORE_TIMEOUTS, prepare=False)


def _run(connection: psycopg.Connection[Any], sql: Iterable[bytes]) -> None:
    """Run the statements unprepared, because the temporary tables are different ones each time."""
    for statement in sql:
        connection.execute(statement, prepare=False)


def _copy(connection: psycopg.Connection[Any], statement: bytes, csv: Path) -> None:
    with connection.cursor().copy(statement) as copy, csv.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            copy.write(chunk)
