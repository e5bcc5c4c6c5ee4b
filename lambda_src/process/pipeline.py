"""One stored object from the raw bucket to the database, Parquet and the archive.

The steps are: rejected lines to quarantine, transaction, Parquet, archive, ledger, pruning. A crash may follow each of
them. All objects have deterministic keys and each step may be repeated, so a redelivery continues where the last attempt
ended and reaches the same state.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import schema
from common.database import Database
from common.errors import BadObjectError
from common.observe import count, logger

from . import batches, engine, lines, retention

if TYPE_CHECKING:
    import duckdb
    import psycopg

RAW_PREFIX = "market-data/"
SUFFIX = ".ndjson.gz"
OBJECT_LIMIT_BYTES = 64 * 1024 * 1024
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Buckets:
    """Names of the three buckets."""

    raw: str
    processed: str
    archive: str


@dataclass(frozen=True)
class Pipeline:
    """Processes objects.

    Attributes:
        s3: A boto3 client, or an object with the same methods.
        database: The database that holds the schema ``trading``.
        buckets: The buckets to read and write.
        window_days: The length of the deduplication window; 0 for an unlimited window.
    """

    s3: Any
    database: Database
    buckets: Buckets
    window_days: int = 0

    def process(self, key: str, deadline: float | None = None) -> None:
        """Process one object. A bad object goes to quarantine and counts as processed.

        Args:
            key: The object's key in the raw bucket.
            deadline: The ``time.monotonic()`` until which to wait for other batches of the same symbols or hours. Without
                it, each wait lasts at most ``PATIENCE_SECONDS``.

        Raises:
            PostponedError: The object was not processed; a later delivery can succeed.
            DatabaseUnavailableError: The database failed, or psycopg's or botocore's errors. After each of them SQS
                delivers the message again.
        """
        with tempfile.TemporaryDirectory(prefix="process-") as name:
            try:
                self._process(key, Path(name), deadline)
            except BadObjectError as error:
                self._quarantine_object(error)

    def _process(self, key: str, folder: Path, deadline: float | None) -> None:
        reply = self.s3.get_object(Bucket=self.buckets.raw, Key=key)
        etag = str(reply["ETag"])
        with self.database.connection() as connection:
            progress = batches.progress(connection, key, etag)
            if progress is not None and progress.finished:
                logger.info("object already processed", extra={"key": key})
                count("ObjectsRepeated")
                return
            horizon = progress.horizon_ns if progress is not None else retention.horizon(connection)
            plain = self._fetch(reply, key, folder)
            with engine.open_engine(folder) as duck:
                loaded = engine.load(duck, plain, key, folder, horizon, by_ingest=_is_by_ingest(reply, key))
                plain.unlink()
                self._quarantine_lines(key, loaded)
                if progress is None:
                    incoming = _incoming(duck, loaded, key, etag, horizon, folder)
                    progress = batches.apply_batch(connection, incoming, _patience_seconds(deadline))
                self._write_events(duck, loaded, _batch_id(key, etag), folder)
                self._write_bars(duck, connection, progress.bar_hours, folder, deadline)
            self._archive(key)
            batches.finish(connection, key, etag)
            _report(key, loaded)
            self._prune(connection)

    def _fetch(self, reply: Any, key: str, folder: Path) -> Path:
        if int(reply["ContentLength"]) > OBJECT_LIMIT_BYTES:
            raise BadObjectError(key, f"has more than {OBJECT_LIMIT_BYTES} bytes")
        packed, plain = folder / "object.gz", folder / "object.ndjson"
        with packed.open("wb") as target:
            for chunk in reply["Body"].iter_chunks(1 << 20):
                target.write(chunk)
        lines.unpack(packed, plain, key)
        packed.unlink()
        return plain

    def _write_events(
        self, duck: duckdb.DuckDBPyConnection, loaded: engine.LoadedObject, batch: str, folder: Path
    ) -> None:
        """Write the batch's trades and quotes, one file a day. A view removes the duplicates between batches."""
        for table, events in (("trades", loaded.trades), ("quotes", loaded.quotes)):
            for day, path in engine.by_day(duck, events, folder):
                date = schema.format_timestamp(day * engine.DAY_NS)[:10]
                self._put(self.buckets.processed, f"{table}/date={date}/{batch}.parquet", path.read_bytes())

    def _write_bars(
        self,
        duck: duckdb.DuckDBPyConnection,
        connection: psycopg.Connection[Any],
        hours: tuple[int, ...],
        folder: Path,
        deadline: float | None,
    ) -> None:
        """Replace the files of the changed hours, one file an hour, by the bars in the database."""
        for hour_ns in hours:
            stamp = schema.format_timestamp(hour_ns)
            csv, parquet = folder / "bars.csv", folder / "bars.parquet"
            with connection.transaction():
                batches.lock_hour(connection, hour_ns, _patience_seconds(deadline))
                batches.bars_to_csv(connection, hour_ns, csv)
                engine.write_bars(duck, csv, parquet)
                target = f"bars/date={stamp[:10]}/hour-{stamp[11:13]}.parquet"
                self._put(self.buckets.processed, target, parquet.read_bytes())

    def _archive(self, key: str) -> None:
        source = {"Bucket": self.buckets.raw, "Key": key}
        self.s3.copy_object(Bucket=self.buckets.archive, Key=key, CopySource=source)

    def _quarantine_lines(self, key: str, loaded: engine.LoadedObject) -> None:
        if loaded.rejections:
            count("RecordsQuarantined", loaded.rejections)
            logger.warning("records quarantined", extra={"key": key, "records": loaded.rejections})
            self._put(self.buckets.raw, f"quarantine/records/{key}", loaded.bad_lines.read_bytes())

    def _prune(self, connection: psycopg.Connection[Any]) -> None:
        """Delete expired rows. It runs after the object is finished, so an error loses nothing: the next object continues."""
        if not self.window_days:
            return
        if retention.advance(connection, self.window_days):
            logger.info("deduplication window moved on", extra={"days": self.window_days})
        count("RowsPruned", retention.prune(connection))

    def _quarantine_object(self, error: BadObjectError) -> None:
        """Copy the object, then write the reason, so that no reason exists without its object."""
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
    duck: duckdb.DuckDBPyConnection, loaded: engine.LoadedObject, key: str, etag: str, horizon: int, folder: Path
) -> batches.IncomingBatch:
    trades, quotes = folder / "trades.csv", folder / "quotes.csv"
    engine.write_csv(duck, loaded.trades, trades)
    engine.write_csv(duck, loaded.quotes, quotes)
    counts = (loaded.trades.count, loaded.quotes.count, loaded.rejections)
    return batches.IncomingBatch(key, etag, trades, quotes, loaded.symbols, *counts, horizon)


def _is_by_ingest(reply: Any, key: str) -> bool:
    """Whether ingest stored the object: it names the object by the batch's id, and S3 keeps that id as metadata."""
    return bool(reply.get("Metadata", {}).get("batch-id") == _name(key))


def _name(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(SUFFIX)


def _patience_seconds(deadline: float | None) -> float:
    return PATIENCE_SECONDS if deadline is None else deadline - time.monotonic()


def _batch_id(key: str, etag: str) -> str:
    """The last part of the key, and a digest of the whole key and the object's version.

    So two objects of one name, or two versions of one object, both add to the lake, as they do to the tables.
    """
    digest = hashlib.sha256(f"{key}\n{etag}".encode()).hexdigest()[:16]
    return f"{_name(key)}-{digest}"


def _report(key: str, loaded: engine.LoadedObject) -> None:
    count("ObjectsProcessed")
    count("TradesProcessed", loaded.trades.count)
    count("QuotesProcessed", loaded.quotes.count)
    extra = {"key": key, "trades": loaded.trades.count, "quotes": loaded.quotes.count, "quarantined": loaded.rejections}
    logger.info("object processed", extra=extra)
