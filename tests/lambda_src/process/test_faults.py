"""Processing that ends, or fails, at any step comes to the same tables and the same objects after redelivery."""

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
from tests.lambda_src.support.records import T0, M, Record, S, quote, trade

pytestmark = pytest.mark.requirement("T-DATA-2")

# What is there before, and an object that does everything at once: two days, repetitions, a conflict with what is
# stored, a late correction, quotes, and a line that is refused.
STORED = [trade("1", "100.5", "2", T0 + 2 * S), trade("2", "99", "1", T0 + 65 * M), quote("99", "101", T0 + S)]
OBJECT: list[Record | str] = [
    trade("1", "100.5", "2", T0 + S),
    trade("3", "7", "1", T0 + 3 * S),
    trade("3", "7", "1", T0 + 3 * S),
    trade("4", "8", "2", T0 + 14 * 60 * M, symbol="B"),
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
EVERY = pytest.mark.parametrize(
    "every", [6, pytest.param(1, marks=pytest.mark.matrix)], ids=["some steps", "all steps"]
)
WITHOUT_EFFECT = ("get", "sql SELECT 1", "sql b'SELECT bar_hours", "sql b'SELECT horizon_ns")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


class World:
    """Tables and objects in which one object waits to be processed."""

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

    def in_a_process(self, last: int | None, steps: Path) -> int | None:
        """Exit code of a process that handles the object and is killed after step ``last``."""
        target = self.pipeline.database.target()
        child = forkserver().Process(target=run, args=(self.folder, target, KEY, last, steps))
        child.start()
        child.join(60)
        return child.exitcode


@pytest.fixture
def world(folder: Path, admin: psycopg.Connection[Any], app_database: Database) -> World:
    made = World(folder, admin, app_database)
    made.reset()
    return made


@pytest.fixture(autouse=True)
def _queue(queue: FakeSQS) -> None:
    """Failed messages are scheduled there."""


@EVERY
def test_a_kill_after_any_step_is_mended_by_the_redelivery(
    world: World, every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))  # the children need not import pytest
    assert world.in_a_process(None, tmp_path / "steps") == 0
    clean = world.state()
    names = (tmp_path / "steps").read_text().splitlines()
    assert [name.split()[0] for name in names].count("put") >= 6, "quarantine, three of events, three hours of bars"
    assert names[-1] == "answer to SQS"
    effects = [(last, name) for last, name in enumerate(names, start=1) if not name.startswith(WITHOUT_EFFECT)]
    for last, name in effects[::every]:
        world.reset()
        assert world.in_a_process(last, tmp_path / "none") == KILLED, name
        assert process_again(world.pipeline) == {"batchItemFailures": []}, name
        assert world.state() == clean, f"killed after step {last}: {name}"
    assert not (tmp_path / "none").exists()


@EVERY
def test_an_error_at_any_step_fails_the_message_and_the_next_delivery_mends_it(
    world: World, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert process_again(world.pipeline) == {"batchItemFailures": []}
    clean = world.state()
    number, more = 1 - every, True
    while more:
        number += every
        world.reset()
        faults = Faults(number, ERRORS[number % len(ERRORS)])
        with monkeypatch.context() as patch:
            watch_statements(faults, patch.setattr)
            own = Database(world.pipeline.database.target, world.pipeline.database.password)
            failing = replace(world.pipeline, s3=FolderS3(world.folder, faults), database=own)
            answer = process_again(failing)
            own.close()
        more = len(faults.names) >= number
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}] if more else []}, faults.names[-1]
        assert process_again(world.pipeline) == {"batchItemFailures": []}
        assert world.state() == clean, f"failed at step {number}: {faults.names[-1]}"
    assert number > 30


def process_again(pipeline: Pipeline) -> dict[str, Any]:
    """As the message is delivered: through the handler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process.handler, "_pipeline", lambda: pipeline)
        answer: dict[str, Any] = process.handler.handler(sqs_event(KEY), Context())
        return answer
