"""The deduplication window: which records are rejected, which rows are deleted and which stay."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import process.handler
from common.database import Database, session_options
from common.errors import ConfigurationError
from process import batches, engine, retention
from process.pipeline import Buckets, Pipeline
from tests.lambda_src.support.fakes import FakeS3, ndjson_gz
from tests.lambda_src.support.processing import contents, key_of, truncate
from tests.lambda_src.support.records import MINUTE, SECOND, Record, quote, trade

pytestmark = pytest.mark.requirement("T-DATA-2")

DAY = retention.DAY_NS
HORIZON = 20_455 * DAY  # 2026-01-02


@pytest.fixture
def pipeline(app_database: Database, s3: FakeS3) -> Pipeline:
    return Pipeline(s3, app_database, Buckets("raw", "processed", "archive"))


def deliver(pipeline: Pipeline, name: str, *records: Record) -> None:
    pipeline.s3.objects["raw", key_of(name)] = ndjson_gz(*records)
    pipeline.process(key_of(name))


def set_horizon(admin: psycopg.Connection[Any], horizon: int) -> None:
    admin.execute("UPDATE trading.retention SET horizon_ns = %s", (horizon,))


def test_the_horizon_only_moves_forward(admin: psycopg.Connection[Any], app_database: Database) -> None:
    with app_database.connection() as connection:
        assert retention.horizon(connection) == 0
        assert retention.advance(connection, 10, now_ns=HORIZON + 10 * DAY + 5 * MINUTE)
        assert retention.horizon(connection) == HORIZON
        assert not retention.advance(connection, 10, now_ns=HORIZON + 10 * DAY + 6 * MINUTE)
        assert not retention.advance(connection, 20, now_ns=HORIZON + 10 * DAY)
        assert retention.horizon(connection) == HORIZON


def test_a_horizon_in_use_stays_for_the_next_object(admin: psycopg.Connection[Any], app_database: Database) -> None:
    """A batch that was checked against the horizon locks it until its commit; the next object does not wait."""
    with app_database.connection() as connection, admin.transaction():
        admin.execute("SELECT horizon_ns FROM trading.retention FOR SHARE")
        assert not retention.advance(connection, 10, now_ns=HORIZON)
    with app_database.connection() as connection:
        assert retention.advance(connection, 10, now_ns=HORIZON)


def test_late_records_beyond_the_window_are_quarantined_with_that_reason(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3
) -> None:
    set_horizon(admin, HORIZON)
    deliver(pipeline, "a", trade("1", "10", "1", HORIZON - 1), trade("2", "10", "1", HORIZON))
    (line,) = gzip.decompress(s3.objects["raw", f"quarantine/records/{key_of('a')}"]).splitlines()
    entry = json.loads(line)
    assert entry["line"] == 1
    assert entry["reason"] == "ts: is before 2026-01-02T00:00:00Z, where the deduplication window begins"
    assert admin.execute("SELECT trade_id FROM trading.trades").fetchall() == [("2",)]
    (written,) = s3.keys("processed", "trades/")
    assert written.startswith("trades/date=2026-01-02/a-")


def test_old_rows_are_deleted_and_their_bars_stay(admin: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    old = [
        trade("1", "10", "1", HORIZON - MINUTE),
        quote("9", "11", HORIZON - MINUTE - 1),
        quote("9", "12", HORIZON - MINUTE + 1),
    ]
    deliver(pipeline, "a", *old, quote("8", "9", HORIZON - 10 * SECOND), trade("2", "10", "1", HORIZON))
    before = contents(admin)
    set_horizon(admin, HORIZON)
    with pipeline.database.connection() as connection:
        assert retention.prune(connection) == 2, "the trade, and the quote that was valid only until the horizon"
        assert retention.prune(connection) == 0
    after = contents(admin)
    assert [row[1] for row in after["trades"]] == ["2"]
    assert (after["bars_1m"], after["quote_stats_1m"]) == (before["bars_1m"], before["quote_stats_1m"])


def test_pruning_is_bounded(admin: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    deliver(pipeline, "a", *(trade(str(n), "10", "1", HORIZON - MINUTE) for n in range(10)))
    set_horizon(admin, HORIZON)
    with pipeline.database.connection() as connection:
        assert [retention.prune(connection, 4) for _ in range(4)] == [4, 4, 2, 0]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.integers(0, 5), min_size=1, max_size=8), pruned=st.booleans())
def test_it_makes_no_difference_when_old_rows_are_deleted(
    ids: list[int], pruned: bool, admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    """An identifier is free again when its trade leaves the window, not when the trade is deleted."""
    truncate(admin)
    set_horizon(admin, 0)
    deliver(pipeline, "old", *(trade(str(n), "10", "1", HORIZON - MINUTE) for n in range(3)))
    set_horizon(admin, HORIZON)
    with pipeline.database.connection() as connection:
        if pruned:
            retention.prune(connection)
    deliver(pipeline, "new", *(trade(str(n), "20", "1", HORIZON + MINUTE) for n in ids))
    with pipeline.database.connection() as connection:
        retention.prune(connection)
    tables = contents(admin)
    assert {row[1] for row in tables["trades"]} == {str(n) for n in ids}
    assert tables["trade_conflicts"] == []
    assert [row[:2] for row in tables["bars_1m"]] == [("ACME", HORIZON - MINUTE), ("ACME", HORIZON + MINUTE)]


def test_a_batch_that_was_read_with_an_older_horizon_is_read_again(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.load

    def load_and_move(*arguments: Any, **options: Any) -> engine.LoadedObject:
        loaded = real(*arguments, **options)
        set_horizon(admin, HORIZON)
        return loaded

    records = (trade("1", "10", "1", HORIZON - 1), trade("2", "10", "1", HORIZON))
    monkeypatch.setattr(engine, "load", load_and_move)
    with pytest.raises(batches.HorizonMovedError):
        deliver(pipeline, "a", *records)
    assert contents(admin)["trades"] == []
    monkeypatch.setattr(engine, "load", real)
    deliver(pipeline, "a", *records)
    assert [row[1] for row in contents(admin)["trades"]] == ["2"]


def test_a_redelivery_rejects_the_records_that_the_first_delivery_rejected(
    admin: psycopg.Connection[Any], pipeline: Pipeline, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt ends between commit and Parquet, and the horizon moves before the second one."""
    set_horizon(admin, HORIZON)
    records = (trade("1", "10", "1", HORIZON - 1), trade("2", "10", "1", HORIZON))
    s3.fail_on = 2  # the first call puts the rejected line into quarantine
    with pytest.raises(Exception, match="InternalError"):
        deliver(pipeline, "a", *records)
    set_horizon(admin, HORIZON + 10 * DAY)
    deliver(pipeline, "a", *records)
    assert len(gzip.decompress(s3.objects["raw", f"quarantine/records/{key_of('a')}"]).splitlines()) == 1
    (written,) = s3.keys("processed", "trades/")
    assert written.startswith("trades/date=2026-01-02/a-")


