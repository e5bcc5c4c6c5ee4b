"""Records delivered to the pipeline, and what the tables and the lake hold afterwards."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from process.pipeline import Buckets, Pipeline
from tests.lambda_src.support.fakes import FakeS3, ndjson_gz
from tests.lambda_src.support.records import MINUTE, SECOND, T0, Record, quote, trade

BUCKETS = Buckets("raw", "processed", "archive")
TABLES = ("trades", "trade_conflicts", "quotes", "bars_1m", "quote_stats_1m")
DAY = [
    quote("99", "101", T0 + SECOND, ("1", "3")),
    trade("1", "100.5", "2", T0 + 2 * SECOND, side="buy", venue="XNYS"),
    trade("2", "99.25", "1.5", T0 + 3 * SECOND),
    quote("99.5", "100.5", T0 + 50 * SECOND),
    trade("3", "101.125", "4", T0 + MINUTE + SECOND),
    trade("4", "7", "1", T0 + 65 * MINUTE, symbol="B"),
]


def key_of(name: str) -> str:
    """The key of a raw object of 2026-01-02, 10 o'clock."""
    return f"market-data/date=2026-01-02/hour=10/{name}.ndjson.gz"


def contents(connection: psycopg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    """The sorted rows of each table."""
    statements = {table: f"SELECT * FROM trading.{table} ORDER BY 1, 2, 3, 4".encode() for table in TABLES}
    return {table: connection.execute(statement).fetchall() for table, statement in statements.items()}


def truncate(connection: psycopg.Connection[Any]) -> None:
    """Empty all tables, the ledger of batches included."""
    names = ", ".join(f"trading.{table}" for table in (*TABLES, "batches"))
    connection.execute(f"TRUNCATE {names}".encode())


def deliver(pipeline: Pipeline, name: str, records: list[Record]) -> None:
    """Store records as one raw object and process it."""
    pipeline.s3.objects["raw", key_of(name)] = ndjson_gz(*records)
    pipeline.process(key_of(name))


# The rule of docs/lake.md, without partitions, by which a query counts once what several batches contain.
TRADES_ONCE = """
SELECT symbol, trade_id, ts_ns, price, size, side, venue, epoch_us(ts) FROM (
    SELECT *, row_number() OVER (PARTITION BY symbol, trade_id ORDER BY ts_ns, price, size, side, venue) AS place
    FROM {files}
) WHERE place = 1
"""
QUOTES_ONCE = "SELECT DISTINCT symbol, ts_ns, bid, ask, bid_size, ask_size, epoch_us(ts) FROM {files}"
BARS_ONCE = "SELECT symbol, epoch_ns(minute), * EXCLUDE (symbol, minute) FROM {files}"


def queried(s3: FakeS3, table: str, statement: str) -> set[tuple[Any, ...]]:
    """The rows that a query of all Parquet files of a table returns; fails where a row repeats."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        for number, key in enumerate(s3.keys("processed", table + "/")):
            Path(folder, f"{number}.parquet").write_bytes(s3.objects["processed", key])
        if not os.listdir(folder):
            return set()
        rows = connection.execute(statement.format(files=f"'{folder}/*.parquet'")).fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)
