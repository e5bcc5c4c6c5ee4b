"""Processing on a real PostgreSQL: exactly once in effect, whatever happens on the way."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tempfile
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
from builders import lake
from common.database import Database, session_options
from common.errors import DatabaseUnavailableError
from ingest import store
from ingest.batch import read_batch
from ingest.validation import Rules
from process import batches, engine, lines, redelivery
from process.pipeline import Buckets, Pipeline
from tests.lambda_src import reference
from tests.lambda_src.fakes import Context, FakeS3, FakeSQS, ndjson_gz, sqs_event
from tests.lambda_src.records import T0, M, Record, S, deliveries, quote, trade

pytestmark = pytest.mark.requirement("T-FN-2", "T-DATA-2")

BUCKETS = Buckets("raw", "processed", "archive")
TABLES = ("trades", "trade_conflicts", "quotes", "bars_1m", "quote_stats_1m")
DAY = [
    quote("99", "101", T0 + S, ("1", "3")),
    trade("1", "100.5", "2", T0 + 2 * S, side="buy", venue="XNYS"),
    trade("2", "99.25", "1.5", T0 + 3 * S),
    quote("99.5", "100.5", T0 + 50 * S),
    trade("3", "101.125", "4", T0 + M + S),
    trade("4", "7", "1", T0 + 65 * M, symbol="B"),
]


def key_of(name: str) -> str:
    return f"market-data/date=2026-01-02/hour=10/{name}.ndjson.gz"


def contents(connection: psycopg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    statements = {table: f"SELECT * FROM trading.{table} ORDER BY 1, 2, 3, 4".encode() for table in TABLES}
    return {table: connection.execute(statement).fetchall() for table, statement in statements.items()}


def truncate(connection: psycopg.Connection[Any]) -> None:
    names = ", ".join(f"trading.{table}" for table in (*TABLES, "batches"))
    connection.execute(f"TRUNCATE {names}".encode())


@pytest.fixture
def pipeline(app_database: Database, s3: FakeS3) -> Pipeline:
    return Pipeline(s3, app_database, BUCKETS)


def deliver(pipeline: Pipeline, name: str, records: list[Record]) -> None:
    pipeline.s3.objects["raw", key_of(name)] = ndjson_gz(*records)
    pipeline.process(key_of(name))


def parquet(s3: FakeS3, tmp_path: Path, prefix: str) -> list[dict[str, Any]]:
    """The rows of the one file whose key begins so."""
    path = tmp_path / "x.parquet"
    (key,) = s3.keys("processed", prefix)
    path.write_bytes(s3.objects["processed", key])
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM '{path}'")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.requirement("T-DATA-3")
def test_bars_and_quote_statistics_of_a_hand_worked_case(admin: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    """Minute 10:00: quote 1 for 49 s (spread 2, mid 100, micro 99.5), quote 2 for 10 s (spread 1, micro 100)."""
    deliver(pipeline, "a", DAY)
    rows = admin.execute("SELECT * FROM trading.bars_1m WHERE symbol = 'ACME' ORDER BY minute_ns").fetchall()
    assert [str(value.normalize()) for value in rows[0][2:8]] == ["100.5", "100.5", "99.25", "99.25", "3.5", "349.875"]
    assert rows[0][9:] == (Decimal("4.25"), Decimal("0.0425"), Decimal("3.5"))  # 2·0.5·2 + 2·0.75·1.5
    assert rows[1][9:] == (Decimal("9"), Decimal("0.09"), Decimal("4"))  # 2·1.125·4 against the later quote
    stats = admin.execute("SELECT * FROM trading.quote_stats_1m ORDER BY minute_ns").fetchall()
    assert stats[0][2:5] == (2, 59 * S, 108 * S)
    assert stats[0][6:] == (Decimal("99.5") * 49 * S + 100 * 10 * S, Decimal(100))
    assert stats[1][2:5] == (0, 50 * S, 50 * S)


def test_parquet_has_the_same_data_partitioned_by_date(pipeline: Pipeline, s3: FakeS3, tmp_path: Path) -> None:
    midnight = T0 + 14 * 60 * M
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
    found = contents(admin)
    expected = reference.bars(original)
    assert {row[:2]: row[2:] for row in found["bars_1m"]} == expected
    assert {row[:2]: row[2:] for row in found["quote_stats_1m"]} == reference.quote_stats(original)
    assert {row[:2]: row[2:] for row in found["trades"]} == reference.trades_of(original)
    every = {(r["symbol"], r["trade_id"], *_content(r)) for r in original if r["type"] == "trade"}
    assert set(found["trade_conflicts"]) == every - set(found["trades"])
    assert queried(s3, "trades", TRADES_ONCE) == {(*row, row[2] // 1000) for row in found["trades"]}
    assert queried(s3, "quotes", QUOTES_ONCE) == {(*row, row[1] // 1000) for row in found["quotes"]}
    assert queried(s3, "bars", BARS_ONCE) == {row[:9] for row in found["bars_1m"]}


# The rule by which a query makes one of what several batches have: the README's, without partitions.
TRADES_ONCE = """
SELECT symbol, trade_id, ts_ns, price, size, side, venue, epoch_us(ts) FROM (
    SELECT *, row_number() OVER (PARTITION BY symbol, trade_id ORDER BY ts_ns, price, size, side, venue) AS place
    FROM {files}
) WHERE place = 1
"""
QUOTES_ONCE = "SELECT DISTINCT symbol, ts_ns, bid, ask, bid_size, ask_size, epoch_us(ts) FROM {files}"
BARS_ONCE = "SELECT symbol, epoch_ns(minute), * EXCLUDE (symbol, minute) FROM {files}"


def queried(s3: FakeS3, table: str, statement: str) -> set[tuple[Any, ...]]:
    """What a query over all Parquet files of a table gives; each row once, or the test fails."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        for number, key in enumerate(s3.keys("processed", table + "/")):
            Path(folder, f"{number}.parquet").write_bytes(s3.objects["processed", key])
        if not os.listdir(folder):
            return set()
        rows = connection.execute(statement.format(files=f"'{folder}/*.parquet'")).fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


