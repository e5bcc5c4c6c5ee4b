"""Processing a million trades, against what else could make bars of them: on one thread, and as the function is deployed.

Whole processes on the same NDJSON file, as ingest stores it. The bound of twice a bare query holds for what `process`
itself does (check, make distinct, Parquet of trades and bars); the bars come from PostgreSQL's rows as they do there,
and the database's own work is not in it (`bench path` has that). That the engine would make the very same bars is
checked once, and timed in a row of its own. Against pandas the function runs with its own memory, which gives it two
threads where pandas knows one; the row below it has one thread.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.errors import BenchError, CommandError
from bench.measure import Samples, interleave, medians
from bench.process_subjects import BARS
from bench.rows import PROJECT, Goal, Row, Settings

TRADES = 1_000_000
GROWTH = (10_000, 100_000, 1_000_000)
MANY = 10_000_000  # with --large only: 1.4 GB of NDJSON, minutes
TIMES_BARE = Goal(at_most=2)
TIMES_PANDAS = Goal(at_least=5)
MEMORY_PANDAS = Goal(at_most=0.2)
LINEAR = Goal(at_most=1.25)
# A function's memory is given; that of ten times the trades may be that of the hash table of their identifiers.
BOUNDED_MIB = 512
MEMORY_MIB = 1024  # of which DuckDB takes half; it is less than one processor, so one thread
DEPLOYED_MIB = 3008  # the function's MemorySize in the templates: 1.7 processors, so two threads
# pandas is a reference of this bench alone, so it has an environment of its own: `make bench` makes it.
PANDAS_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
SYMBOLS = tuple(f"SYM{number:03}" for number in range(50))
VENUES = ("XNYS", "XNAS", "ARCX", "BATS")
START_NS = 1_767_348_000_000_000_000  # 2026-01-02T10:00:00Z
SESSION_NS = 6 * 3600 * 1_000_000_000 + 1800 * 1_000_000_000


class DifferentBarsError(BenchError):
    """What is compared does not make the same bars, so its times mean nothing."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        super().__init__(f"{rows} bars of the engine are not those of the bare query")


def run(settings: Settings) -> list[Row]:
    """The rows: against the bare query, pandas and the loop; then growth."""
    with tempfile.TemporaryDirectory(prefix="bench-process-") as name:
        folder = Path(name)
        source = write_sample(folder / "trades.ndjson", TRADES)
        _write_bars(folder, source)
        peaks: dict[str, int] = {}
        names = ["bare", "process", "process_and_bars", "process_and_copy", "process_of_another_writer"]
        samples = interleave({name: _child(name, source, folder, peaks) for name in names}, settings.repetitions)
        others = {"loop": _child("loop", source, folder, peaks)}
        if PANDAS_PYTHON.exists():
            others["pandas"] = _child("pandas", source, folder, peaks, python=PANDAS_PYTHON)
        others["deployed"] = _child("process", source, folder, peaks, "deployed", DEPLOYED_MIB)
        samples |= interleave(others, min(3, settings.repetitions), warm_up=False)
        if "pandas" not in samples:
            print(
                "process: there is no .venv-bench (`make bench` makes it), so nothing is compared with pandas",
                file=sys.stderr,
            )
        _check_same(folder)
        return [*_ratios(samples, peaks), *_growth(settings, folder)]


def _ratios(samples: Samples, peaks: dict[str, int]) -> list[Row]:
    times = medians(samples)
    million = f"{TRADES:,} trades"
    rows = [
        _against_bare(f"{million}: checked, distinct, Parquet", "process", samples, TIMES_BARE),
        _against_bare("… and the bars made by the engine too", "process_and_bars", samples),
        _against_bare("… and the file for COPY instead", "process_and_copy", samples),
        _against_bare("… of an object of another writer", "process_of_another_writer", samples),
        Row(
            figure="plain-Python loop, unchecked floats ÷ process",
            value=times["loop"] / times["process"],
            measured=f"{times['process']:.2f} s",
            reference=f"loop: {times['loop']:.2f} s, {peaks['loop']} MiB",
            samples={"loop": samples["loop"]},
        ),
    ]
    if "pandas" in samples:
        rows += [
            _against_pandas(f"pandas ÷ process as deployed, {DEPLOYED_MIB:,} MiB", "deployed", samples, TIMES_PANDAS),
            _against_pandas("… on one thread", "process", samples),
            Row(
                figure="process ÷ pandas, peak memory",
                value=max(peaks["process"], peaks["deployed"]) / peaks["pandas"],
                measured=f"{peaks['process']} MiB, as deployed {peaks['deployed']} MiB",
                reference=f"pandas: {peaks['pandas']} MiB; bare query: {peaks['bare']} MiB",
                goal=MEMORY_PANDAS,
            ),
        ]
    return rows


def _against_pandas(figure: str, name: str, samples: Samples, goal: Goal | None = None) -> Row:
    times = medians(samples)
    return Row(
        figure=figure,
        value=times["pandas"] / times[name],
        measured=f"{times[name]:.2f} s",
        reference=f"pandas: {times['pandas']:.2f} s",
        goal=goal,
        samples={key: samples[key] for key in (name, "pandas")},
    )


