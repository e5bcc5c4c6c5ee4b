"""Records per second through the whole local path, from the request to the bars of query, against a bare DuckDB query.

The real deployer deploys the platform to the embedded AWS. Each sample posts one batch of new records through the API
(signature, key, validation, raw bucket). The queue starts processing (database, Parquet, archive), and the sample ends when
the bars hold all trades. The reference makes the same bars of the same NDJSON in one DuckDB query.
"""

from __future__ import annotations

import contextlib
import gzip
import json
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
from bench.measure import interleave, medians, timed_call
from bench.rows import PROJECT, Goal, Row, Settings
from deploy.cli import main as deploy
from deploy.settings import Project
from local.clients import trading
from local.cloud import EmbeddedCloud
from local.market_data.generator import GeneratorOptions, generate, render

TRADES = 20_000
RECORDS = 2 * TRADES  # a quote before each trade
SESSION_MINUTES = 30
START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
# The bare query in one process has no signature, HTTP services, queue with polling, transaction or archive.
GOAL = Goal(at_most=50)
BARS_TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.05
STEPS = (("bootstrap", "--yes"), ("plan", "--wheels", "host"), ("execute", "--yes"))
_BARE_QUERY = """
COPY (
    SELECT symbol, date_trunc('minute', ts) AS minute, arg_min(price, ts) AS open, max(price) AS high,
        min(price) AS low, arg_max(price, ts) AS close, sum(size) AS volume, count(*) AS trades
    FROM read_json('{source}', format = 'newline_delimited', columns = {{
        type: 'VARCHAR', symbol: 'VARCHAR', ts: 'TIMESTAMP', price: 'DECIMAL(18, 8)', size: 'DECIMAL(18, 8)'}})
    WHERE type = 'trade' GROUP BY ALL
) TO '{target}' (FORMAT parquet)
"""


def run(settings: Settings) -> list[Row]:
    """Measure records per second, without a goal because it depends on the machine, and the path's time ÷ the bare query's."""
    batches = [batch(number) for number in range(settings.repetitions + 1)]  # one more for the warm-up
    with deployed_platform() as client, tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "batch.ndjson"
        source.write_bytes(batches[0][1])
        subjects = {"path": timed_call(_post_next(client, batches)), "bare": timed_call(lambda: _query_bare(source))}
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
    """Generate a symbol of its own and its NDJSON, so that no batch repeats parts of another."""
    symbol = f"PATH{number}"
    plan = GeneratorOptions(trades=TRADES, seed=number, start=START, minutes=SESSION_MINUTES, symbols=(symbol,))
    return symbol, render(generate(plan), "ndjson")


def send_and_wait(client: trading.TradingClient, symbol: str, body: bytes) -> None:
    """Post a batch and wait until its bars hold all trades.

    Raises:
        BenchError: The batch was not accepted, or its bars are incomplete after the timeout.
    """
    headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    answer = client.call("POST", "/v1/market-data", body=gzip.compress(body, 1), headers=headers)
    if answer.status != 202 or answer.json()["accepted"] != RECORDS:
        raise BenchError(f"the batch was answered by {answer.status}: {answer.body[:200]!r}")
    deadline = time.monotonic() + BARS_TIMEOUT_SECONDS
    # The first quotes and trades may be slightly earlier than the session's start.
    path = f"/v1/bars/{symbol}?from=2026-01-05T14:00:00Z&to=2026-01-05T16:00:00Z&limit=200"
    while True:
        answer = client.call("GET", path)
        bars = answer.json()["bars"] if answer.status == 200 else []
        if sum(bar["trades"] for bar in bars) == TRADES:
            return
        if time.monotonic() > deadline:
            raise BenchError(
                f"no complete bars of {symbol} in {BARS_TIMEOUT_SECONDS:.0f} s: {answer.status} {answer.body[:200]!r}"
            )
        time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def deployed_platform() -> Iterator[trading.TradingClient]:
    """Deploy trading to an embedded AWS of its own, from a copy of the project, so that saved plans stay, and yield a client."""
    with EmbeddedCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("templates", "params"):
            shutil.copytree(PROJECT / name, root / name)
        (root / "lambda_src").symlink_to(PROJECT / "lambda_src")
        other_variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        trading.create_principals(
            cloud, json.loads((root / "params" / "trading" / "dev.json").read_text())["Parameters"]
        )
        with mock.patch.dict(os.environ, other_variables | cloud.environment(), clear=True):
            for step in STEPS:
                _deploy(root, *step)
            yield trading.TradingClient.of(cloud, "trading-dev")


def _deploy(root: Path, *step: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        exit_code = deploy([*step, "--platform", "trading", "--environment", "dev"], project=Project(root))
    if exit_code:
        raise BenchError(f"`deploy {' '.join(step)}` ended with exit code {exit_code}; its output is above")


def _post_next(client: trading.TradingClient, batches: list[tuple[str, bytes]]) -> Callable[[], None]:
    remaining = iter(batches)

    def post() -> None:
        send_and_wait(client, *next(remaining))

    return post


def _query_bare(source: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(_BARE_QUERY.format(source=source, target=source.with_suffix(".parquet")))