@pytest.mark.parametrize("first", [0, 1], ids=["earlier first", "later first"])
def test_of_one_identifier_on_two_dates_the_earlier_counts_and_only_dates_before_need_reading(
    first: int, admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    """The rule of docs/lake.md: over the dates asked for and those before, of one identifier the least is the database's."""
    day = 24 * 60 * M
    ours = [trade("1", "10", "1", T0), trade("1", "11", "1", T0 + day)]
    for record in (ours[first], ours[1 - first], trade("2", "12", "1", T0 + day), trade("2", "13", "1", T0 + 2 * day)):
        deliver(pipeline, f"b{record['price']}", [record])
    counted = {(*row, row[2] // 1000) for row in contents(admin)["trades"]}
    assert queried(s3, "trades", TRADES_ONCE) == counted
    second = {row for row in counted if row[2] // day == (T0 + day) // day}
    until = TRADES_ONCE.replace("{files}", f"{{files}} WHERE ts_ns // {day} <= {(T0 + day) // day}")
    asked = {row for row in queried(s3, "trades", until) if row[2] // day == (T0 + day) // day}
    assert asked == second == {("ACME", "2", T0 + day, Decimal(12), Decimal(1), "", "", (T0 + day) // 1000)}


def _content(r: Record) -> tuple[Any, ...]:
    return (r["ts"], Decimal(r["price"]), Decimal(r["size"]), r["side"], r["venue"])


def test_quotes_alone_write_no_parquet_of_bars(pipeline: Pipeline, s3: FakeS3) -> None:
    deliver(pipeline, "a", [quote("1", "2", T0 + 59 * M)])
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
    """101 trades at the schema's maxima come to more than Parquet's decimals hold; the database has the exact sum."""
    most = "9999999999.99999999"
    deliver(pipeline, "a", [trade(str(n), most, most, T0 + n) for n in range(101)])
    deliver(pipeline, "b", [trade("1", "2", "3", T0, symbol="B")])
    bars = {bar["symbol"]: bar for bar in parquet(s3, tmp_path, "bars/date=2026-01-02/hour-10.parquet")}
    exact = admin.execute("SELECT notional, volume FROM trading.bars_1m WHERE symbol = 'ACME'").fetchone()
    with localcontext() as context:
        context.prec = 60
        assert exact == (Decimal(most) ** 2 * 101, Decimal(most) * 101)
    assert (bars["ACME"]["notional"], bars["ACME"]["volume"]) == (None, exact[1])
    assert bars["B"]["notional"] == 6
    assert admin.execute("SELECT count(*) FROM trading.batches WHERE finished_at IS NULL").fetchone() == (0,)


def test_what_ingest_stored_is_known_by_its_metadata(
    pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, admin: psycopg.Connection[Any]
) -> None:
    """Only there may numbers be read as texts; an object of another writer, or under another name, is doubted."""
    seen: list[bool] = []
    real = engine.load

    def load(*arguments: Any, by_ingest: bool, **options: Any) -> engine.LoadedObject:
        seen.append(by_ingest)
        return real(*arguments, by_ingest=by_ingest, **options)

    monkeypatch.setattr(engine, "load", load)
    body = json.dumps({"records": [DAY[1]]}).encode()
    batch = read_batch(body, "application/json", "", "key-1", "", Rules())
    assert store.store_batch(s3, "raw", batch)
    s3.put_object("raw", key_of("copy"), batch.stored_bytes(), Metadata={"batch-id": batch.batch_id})
    s3.put_object("raw", key_of("other"), batch.stored_bytes())
    for key in (batch.object_key, key_of("copy"), key_of("other")):
        pipeline.process(key)
    assert seen == [True, False, False]
    assert len(contents(admin)["trades"]) == 1


def test_objects_of_one_name_both_reach_the_lake(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    """A backfill may call its objects part-0 in every hour of a date."""
    for number, hour in enumerate((14, 15)):
        key = key_of("part-0").replace("hour=10", f"hour={hour}")
        s3.objects["raw", key] = ndjson_gz(trade(str(number), "1", "1", T0 + number))
        pipeline.process(key)
    assert queried(s3, "trades", "SELECT trade_id FROM {files}") == {("0",), ("1",)}
    assert [row[1] for row in contents(admin)["trades"]] == ["0", "1"]


def test_another_version_of_an_object_adds_to_the_lake_as_to_the_tables(
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
    """The lesser of two trades with one id counts; the bar of the other one had nothing else in it."""
    deliver(pipeline, "a", [trade("1", "10", "1", T0 + 61 * M)])
    deliver(pipeline, "b", [trade("1", "10", "1", T0)])
    assert admin.execute("SELECT minute_ns FROM trading.bars_1m").fetchall() == [(T0,)]
    assert admin.execute("SELECT ts_ns FROM trading.trade_conflicts").fetchall() == [(T0 + 61 * M,)]
    assert parquet(s3, tmp_path, "bars/date=2026-01-02/hour-11.parquet") == []


@pytest.mark.parametrize("step", range(6))
def test_a_lost_connection_at_any_step_leaves_nothing_half_done(
    step: int, admin: psycopg.Connection[Any], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["_lock_symbols", "_copy", "progress", "finish", "lock_hour", "bars_to_csv"]
    real = getattr(batches, names[step])
    broken: list[bool] = []

    def break_once(connection: psycopg.Connection[Any], *arguments: Any) -> Any:
        if not broken:
            broken.append(True)
            admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        return real(connection, *arguments)

    monkeypatch.setattr(batches, names[step], break_once)
    with pytest.raises(DatabaseUnavailableError):
        deliver(pipeline, "a", DAY)
    deliver(pipeline, "a", DAY)
    found = contents(admin)
    assert broken
    assert {row[:2]: row[2:] for row in found["bars_1m"]} == reference.bars(DAY)
    assert admin.execute("SELECT count(*) FROM trading.batches WHERE finished_at IS NOT NULL").fetchone() == (1,)


def test_a_connection_to_a_former_writer_is_given_up(
    admin: psycopg.Connection[Any], pipeline: Pipeline, app_database: Database
) -> None:
    """After a failover a kept connection may lead to a server that is a reader now."""
    with app_database.connection() as connection:
        connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailableError, match="read-only transaction"):
        deliver(pipeline, "a", DAY)
    deliver(pipeline, "a", DAY)
    assert len(contents(admin)["trades"]) == 4


def test_batches_of_one_minute_at_the_same_time_lose_nothing(
    admin: psycopg.Connection[Any], pipeline: Pipeline, app_database: Database, s3: FakeS3, tmp_path: Path
) -> None:
    """Without the locks the later commit would compute the bar without the other's trades."""
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


def test_waiting_for_others_of_the_symbol_is_bounded_as_a_whole_and_no_failure(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    """One that holds a lock is waited for; after that the object is as if it had never been tried."""
    s3.objects["raw", key_of("a")] = ndjson_gz(*DAY)
    with admin.transaction():
        for symbol in ("ACME", "B"):
            lock = zlib.crc32(symbol.encode()) % batches.SYMBOL_LOCKS
            admin.execute("SELECT pg_advisory_xact_lock(41, %s)", (lock,))
        begun = time.monotonic()
        with pytest.raises(batches.BusyError):
            pipeline.process(key_of("a"), begun + 1)
    assert 0.5 < time.monotonic() - begun < 10
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
    """Eight at once, each holding the symbol for longer than lock_timeout divided by eight: the last one waits for
    several times the lock_timeout, which is only for locks that nobody is meant to hold.
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
    """What the batch brings is in the database before others of its symbols have to wait."""
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
    assert {row[:2]: row[2:] for row in contents(admin)["bars_1m"]} == reference.bars(DAY)
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
    refused = gzip.decompress(s3.objects["raw", f"quarantine/records/{key_of('a')}"]).decode().splitlines()
    found = [(entry["line"], entry["reason"]) for entry in map(json.loads, refused)]
    assert [line for line, _ in found] == [2, 3, 4, 5, 6, 7]
    assert found[0][1] == "price: is not a number in plain digits (12.5)"
    assert found[2][1] == "ts: is before 2000-01-01 (a number is nanoseconds since 1970)"
    assert found[4][1] == "is longer than 4096 bytes"
    assert found[5][1] == "bid: is above the ask"
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


def test_an_object_that_unpacks_without_end_is_refused(
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
    queue.refuses = True
    result = process.handler.handler(sqs_event(key_of("missing")), Context())
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_each_failure_doubles_the_pause_and_what_was_put_off_comes_soon() -> None:
    pauses = [redelivery.pause_seconds(ValueError(), attempts) for attempts in (1, 2, 3, 6, 7, 50)]
    assert pauses == [15, 30, 60, 480, 900, 900]
    assert redelivery.pause_seconds(batches.BusyError(1), 40) == 15


def test_a_message_for_which_the_time_is_short_is_put_off_untried(
    pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, queue: FakeSQS, log: io.StringIO
) -> None:
    """It is no failure: no alarm, no error in the log, and it comes again after seconds."""
    monkeypatch.setattr(process.handler, "_pipeline", lambda: pipeline)
    s3.objects["raw", key_of("a")] = ndjson_gz(*DAY)
    event = sqs_event(key_of("a"), attempts=7)
    result = process.handler.handler(event, Context(remaining_ms=process.handler.WORK_SECONDS * 1000))
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert s3.calls == []
    assert queue.hidden == [("r0", 15)]
    assert '"level":"ERROR"' not in log.getvalue()
    assert process.handler.handler(event, Context()) == {"batchItemFailures": []}


def test_keys_are_decoded_and_foreign_objects_left_alone() -> None:
    encoded = "market-data/date%3D2026-01-02/hour%3D10/a.ndjson.gz"
    body = {"Records": [{"s3": {"bucket": {"name": "raw"}, "object": {"key": encoded}}}]}
    assert process.handler.keys_of(json.dumps(body), "raw") == [key_of("a")]
    assert process.handler.keys_of(json.dumps(body), "other") == []
    foreign = sqs_event("quarantine/records/x.ndjson.gz")["Records"][0]["body"]
    assert process.handler.keys_of(foreign, "raw") == []