def test_processing_moves_the_window_and_prunes(admin: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    deliver(pipeline, "a", trade("1", "10", "1", HORIZON))
    deliver(replace(pipeline, window_days=30), "b", trade("2", "10", "1", HORIZON))
    assert admin.execute("SELECT horizon_ns > %s FROM trading.retention", (HORIZON,)).fetchone() == (True,)
    assert contents(admin)["trades"] == []
    assert [row[-4] for row in contents(admin)["bars_1m"]] == [2]


def test_statements_have_timeouts_whatever_the_settings_of_the_role(
    app_database: Database, admin: psycopg.Connection[Any]
) -> None:
    admin.execute("ALTER ROLE trading_app SET statement_timeout = 0")
    target = replace(app_database.target(), options=session_options(**process.handler.SESSION_TIMEOUTS_MILLISECONDS))
    own = Database(lambda: target, app_database.password)
    with own.connection() as connection:
        shown = [
            connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in process.handler.SESSION_TIMEOUTS_MILLISECONDS
        ]
    own.close()
    admin.execute("ALTER ROLE trading_app SET statement_timeout = '60s'")
    assert shown == [("1min",), ("20s",), ("1min",)]


@pytest.mark.parametrize("value", ["-1", "a week", "1.5"])
def test_a_bad_window_is_an_error_that_names_its_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEDUPLICATION_WINDOW_DAYS", value)
    with pytest.raises(ConfigurationError, match="DEDUPLICATION_WINDOW_DAYS"):
        process.handler._window_days()
