"""One stored object from the raw bucket to the database, Parquet and the archive.

The steps, each of which may be the last one before a crash: refused lines to quarantine, transaction, Parquet, archive,
ledger. All objects have deterministic keys and every step may be repeated, so a redelivery goes on where the last try
ended and comes to the same state.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import schema
from common.database import Database
from common.errors import BadObjectError
from common.observe import count, logger

from . import apply, engine

if TYPE_CHECKING:
    import duckdb
    import psycopg

RAW_PREFIX = "market-data/"
SUFFIX = ".ndjson.gz"
OBJECT_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Buckets:
    """Names of the three buckets."""

    raw: str
    processed: str
    archive: str


@dataclass(frozen=True)
class Pipeline:
    """Processes objects; ``s3`` is a boto3 client or anything with the same calls."""

    s3: Any
    database: Database
    buckets: Buckets

    def process(self, key: str) -> None:
        """Process one object.

        A bad object goes to quarantine and counts as done. Raises DatabaseUnavailableError, psycopg and botocore
        errors: then the message is delivered again.
        """
        with tempfile.TemporaryDirectory(prefix="process-") as name:
            try:
                self._process(key, Path(name))
            except BadObjectError as error:
                self._quarantine_object(error)

    def _process(self, key: str, folder: Path) -> None:
        reply = self.s3.get_object(Bucket=self.buckets.raw, Key=key)
        etag = str(reply["ETag"])
        with self.database.connection() as connection:
            known = apply.progress(connection, key, etag)
            if known is not None and known.finished:
                logger.info("object already processed", extra={"key": key})
                count("ObjectsRepeated")
                return
            plain = self._fetch(reply, key, folder)
            with engine.engine(folder) as duck:
                loaded = engine.load(duck, plain, key)
                self._quarantine_lines(key, loaded.bad)
                if known is None:
                    known = apply.apply(connection, _incoming(duck, loaded, key, etag, folder))
                self._write_events(duck, key, folder)
                self._write_bars(duck, connection, known.bar_hours, folder)
            self._archive(key)
            apply.finish(connection, key, etag)
        _report(key, loaded)

    def _fetch(self, reply: Any, key: str, folder: Path) -> Path:
        if int(reply["ContentLength"]) > OBJECT_LIMIT_BYTES:
            raise BadObjectError(key, f"has more than {OBJECT_LIMIT_BYTES} bytes")
        packed, plain = folder / "object.gz", folder / "object.ndjson"
        with packed.open("wb") as target:
            for chunk in reply["Body"].iter_chunks(1 << 20):
                target.write(chunk)
        engine.unpack(packed, plain, key)
        return plain

    def _write_events(self, duck: duckdb.DuckDBPyConnection, key: str, folder: Path) -> None:
        """Trades and quotes as this batch has them, one file a day; a view makes equal ones of two batches one."""
        for table in ("trades", "quotes"):
            for day in engine.days(duck, table):
                path = folder / "events.parquet"
                engine.write_day(duck, table, day, path)
                date = schema.format_timestamp(day * engine.DAY_NS)[:10]
                self._put(self.buckets.processed, f"{table}/date={date}/{_batch_id(key)}.parquet", path.read_bytes())

    def _write_bars(
        self,
        duck: duckdb.DuckDBPyConnection,
        connection: psycopg.Connection[Any],
        hours: tuple[int, ...],
        folder: Path,
    ) -> None:
        """The touched hours as the database has them now, one file an hour, replaced as a whole."""
        for hour_ns in hours:
            stamp = schema.format_timestamp(hour_ns)
            csv, parquet = folder / "bars.csv", folder / "bars.parquet"
            with connection.transaction():
                apply.lock_hour(connection, hour_ns)
                apply.bars_to_csv(connection, hour_ns, csv)
                engine.write_bars(duck, csv, parquet)
                target = f"bars/date={stamp[:10]}/hour-{stamp[11:13]}.parquet"
                self._put(self.buckets.processed, target, parquet.read_bytes())

    def _archive(self, key: str) -> None:
        source = {"Bucket": self.buckets.raw, "Key": key}
        self.s3.copy_object(Bucket=self.buckets.archive, Key=key, CopySource=source)

    def _quarantine_lines(self, key: str, bad: tuple[engine.BadLine, ...]) -> None:
        if bad:
            count("RecordsQuarantined", len(bad))
            logger.warning("records quarantined", extra={"key": key, "records": len(bad)})
            self._put(self.buckets.raw, f"quarantine/records/{key}", engine.bad_lines_document(key, bad))

    def _quarantine_object(self, error: BadObjectError) -> None:
        """Copy first, then the reason: a reason without its object would be a loss."""
        count("ObjectsQuarantined")
        logger.error("object quarantined", extra={"key": error.key, "reason": error.reason})
        target = f"quarantine/objects/{error.key}"
        source = {"Bucket": self.buckets.raw, "Key": error.key}
        self.s3.copy_object(Bucket=self.buckets.raw, Key=target, CopySource=source)
        reason = json.dumps({"object": error.key, "reason": error.reason}).encode()
        self._put(self.buckets.raw, f"{target}.reason.json", reason)

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)


def _incoming(
    duck: duckdb.DuckDBPyConnection, loaded: engine.Loaded, key: str, etag: str, folder: Path
) -> apply.Incoming:
    trades, quotes = folder / "trades.csv", folder / "quotes.csv"
    engine.write_csv(duck, "trades", trades)
    engine.write_csv(duck, "quotes", quotes)
    symbols = duck.execute("SELECT symbol FROM trades UNION SELECT symbol FROM quotes").fetchall()
    names = tuple(str(symbol) for (symbol,) in symbols)
    return apply.Incoming(key, etag, trades, quotes, names, loaded.trades, loaded.quotes, len(loaded.bad))


def _batch_id(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(SUFFIX)


def _report(key: str, loaded: engine.Loaded) -> None:
    count("ObjectsProcessed")
    count("TradesProcessed", loaded.trades)
    count("QuotesProcessed", loaded.quotes)
    extra = {"key": key, "trades": loaded.trades, "quotes": loaded.quotes, "quarantined": len(loaded.bad)}
    logger.info("object processed", extra=extra)
