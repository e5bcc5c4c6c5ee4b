"""One batch into PostgreSQL, in one transaction with its ledger row.

Why the tables end up the same whatever the order, the split into batches, and the repetitions: ``trades`` and
``quotes`` are sets (of two trades with one identifier the lesser counts), and every bar is computed anew from those
sets, never added to. Batches that share a symbol are serialised by advisory locks, so that no recomputation misses
rows of a transaction that has not been committed yet.
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
SYMBOL_LOCKS = 256  # symbols share locks, so a batch of many symbols cannot exhaust the server's lock table
_SYMBOL_LOCK_CLASS = 41
_HOUR_LOCK_CLASS = 42
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an object has come; ``bar_hours`` are starts of hours, all times in epoch nanoseconds."""

    bar_hours: tuple[int, ...]
    finished: bool
    horizon_ns: int


class LaterError(FunctionError):
    """Nothing is wrong and nothing has happened: the same object will do on its next delivery."""


@dataclass
class HorizonMovedError(LaterError):
    """The deduplication window moved on while a batch was read; reading it again mends that."""

    read_with_ns: int
    horizon_ns: int

    def __str__(self) -> str:
        return f"the horizon moved from {self.read_with_ns} to {self.horizon_ns}"


@dataclass
class BusyError(LaterError):
    """Other batches of the same symbols, or of the same hour, kept their locks for too long."""

    waited_seconds: float

    def __str__(self) -> str:
        return f"other batches kept their locks for {self.waited_seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A batch that is ready for COPY; ``horizon_ns`` is what its events were checked against."""

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
    """What the ledger says about an object's version; None when it has not been applied."""
    row = connection.execute(statements.PROGRESS, (object_key, etag)).fetchone()
    return Progress(tuple(row[0]), row[1], row[2]) if row else None


def apply(connection: psycopg.Connection[Any], incoming: Incoming, patience_seconds: float) -> Progress:
    """Apply the batch, or find that it is applied already: a redelivery, or a twin that was faster.

    What can be done without the symbols' locks comes before them, so that others wait for less. Raises BusyError when
    they are not free within ``patience_seconds`` seconds, HorizonMovedError and psycopg errors; nothing has happened then.
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
            connection.execute(statements.FORGET, (incoming.horizon_ns,), prepare=False)
        _run(connection, statements.MERGE)
        hours = connection.execute(statements.BAR_HOURS, (incoming.object_key,), prepare=False).fetchone()
        _run(connection, statements.RECOMPUTE)
    return Progress(tuple(hours[0]) if hours else (), False, incoming.horizon_ns)


def finish(connection: psycopg.Connection[Any], object_key: str, etag: str) -> None:
    """Note that Parquet and archive are there too."""
    connection.execute(statements.FINISH, (object_key, etag))


def lock_hour(connection: psycopg.Connection[Any], hour_ns: int, patience_seconds: float) -> None:
    """Within a transaction: one writer of an hour's Parquet at a time, so an older state never replaces a newer one.

    Raises BusyError.
    """
    lock = "SELECT pg_advisory_xact_lock(%s, %s)"
    _wait_for(connection, lock, (_HOUR_LOCK_CLASS, hour_ns // HOUR_NS), patience_seconds)


def bars_to_csv(connection: psycopg.Connection[Any], hour_ns: int, path: Path) -> None:
    """The hour's bars, all symbols, as CSV."""
    cursor = connection.cursor()
    with cursor.copy(statements.COPY_BARS, (hour_ns, hour_ns + HOUR_NS)) as copy, path.open("wb") as target:
        for block in copy:
            target.write(block)


def _hold_horizon(connection: psycopg.Connection[Any], expected_ns: int) -> None:
    row = connection.execute(statements.HORIZON).fetchone()
    if row is not None and row[0] != expected_ns:
        raise HorizonMovedError(expected_ns, row[0])


def _lock_symbols(connection: psycopg.Connection[Any], symbols: Iterable[str], patience_seconds: float) -> None:
    """Always in ascending order: two batches can wait for each other, never both."""
    locks = sorted({zlib.crc32(symbol.encode()) % SYMBOL_LOCKS for symbol in symbols})
    statement = "SELECT pg_advisory_xact_lock(%s, lock) FROM unnest(%s::int[]) AS lock"
    _wait_for(connection, statement, (_SYMBOL_LOCK_CLASS, locks), patience_seconds)


def _wait_for(
    connection: psycopg.Connection[Any], statement: LiteralString, locks: Sequence[Any], patience_seconds: float
) -> None:
    """Take locks that others hold for seconds each. The wait is bounded as a whole, where lock_timeout begins anew with
    every lock.
    """
    import psycopg

    limit = str(max(1, int(patience_seconds * 1000)))
    connection.execute(statements.BOUND_THE_WAIT, (limit,))
    try:
        connection.execute(statement, locks)
    except psycopg.errors.QueryCanceled:
        raise BusyError(patience_seconds) from None
    connection.execute(statements.USUAL_TIMEOUTS, prepare=False)


def _run(connection: psycopg.Connection[Any], batch: Iterable[bytes]) -> None:
    """Never prepared: the temporary tables are other ones each time."""
    for statement in batch:
        connection.execute(statement, prepare=False)


def _copy(connection: psycopg.Connection[Any], statement: bytes, csv: Path) -> None:
    with connection.cursor().copy(statement) as copy, csv.open("rb") as source:
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
