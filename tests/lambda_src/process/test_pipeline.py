"""Processing on a real PostgreSQL takes effect exactly once, whatever fails on the way."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

import process.handler
from builders.trading import lake
from common.database import Database, session_options
from common.errors import DatabaseUnavailableError
from ingest import store
from ingest.batch import read_batch
from ingest.validation import Rules
from process import batches, engine, lines, redelivery
from process.pipeline import Pipeline
from tests.lambda_src.support import plain_reference
from tests.lambda_src.support.fakes import Context, FakeS3, FakeSQS, ndjson_gz, sqs_event
from tests.lambda_src.support.processing import (
    BARS_ONCE,
    BUCKETS,
    DAY,
    QUOTES_ONCE,
    TRADES_ONCE,
    contents,
    deliver,
    key_of,
    queried,
    truncate,
)
from tests.lambda_src.support.records import MINUTE, SECOND, T0, Record, deliveries, quote, trade

pytestmark = pytest.mark.requirement("T-FN-2", "T-DATA-2")


@pytest.fixture
def pipeline(app_database: Database, s3: FakeS3) -> Pipeline:
    return Pipeline(s3, app_database, BUCKETS)


def parquet(s3: FakeS3, tmp_path: Path, prefix: str) -> list[dict[str, Any]]:
    """The rows of the only file whose key begins with ``prefix``."""
    path = tmp_path / "x.parquet"
    (key,) = s3.keys("processed", prefix)
    path.write_bytes(s3.objects["processed", key])
    with duckdb.connect() as connection:
        result = connection.execute(f"SELECT * FROM '{path}'")
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.mark.requirement("T-DATA-3")
def test_bars_and_quote_statistics_of_a_hand_worked_case(admin: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    """Minute 10:00: quote 1 for 49 s (spread 2, mid 100, micro 99.5), quote 2 for 10 s (spread 1, micro 100)."""
    deliver(pipeline, "a", DAY)
    rows = admin.execute("SELECT * FROM trading.bars_1m WHERE symbol = 'ACME' ORDER BY minute_ns").fetchall()
    assert [str(value.normalize()) for value in rows[0][2:8]] == ["100.5", "100.5", "99.25", "99.25", "3.5", "349.875"]
    assert rows[0][9:] == (Decimal("4.25"), Decimal("0.0425"), Decimal("3.5"))  # 2·0.5·2 + 2·0.75·1.5
    assert rows[1][9:] == (Decimal("9"), Decimal("0.09"), Decimal("4"))  # 2·1.125·4 against the later quote
    stats = admin.execute("SELECT * FROM trading.quote_stats_1m ORDER BY minute_ns").fetchall()
    assert stats[0][2:5] == (2, 59 * SECOND, 108 * SECOND)
    assert stats[0][6:] == (Decimal("99.5") * 49 * SECOND + 100 * 10 * SECOND, Decimal(100))
    assert stats[1][2:5] == (0, 50 * SECOND, 50 * SECOND)


def test_parquet_has_the_same_data_partitioned_by_date(pipeline: Pipeline, s3: FakeS3, tmp_path: Path) -> None:
    midnight = T0 + 14 * 60 * MINUTE
    deliver(pipeline, "a", [*DAY, trade("5", "8.5", "2", midnight + 7, symbol="B")])
    assert [re.sub("a-[0-9a-f]{16}", "a-…", key) for key in s3.keys("processed")] == [
        "bars/date=2026-01-02/hour-10.parquet",
        "bars/date=2026-01-02/hour-11.parquet",
        "bars/date=2026-01-03/hour-00.parquet",
        "quotes/date=2026-01-02/a-….parquet",
        "trades/date=2026-01-02/a-….parquet",
        "trades/date=2026-01-03/a-….parquet",
    ]
    (bar,) = parquet(s3, tmp_path, "bars/date=2026-01-03/hour-00.parquet")
    assert (bar["symbol"], bar["close"], bar["volume"], bar["notional"]) == ("B", Decimal("8.5"), 2, 17)
    (late,) = parquet(s3, tmp_path, "trades/date=2026-01-03/a-")
    assert (late["ts_ns"], late["price"], str(late["ts"])) == (midnight + 7, Decimal("8.5"), "2026-01-03 00:00:00")
    assert s3.objects["archive", key_of("a")] == s3.objects["raw", key_of("a")]


@pytest.mark.requirement("T-DATA-3")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=deliveries())
def test_order_splits_and_duplicates_never_change_a_result(
    case: tuple[list[Record], list[list[Record]]], admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    original, batches = case
    truncate(admin)
    s3.objects.clear()
    for number, batch in enumerate(batches):
        deliver(pipeline, f"b{number}", batch)
    tables = contents(admin)
    expected = plain_reference.bars(original)
    assert {row[:2]: row[2:] for row in tables["bars_1m"]} == expected
    assert {row[:2]: row[2:] for row in tables["quote_stats_1m"]} == plain_reference.quote_stats(original)
    assert {row[:2]: row[2:] for row in tables["trades"]} == plain_reference.trades_of(original)
    trades = {(r["symbol"], r["trade_id"], *_content(r)) for r in original if r["type"] == "trade"}
    assert set(tables["trade_conflicts"]) == trades - set(tables["trades"])
    assert queried(s3, "trades", TRADES_ONCE) == {(*row, row[2] // 1000) for row in tables["trades"]}
    assert queried(s3, "quotes", QUOTES_ONCE) == {(*row, row[1] // 1000) for row in tables["quotes"]}
    assert queried(s3, "bars", BARS_ONCE) == {row[:9] for row in tables["bars_1m"]}


@pytest.mark.parametrize("first", [0, 1], ids=["earlier first", "later first"])
def test_the_earlier_of_two_dates_of_an_identifier_counts_and_only_dates_before_need_reading(
    first: int, admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    """The rule of docs/lake.md: over the queried dates and those before, the least record of an identifier is the database's."""
    day = 24 * 60 * MINUTE
    trades = [trade("1", "10", "1", T0), trade("1", "11", "1", T0 + day)]
    for record in (
        trades[first],
        trades[1 - first],
        trade("2", "12", "1", T0 + day),
        trade("2", "13", "1", T0 + 2 * day),
    ):
        deliver(pipeline, f"b{record['price']}", [record])
    counted = {(*row, row[2] // 1000) for row in contents(admin)["trades"]}
    assert queried(s3, "trades", TRADES_ONCE) == counted
    second = {row for row in counted if row[2] // day == (T0 + day) // day}
    until = TRADES_ONCE.replace("{files}", f"{{files}} WHERE ts_ns // {day} <= {(T0 + day) // day}")
    of_second_date = {row for row in queried(s3, "trades", until) if row[2] // day == (T0 + day) // day}
    assert of_second_date == second == {("ACME", "2", T0 + day, Decimal(12), Decimal(1), "", "", (T0 + day) // 1000)}


def _content(r: Record) -> tuple[Any, ...]:
    return (r["ts"], Decimal(r["price"]), Decimal(r["size"]), r["side"], r["venue"])


def test_quotes_alone_write_no_parquet_of_bars(pipeline: Pipeline, s3: FakeS3) -> None:
    deliver(pipeline, "a", [quote("1", "2", T0 + 59 * MINUTE)])
    assert s3.keys("processed", "bars/") == []


def test_a_redelivered_object_is_not_processed_again(pipeline: Pipeline, s3: FakeS3) -> None:
    deliver(pipeline, "a", DAY)
    calls = list(s3.calls)
    pipeline.process(key_of("a"))
    assert s3.calls == calls


def test_a_late_trade_corrects_its_bar_and_the_parquet_of_its_hour(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3, tmp_path: Path
) -> None:
    deliver(pipeline, "a", DAY)
    deliver(pipeline, "b", [trade("0", "120", "1", T0 + 1)])
    row = admin.execute("SELECT open, high, trades FROM trading.bars_1m WHERE minute_ns = %s", (T0,)).fetchone()
    assert row == (120, 120, 3)
    bars = parquet(s3, tmp_path, "bars/date=2026-01-02/hour-10.parquet")
    assert [bar["open"] for bar in bars] == [Decimal(120), Decimal("101.125")]


def test_the_largest_notional_fails_no_hour(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3, tmp_path: Path
) -> None:
    """The sum of 101 trades at the schema's maxima exceeds Parquet's decimals; the database has it exactly."""
    maximum = "9999999999.99999999"
    deliver(pipeline, "a", [trade(str(n), maximum, maximum, T0 + n) for n in range(101)])
    deliver(pipeline, "b", [trade("1", "2", "3", T0, symbol="B")])
    bars = {bar["symbol"]: bar for bar in parquet(s3, tmp_path, "bars/date=2026-01-02/hour-10.parquet")}
    exact = admin.execute("SELECT notional, volume FROM trading.bars_1m WHERE symbol = 'ACME'").fetchone()
    with localcontext() as context:
        context.prec = 60
        assert exact == (Decimal(maximum) ** 2 * 101, Decimal(maximum) * 101)
    assert (bars["ACME"]["notional"], bars["ACME"]["volume"]) == (None, exact[1])
    assert bars["B"]["notional"] == 6
    assert admin.execute("SELECT count(*) FROM trading.batches WHERE finished_at IS NULL").fetchone() == (0,)


def test_an_object_of_ingest_is_recognised_by_its_metadata(
    pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, admin: psycopg.Connection[Any]
) -> None:
    """Only in such an object does the engine read numbers as texts; it checks one of another writer or name digit by digit."""
    flags: list[bool] = []
    real = engine.load

    def load(*arguments: Any, by_ingest: bool, **options: Any) -> engine.LoadedObject:
        flags.append(by_ingest)
        return real(*arguments, by_ingest=by_ingest, **options)

    monkeypatch.setattr(engine, "load", load)
    body = json.dumps({"records": [DAY[1]]}).encode()
    batch = read_batch(body, "application/json", "", "key-1", "", Rules())
    assert store.store_batch(s3, "raw", batch)
    s3.put_object("raw", key_of("copy"), batch.stored_bytes(), Metadata={"batch-id": batch.batch_id})
    s3.put_object("raw", key_of("other"), batch.stored_bytes())
    for key in (batch.object_key, key_of("copy"), key_of("other")):
        pipeline.process(key)
    assert flags == [True, False, False]
    assert len(contents(admin)["trades"]) == 1


def test_two_objects_of_the_same_name_both_reach_the_lake(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    """A backfill may name its object part-0 in every hour of a date."""
    for number, hour in enumerate((14, 15)):
        key = key_of("part-0").replace("hour=10", f"hour={hour}")
        s3.objects["raw", key] = ndjson_gz(trade(str(number), "1", "1", T0 + number))
        pipeline.process(key)
    assert queried(s3, "trades", "SELECT trade_id FROM {files}") == {("0",), ("1",)}
    assert [row[1] for row in contents(admin)["trades"]] == ["0", "1"]


def test_another_version_of_an_object_adds_to_the_lake_as_it_does_to_the_tables(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    deliver(pipeline, "a", [trade("1", "10", "1", T0), trade("2", "20", "1", T0)])
    deliver(pipeline, "a", [trade("1", "11", "1", T0)])
    assert {(row[1], row[3]) for row in contents(admin)["trades"]} == {("1", 10), ("2", 20)}
    view = next(view for view in lake.VIEWS if view.name == "trades_distinct")
    statement = view.query.replace("FROM trades", "FROM (SELECT *, '2026-01-02' AS date FROM {files})")
    assert {row[2:5:2] for row in queried(s3, "trades", statement)} == {("1", Decimal(10)), ("2", Decimal(20))}


def test_a_displaced_trade_leaves_no_empty_bar(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3, tmp_path: Path
) -> None:
    """The lesser of two trades with the same id counts; the bar of the greater one has no other trade."""
    deliver(pipeline, "a", [trade("1", "10", "1", T0 + 61 * MINUTE)])
    deliver(pipeline, "b", [trade("1", "10", "1", T0)])
    assert admin.execute("SELECT minute_ns FROM trading.bars_1m").fetchall() == [(T0,)]
    assert admin.execute("SELECT ts_ns FROM trading.trade_conflicts").fetchall() == [(T0 + 61 * MINUTE,)]
    assert parquet(s3, tmp_path, "bars/date=2026-01-02/hour-11.parquet") == []


@pytest.mark.parametrize("step", range(6))
def test_a_lost_connection_at_any_step_leaves_nothing_incomplete(
    step: int, admin: psycopg.Connection[Any], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["_lock_symbols", "_copy", "progress", "finish", "lock_hour", "bars_to_csv"]
    real = getattr(batches, names[step])
    backends: list[int] = []

    def break_once(connection: psycopg.Connection[Any], *arguments: Any) -> Any:
        if not backends:
            backends.append(connection.info.backend_pid)
            admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        return real(connection, *arguments)

    monkeypatch.setattr(batches, names[step], break_once)
    with pytest.raises(DatabaseUnavailableError):
        deliver(pipeline, "a", DAY)
    deliver(pipeline, "a", DAY)
    assert backends
    assert {row[:2]: row[2:] for row in contents(admin)["bars_1m"]} == plain_reference.bars(DAY)
    assert admin.execute("SELECT count(*) FROM trading.batches WHERE finished_at IS NOT NULL").fetchone() == (1,)


def test_a_connection_to_a_former_writer_is_abandoned(
    admin: psycopg.Connection[Any], pipeline: Pipeline, app_database: Database
) -> None:
    """After a failover an open connection may lead to a server that has become a reader."""
    with app_database.connection() as connection:
        connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailableError, match="read-only transaction"):
        deliver(pipeline, "a", DAY)
    deliver(pipeline, "a", DAY)
    assert len(contents(admin)["trades"]) == 4


def test_batches_of_one_minute_at_the_same_time_lose_nothing(
    admin: psycopg.Connection[Any], pipeline: Pipeline, app_database: Database, s3: FakeS3, tmp_path: Path
) -> None:
    """Without the locks, the later commit would compute the bar without the trades of the other batches."""
    batches = [[trade(f"{b}-{n}", "10", "1", T0 + b + n) for n in range(50)] for b in range(8)]

    def work(number: int) -> None:
        own = Database(app_database.target, app_database.password)
        deliver(replace(pipeline, database=own), f"b{number}", batches[number])
        own.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert admin.execute("SELECT volume, trades FROM trading.bars_1m").fetchall() == [(400, 400)]
    (bar,) = parquet(s3, tmp_path, "bars/date=2026-01-02/hour-10.parquet")
    assert bar["trades"] == 400


def test_waiting_for_other_batches_of_a_symbol_is_bounded_as_a_whole_and_no_failure(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    """The object waits for the holder of a lock; after that the object is as if no attempt had been made."""
    s3.objects["raw", key_of("a")] = ndjson_gz(*DAY)
    with admin.transaction():
        for symbol in ("ACME", "B"):
            lock = zlib.crc32(symbol.encode()) % batches.SYMBOL_LOCKS
            admin.execute("SELECT pg_advisory_xact_lock(41, %s)", (lock,))
        start = time.monotonic()
        with pytest.raises(batches.BusyError):
            pipeline.process(key_of("a"), start + 1)
    assert 0.5 < time.monotonic() - start < 10
    assert contents(admin)["trades"] == []
    assert admin.execute("SELECT count(*) FROM trading.batches").fetchone() == (0,)
    pipeline.process(key_of("a"))
    assert len(contents(admin)["trades"]) == 4


def test_more_batches_of_a_symbol_than_the_usual_lock_timeout_allows_all_succeed(
    admin: psycopg.Connection[Any],
    pipeline: Pipeline,
    app_database: Database,
    s3: FakeS3,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lock_timeout applies only to locks that no batch is meant to hold.

    Eight batches run at once. Each holds the symbol for longer than an eighth of the lock_timeout, so the last one waits for
    several times the lock_timeout.
    """
    options = session_options(statement_timeout=2_000, lock_timeout=400)
    real = batches._run

    def slow(connection: psycopg.Connection[Any], batch: Any) -> None:
        connection.execute("SELECT pg_sleep(0.15)")
        real(connection, batch)

    monkeypatch.setattr(batches, "_run", slow)  # twice in each transaction

    def work(number: int) -> None:
        own = Database(lambda: replace(app_database.target(), options=options), app_database.password)
        s3.objects["raw", key_of(f"b{number}")] = ndjson_gz(trade(str(number), "10", "1", T0 + number))
        replace(pipeline, database=own).process(key_of(f"b{number}"), time.monotonic() + 60)
        own.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert admin.execute("SELECT volume, trades FROM trading.bars_1m").fetchall() == [(8, 8)]


def test_locks_are_held_for_the_merge_alone(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch's records are in the database before other batches of its symbols have to wait."""
    held: list[bool] = []
    real = batches._copy

    def copy(*arguments: Any) -> None:
        real(*arguments)
        locks = admin.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 41").fetchone()
        held.append(locks != (0,))

    monkeypatch.setattr(batches, "_copy", copy)
    deliver(pipeline, "a", DAY)
    assert held == [False, False]


def test_twin_deliveries_at_the_same_time_apply_once(
    admin: psycopg.Connection[Any], pipeline: Pipeline, app_database: Database, s3: FakeS3
) -> None:
    s3.objects["raw", key_of("a")] = ndjson_gz(*DAY)

    def work(_: int) -> None:
        own = Database(app_database.target, app_database.password)
        replace(pipeline, database=own).process(key_of("a"))
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert {row[:2]: row[2:] for row in contents(admin)["bars_1m"]} == plain_reference.bars(DAY)
    assert admin.execute("SELECT count(*) FROM trading.batches").fetchone() == (1,)


def test_bad_records_go_to_quarantine_with_their_reason_and_the_good_ones_count(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    bad: list[dict[str, Any] | str] = [
        {**DAY[1], "price": "1e400"},
        "{",
        {**DAY[1], "ts": 5},
        "[" * 3000,
        "x" * 5000,
        {**DAY[0], "bid": "200"},
    ]
    s3.objects["raw", key_of("a")] = ndjson_gz(DAY[1], *bad, DAY[2])
    pipeline.process(key_of("a"))
    quarantined = gzip.decompress(s3.objects["raw", f"quarantine/records/{key_of('a')}"]).decode().splitlines()
    rejections = [(entry["line"], entry["reason"]) for entry in map(json.loads, quarantined)]
    assert [line for line, _ in rejections] == [2, 3, 4, 5, 6, 7]
    assert rejections[0][1] == "price: is not a number in plain digits (12.5)"
    assert rejections[2][1] == "ts: is before 2000-01-01 (a number is nanoseconds since 1970)"
    assert rejections[4][1] == "is longer than 4096 bytes"
    assert rejections[5][1] == "bid: is above the ask"
    assert admin.execute("SELECT trade_id FROM trading.trades ORDER BY 1").fetchall() == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"plain text", "is not complete gzip"),
        (gzip.compress(b"{}", mtime=0)[:-4], "is not complete gzip"),
        (gzip.compress(b"\n" * 2000, mtime=0), ""),
        (b"", ""),
    ],
)
def test_a_bad_object_goes_to_quarantine_and_blocks_nothing(
    body: bytes, reason: str, admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    s3.objects["raw", key_of("bad")] = body
    pipeline.process(key_of("bad"))
    quarantined = s3.keys("raw", "quarantine/objects/")
    if reason:
        assert s3.objects["raw", quarantined[0]] == body
        assert reason in json.loads(s3.objects["raw", quarantined[1]])["reason"]
    else:
        assert quarantined == []
    deliver(pipeline, "good", DAY)
    assert len(contents(admin)["trades"]) == 4


def test_an_object_that_unpacks_without_end_is_rejected(
    pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "UNPACKED_LIMIT_BYTES", 1 << 20)
    s3.objects["raw", key_of("bomb")] = gzip.compress(b"\n" * (3 << 20))
    pipeline.process(key_of("bomb"))
    reason = json.loads(s3.objects["raw", f"quarantine/objects/{key_of('bomb')}.reason.json"])
    assert reason["reason"] == "unpacks to more than 1048576 bytes"


def test_only_the_failed_messages_are_delivered_again(
    pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, admin: psycopg.Connection[Any], queue: FakeSQS
) -> None:
    monkeypatch.setattr(process.handler, "_pipeline", lambda: pipeline)
    s3.objects["raw", key_of("a")] = ndjson_gz(*DAY)
    event = sqs_event(key_of("missing"), key_of("a"))
    event["Records"].append({**event["Records"][0], "messageId": "m2", "receiptHandle": "r2", "body": "no json"})
    event["Records"].append({**event["Records"][0], "messageId": "m3", "body": '{"Event": "s3:TestEvent"}'})
    result = process.handler.handler(event, Context())
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert len(contents(admin)["trades"]) == 4
    assert queue.hidden == [("r0", 15), ("r2", 15)]


def test_every_message_may_fail_without_an_exception(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, queue: FakeSQS
) -> None:
    monkeypatch.setattr(process.handler, "_pipeline", lambda: pipeline)
    queue.rejects = True
    result = process.handler.handler(sqs_event(key_of("missing")), Context())
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_each_failure_doubles_the_pause_and_a_postponed_message_comes_soon() -> None:
    pauses = [redelivery.pause_seconds(ValueError(), attempts) for attempts in (1, 2, 3, 6, 7, 50)]
    assert pauses == [15, 30, 60, 480, 900, 900]
    assert redelivery.pause_seconds(batches.BusyError(1), 40) == 15


def test_a_message_for_which_the_time_is_short_is_postponed_without_an_attempt(
    pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, queue: FakeSQS, log: io.StringIO
) -> None:
    """This is no failure: there is no alarm and no error in the log, and the message comes again after seconds."""
    monkeypatch.setattr(process.handler, "_pipeline", lambda: pipeline)
    s3.objects["raw", key_of("a")] = ndjson_gz(*DAY)
    event = sqs_event(key_of("a"), attempts=7)
    result = process.handler.handler(event, Context(remaining_ms=process.handler.WORK_SECONDS * 1000))
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert s3.calls == []
    assert queue.hidden == [("r0", 15)]
    assert '"level":"ERROR"' not in log.getvalue()
    assert process.handler.handler(event, Context()) == {"batchItemFailures": []}


def test_keys_are_decoded_and_objects_of_other_buckets_or_prefixes_ignored() -> None:
    encoded = "market-data/date%3D2026-01-02/hour%3D10/a.ndjson.gz"
    body = {"Records": [{"s3": {"bucket": {"name": "raw"}, "object": {"key": encoded}}}]}
    assert process.handler.keys_of(json.dumps(body), "raw") == [key_of("a")]
    assert process.handler.keys_of(json.dumps(body), "other") == []
    other_prefix = sqs_event("quarantine/records/x.ndjson.gz")["Records"][0]["body"]
    assert process.handler.keys_of(other_prefix, "raw") == []


@pytest.mark.requirement("T-DB-5")
@pytest.mark.parametrize(("pauses", "seconds"), [("true", 60), ("false", 10), ("", 10)])
def test_processing_waits_for_the_resume_of_a_paused_database(
    pauses: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resume takes 30 seconds or more after a day. A message that failed meanwhile would cause an alert."""
    monkeypatch.setenv("DB_PAUSES", pauses)
    for bucket in ("RAW_BUCKET", "PROCESSED_BUCKET", "ARCHIVE_BUCKET"):
        monkeypatch.setenv(bucket, bucket.lower())
    monkeypatch.setattr(process.handler, "client", lambda _: FakeS3())
    pipeline = process.handler._pipeline.__wrapped__()
    assert pipeline.database.timeout_seconds == seconds
