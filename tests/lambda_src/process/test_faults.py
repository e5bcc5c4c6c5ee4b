"""Where processing ends or fails at any step, the redelivery leads to the same tables and objects."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

import process.handler
from common.database import Database
from process.pipeline import Pipeline
from tests.lambda_src.support.fakes import Context, FakeSQS, ndjson_gz, sqs_event
from tests.lambda_src.support.killed_processing import (
    KILLED,
    Faults,
    FolderS3,
    forkserver,
    run,
    watch_statements,
)
from tests.lambda_src.support.processing import BUCKETS, contents, key_of, truncate
from tests.lambda_src.support.records import MINUTE, SECOND, T0, Record, quote, trade

pytestmark = pytest.mark.requirement("T-DATA-2")

# Records that are stored before, and an object with everything: two days, repetitions, a conflict with a stored record, a
# late correction, quotes, and a line that is rejected.
STORED = [
    trade("1", "100.5", "2", T0 + 2 * SECOND),
    trade("2", "99", "1", T0 + 65 * MINUTE),
    quote("99", "101", T0 + SECOND),
]
OBJECT: list[Record | str] = [
    trade("1", "100.5", "2", T0 + SECOND),
    trade("3", "7", "1", T0 + 3 * SECOND),
    trade("3", "7", "1", T0 + 3 * SECOND),
    trade("4", "8", "2", T0 + 14 * 60 * MINUTE, symbol="B"),
    quote("99.5", "100.5", T0),
    "not json",
]
KEY = key_of("a")
ERRORS = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DiskFull,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.LockNotAvailable,
)
STRIDES = pytest.mark.parametrize(
    "stride", [6, pytest.param(1, marks=pytest.mark.matrix)], ids=["some steps", "all steps"]
)
WITHOUT_EFFECT = ("get", "sql SELECT 1", "sql b'SELECT bar_hours", "sql b'SELECT horizon_ns")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


class World:
    """Tables and objects, among them one object that is not yet processed."""

    def __init__(self, folder: Path, admin: psycopg.Connection[Any], database: Database) -> None:
        self.folder, self.admin = folder, admin
        self.pipeline = Pipeline(FolderS3(folder), database, BUCKETS)

    def reset(self) -> None:
        truncate(self.admin)
        for path in self.folder.glob("*/*"):
            path.unlink()
        for name, records in (("stored", STORED), ("a", OBJECT)):
            self.pipeline.s3._write("raw", key_of(name), ndjson_gz(*records))
        self.pipeline.process(key_of("stored"))

    def state(self) -> tuple[dict[str, Any], dict[tuple[str, str], bytes], list[Any]]:
        ledger = (
            "SELECT object_key, trades, quotes, quarantined, bar_hours, finished_at IS NOT NULL FROM trading.batches"
        )
        rows = self.admin.execute((ledger + " ORDER BY 1").encode()).fetchall()
        return contents(self.admin), self.pipeline.s3.objects(), rows

    def process_in_a_child(self, last: int | None, steps: Path) -> int | None:
        """The exit code of a process that handles the object and dies after step ``last``."""
        target = self.pipeline.database.target()
        child = forkserver().Process(target=run, args=(self.folder, target, KEY, last, steps))
        child.start()
        child.join(60)
        return child.exitcode


@pytest.fixture
def world(folder: Path, admin: psycopg.Connection[Any], app_database: Database) -> World:
    world = World(folder, admin, app_database)
    world.reset()
    return world


@pytest.fixture(autouse=True)
def _queue(queue: FakeSQS) -> None:
    """The queue in which the function schedules failed messages."""


@STRIDES
def test_the_redelivery_repairs_a_kill_after_any_step(
    world: World, stride: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))  # so that the children do not import pytest
    assert world.process_in_a_child(None, tmp_path / "steps") == 0
    clean = world.state()
    names = (tmp_path / "steps").read_text().splitlines()
    assert [name.split()[0] for name in names].count("put") >= 6, "quarantine, three of events, three hours of bars"
    assert names[-1] == "answer to SQS"
    effects = [(last, name) for last, name in enumerate(names, start=1) if not name.startswith(WITHOUT_EFFECT)]
    for last, name in effects[::stride]:
        world.reset()
        assert world.process_in_a_child(last, tmp_path / "none") == KILLED, name
        assert deliver_message(world.pipeline) == {"batchItemFailures": []}, name
        assert world.state() == clean, f"killed after step {last}: {name}"
    assert not (tmp_path / "none").exists()


@STRIDES
def test_an_error_at_any_step_fails_the_message_and_the_next_delivery_repairs_it(
    world: World, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deliver_message(world.pipeline) == {"batchItemFailures": []}
    clean = world.state()
    number, step_exists = 1 - stride, True
    while step_exists:
        number += stride
        world.reset()
        faults = Faults(number, ERRORS[number % len(ERRORS)])
        with monkeypatch.context() as patch:
            watch_statements(faults, patch.setattr)
            database = Database(world.pipeline.database.target, world.pipeline.database.password)
            failing = replace(world.pipeline, s3=FolderS3(world.folder, faults), database=database)
            answer = deliver_message(failing)
            database.close()
        step_exists = len(faults.names) >= number
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}] if step_exists else []}, faults.names[-1]
        assert deliver_message(world.pipeline) == {"batchItemFailures": []}
        assert world.state() == clean, f"failed at step {number}: {faults.names[-1]}"
    assert number > 30


def deliver_message(pipeline: Pipeline) -> dict[str, Any]:
    """Deliver the message to the handler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process.handler, "_pipeline", lambda: pipeline)
        answer: dict[str, Any] = process.handler.handler(sqs_event(KEY), Context())
        return answer