def _against_bare(figure: str, name: str, samples: Samples, goal: Goal | None = None) -> Row:
    times = medians(samples)
    return Row(
        figure=figure,
        value=times[name] / times["bare"],
        measured=f"{times[name]:.2f} s",
        reference=f"bare DuckDB query: {times['bare']:.2f} s",
        goal=goal,
        samples={key: samples[key] for key in (name, "bare")},
    )


def _growth(settings: Settings, folder: Path) -> list[Row]:
    """What one more trade costs from size to size; the starting of the process falls out of the differences."""
    sizes = (*GROWTH, MANY) if settings.large else GROWTH
    sources = {size: write_sample(folder / f"{size}.ndjson", size) for size in sizes}
    peaks: dict[str, int] = {}
    subjects = {str(size): _child("process", source, folder, peaks, str(size)) for size, source in sources.items()}
    samples = interleave(subjects, min(3, settings.repetitions) if settings.large else settings.repetitions)
    # The least, not the median: of differences of small times, for what else the machine does only ever adds.
    times = {size: min(seconds) for size, seconds in samples.items()}
    fewer, some, *_ = sizes
    before, most = sizes[-2:]
    low, high = _marginal(times, fewer, some), _marginal(times, before, most)
    return [
        Row(
            figure=f"one more trade at {most:,}",
            value=high / low,
            measured=f"{high * 1e6:.2f} µs each, {times[str(most)]:.2f} s",
            reference=f"at {some:,}: {low * 1e6:.2f} µs each",
            goal=LINEAR,
            samples=samples,
        ),
        Row(
            figure=f"peak memory at {most:,}",
            value=peaks[str(most)],
            measured=", ".join(f"{size:,}: {peaks[str(size)]}" for size in sizes),
            reference=f"DuckDB may take {MEMORY_MIB // 2} MiB",
            goal=Goal(at_most=BOUNDED_MIB),
            unit=" MiB",
        ),
    ]


def _marginal(times: dict[str, float], fewer: int, more: int) -> float:
    """Seconds for each trade that the larger file has more."""
    return (times[str(more)] - times[str(fewer)]) / (more - fewer)


def write_sample(path: Path, trades: int) -> Path:
    """So many trades in the order of time, in ingest's stored form; the same ones every time."""
    with path.open("w", encoding="ascii") as target:
        target.writelines(_lines(trades))
    return path


def _lines(trades: int) -> Iterator[str]:
    chance = random.Random(7).random
    ticks = dict.fromkeys(SYMBOLS, 10_000)
    step = SESSION_NS // trades
    for number in range(trades):
        symbol = SYMBOLS[int(chance() * len(SYMBOLS))]
        price = ticks[symbol] = max(10, ticks[symbol] + int(chance() * 7) - 3)
        yield (
            f'{{"type":"trade","trade_id":"T{number:09}","symbol":"{symbol}","price":"{_units(price)}",'
            f'"size":"{10 * (1 + int(chance() * 50))}","ts":{START_NS + number * step + int(chance() * step)},'
            f'"side":"{"buy" if chance() < 0.5 else "sell"}","venue":"{VENUES[int(chance() * 4)]}"}}\n'
        )


def _units(cents: int) -> str:
    """Exact text without trailing zeros, as ingest stores it."""
    return f"{cents // 100}.{cents % 100:02}".rstrip("0").rstrip(".")


def _child(
    name: str,
    source: Path,
    folder: Path,
    peaks: dict[str, int],
    label: str = "",
    memory: int = MEMORY_MIB,
    python: Path = Path(sys.executable),
) -> Callable[[], float]:
    """A subject: the wall time of the process; its peak memory in MiB goes into ``peaks``."""
    target = folder / f"{name}.parquet"
    command = [str(python), "-m", "bench.process_subjects", name, str(source), str(target), str(folder / "bars.csv")]
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)}

    def measure() -> float:
        started = time.perf_counter()
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode:
            raise CommandError(("python", *command[1:4]), done.returncode, done.stdout + done.stderr)
        peaks[label or name] = max(peaks.get(label or name, 0), int(done.stdout) // 1024)
        return seconds

    return measure


def _write_bars(folder: Path, source: Path) -> None:
    """The bars as PostgreSQL's COPY would give them."""
    import duckdb

    with duckdb.connect() as connection:
        typed = f"""(SELECT *, ts AS ts_ns FROM read_json('{source}', format = 'newline_delimited', columns = {{
            symbol: 'VARCHAR', trade_id: 'VARCHAR', ts: 'BIGINT', price: 'DECIMAL(18, 8)', size: 'DECIMAL(18, 8)'}}))"""
        rows = f"SELECT symbol, epoch_ns(minute), * EXCLUDE (symbol, minute) FROM ({BARS.format(source=typed)})"
        connection.execute(f"COPY ({rows}) TO '{folder / 'bars.csv'}' (FORMAT csv, HEADER false)")


def _check_same(folder: Path) -> None:
    """The engine's bars are those of the bare query, and so are those that went through PostgreSQL's form."""
    import duckdb

    with duckdb.connect() as connection:
        for name in ("process", "process_and_bars"):
            bare, other = (f"SELECT * FROM '{folder / which}.parquet'" for which in ("bare", name))
            difference = f"({bare} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {bare})"
            row = connection.execute(f"SELECT count(*) FROM ({difference})").fetchone()
            if row is None or row[0]:
                raise DifferentBarsError(row[0] if row else 0)
