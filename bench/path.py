"""Records a second through the whole local path, from the request to bars that query answers, against a bare DuckDB query.

The platform is deployed to the embedded AWS by the real deployer; each sample posts one batch of new records through the
API (signature, key, validation, raw bucket), lets the queue wake processing (database, Parquet, archive), and asks for
the bars until they hold every trade. The reference makes the same bars of the same NDJSON in one DuckDB query.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import duckdb

from bench.errors import BenchError
from bench.measure import call, interleave, medians
from bench.rows import PROJECT, Goal, Row, Settings
from deploy.cli import main as deploy
from deploy.settings import Project
from local.clients.trading import TradingClient
from local.cloud import EmbeddedCloud
from local.market_data.generator import GeneratorOptions, generate, render

TRADES = 20_000
RECORDS = 2 * TRADES  # a quote before each trade
MINUTES = 30
START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
# Signature, two HTTP services, queue and its polling, transaction, archive: what a bare query in one process has not.
GOAL = Goal(at_most=50)
PATIENCE = 120.0  # seconds
STEPS = (("bootstrap", "--yes"), ("plan", "--wheels", "host"), ("review",), ("execute", "--yes"))
_BARE = """
COPY (
    SELECT symbol, date_trunc('minute', ts) AS minute, arg_min(price, ts) AS open, max(price) AS high,
        min(price) AS low, arg_max(price, ts) AS close, sum(size) AS volume, count(*) AS trades
    FROM read_json('{source}', format = 'newline_delimited', columns = {{
        type: 'VARCHAR', symbol: 'VARCHAR', ts: 'TIMESTAMP', price: 'DECIMAL(18, 8)', size: 'DECIMAL(18, 8)'}})
    WHERE type = 'trade' GROUP BY ALL
) TO '{target}' (FORMAT parquet)
"""


def run(settings: Settings) -> list[Row]:
    """Records a second, without a goal (they are this machine's), and the path's time ÷ the bare query's."""
    batches = [batch(number) for number in range(settings.repetitions + 1)]  # one is the warm-up's
    with deployed() as client, tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "batch.ndjson"
        source.write_bytes(batches[0][1])
        subjects = {"path": call(_next(client, batches)), "bare": call(lambda: _bare(source))}
        samples = interleave(subjects, settings.repetitions)
    times = medians(samples)
    measured, reference = f"{RECORDS:,} records in {times['path']:.2f} s", f"bare DuckDB query: {times['bare']:.3f} s"
    return [
        Row(
            "API to bars, embedded AWS",
            RECORDS / times["path"],
            measured,
            reference,
            unit=" records/s",
            samples=samples,
        ),
        Row("API to bars, embedded AWS", times["path"] / times["bare"], measured, reference, GOAL, samples=samples),
    ]


def batch(number: int) -> tuple[str, bytes]:
    """A symbol of its own and its NDJSON, so that nothing of one batch is a repetition of another."""
    symbol = f"PATH{number}"
    options = GeneratorOptions(trades=TRADES, seed=number, start=START, minutes=MINUTES, symbols=(symbol,))
    return symbol, render(generate(options), "ndjson")


def through(client: TradingClient, symbol: str, body: bytes) -> None:
    """Posts a batch and returns when its bars hold every trade. Raises BenchError where they do not come."""
    headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    answer = client.call("POST", "/v1/market-data", body=gzip.compress(body, 1), headers=headers)
    if answer.status != 202 or answer.json()["accepted"] != RECORDS:
        raise BenchError(f"the batch was answered by {answer.status}: {answer.body[:200]!r}")
    deadline = time.monotonic() + PATIENCE
    # The first quotes and trades may lie a moment before the session's start.
    path = f"/v1/bars/{symbol}?from=2026-01-05T14:00:00Z&to=2026-01-05T16:00:00Z&limit=200"
    while True:
        answer = client.call("GET", path)
        bars = answer.json()["bars"] if answer.status == 200 else []
        if sum(bar["trades"] for bar in bars) == TRADES:
            return
        if time.monotonic() > deadline:
            raise BenchError(f"no whole bars of {symbol} in {PATIENCE:.0f} s: {answer.status} {answer.body[:200]!r}")
        time.sleep(0.05)


@contextlib.contextmanager
def deployed() -> Iterator[TradingClient]:
    """A client of a trading platform on an embedded AWS of its own, from a copy, so that no saved plan is touched."""
    with EmbeddedCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("templates", "params"):
            shutil.copytree(PROJECT / name, root / name)
        (root / "lambda_src").symlink_to(PROJECT / "lambda_src")
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with mock.patch.dict(os.environ, ours | cloud.environment(), clear=True):
            for step in STEPS:
                _deploy(root, *step)
            yield TradingClient.of(cloud, "trading-dev")


def _deploy(root: Path, *step: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        code = deploy([*step, "--platform", "trading", "--environment", "dev"], project=Project(root))
    if code:
        raise BenchError(f"`deploy {' '.join(step)}` ended with {code}; what it said stands above")


def _next(client: TradingClient, batches: list[tuple[str, bytes]]) -> Callable[[], None]:
    waiting = iter(batches)

    def post() -> None:
        through(client, *next(waiting))

    return post


def _bare(source: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(_BARE.format(source=source, target=source.with_suffix(".parquet")))
