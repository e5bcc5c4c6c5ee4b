"""Processing a million trades, against other ways to make bars of them: on one thread, and as the function is deployed.

The bench runs whole processes on the same NDJSON file, as ingest stores it. The limit of twice a bare query is for the work of
``process`` itself (check, make distinct, Parquet of trades and bars). The bars come from PostgreSQL's rows as in the
function. The database's own work is not included (``bench path`` includes it). The bench checks once that the engine would
make the same bars, and times that in a row of its own. Against pandas the function has its deployed memory, which gives it two
threads, while pandas uses one. The next row has one thread.
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
GROWTH_SIZES = (10_000, 100_000, 1_000_000)
MANY = 10_000_000  # with --large only: 1.4 GB of NDJSON, which takes minutes
BARE_GOAL = Goal(at_most=2)
PANDAS_GOAL = Goal(at_least=5)
PANDAS_MEMORY_GOAL = Goal(at_most=0.2)
GROWTH_GOAL = Goal(at_most=1.25)
# The memory of a function is fixed. Ten times the trades may need more only for the hash table of their identifiers.
BOUNDED_MIB = 512
MEMORY_MIB = 1024  # DuckDB gets half of it. It is less than one processor's share, so one thread
DEPLOYED_MIB = 3008  # the function's MemorySize in the templates: 1.7 processors, so two threads
# Only this bench uses pandas, so pandas has an environment of its own, which `make bench` creates.
PANDAS_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
SYMBOLS = tuple(f"SYM{number:03}" for number in range(50))
VENUES = ("XNYS", "XNAS", "ARCX", "BATS")
START_NANOSECONDS = 1_767_348_000_000_000_000  # 2026-01-02T10:00:00Z
SESSION_NANOSECONDS = 6 * 3600 * 1_000_000_000 + 1800 * 1_000_000_000


class DifferentBarsError(BenchError):
    """Two sides do not make the same bars, so their times cannot be compared."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        super().__init__(f"{rows} bars of the engine differ from those of the bare query")


def run(settings: Settings) -> list[Row]:
    """Measure against the bare query, pandas and the loop, and then the growth."""
    with tempfile.TemporaryDirectory(prefix="bench-process-") as path:
        folder = Path(path)
        source = write_sample(folder / "trades.ndjson", TRADES)
        _write_bars(folder, source)
        peaks: dict[str, int] = {}
        names = ["bare", "process", "process_and_bars", "process_and_copy", "process_of_another_writer"]
        samples = interleave({name: _child(name, source, folder, peaks) for name in names}, settings.repetitions)
        comparisons = {"loop": _child("loop", source, folder, peaks)}
        if PANDAS_PYTHON.exists():
            comparisons["pandas"] = _child("pandas", source, folder, peaks, python=PANDAS_PYTHON)
        comparisons["deployed"] = _child("process", source, folder, peaks, "deployed", DEPLOYED_MIB)
        samples |= interleave(comparisons, min(3, settings.repetitions), warm_up=False)
        if "pandas" not in samples:
            print(
                "process: .venv-bench is missing (`make bench` creates it), so there is no comparison with pandas",
                file=sys.stderr,
            )
        _check_same(folder)
        return [*_ratios(samples, peaks), *_growth(settings, folder)]


def _ratios(samples: Samples, peaks: dict[str, int]) -> list[Row]:
    times = medians(samples)
    million = f"{TRADES:,} trades"
    rows = [
        _against_bare(f"{million}: checked, distinct, Parquet", "process", samples, BARE_GOAL),
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
            _against_pandas(f"pandas ÷ process as deployed, {DEPLOYED_MIB:,} MiB", "deployed", samples, PANDAS_GOAL),
            _against_pandas("… on one thread", "process", samples),
            Row(
                figure="process ÷ pandas, peak memory",
                value=max(peaks["process"], peaks["deployed"]) / peaks["pandas"],
                measured=f"{peaks['process']} MiB, as deployed {peaks['deployed']} MiB",
                reference=f"pandas: {peaks['pandas']} MiB; bare query: {peaks['bare']} MiB",
                goal=PANDAS_MEMORY_GOAL,
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
    """Measure the cost of one more trade between sizes. The start of the process cancels out in the differences."""
    sizes = (*GROWTH_SIZES, MANY) if settings.large else GROWTH_SIZES
    sources = {size: write_sample(folder / f"{size}.ndjson", size) for size in sizes}
    peaks: dict[str, int] = {}
    subjects = {str(size): _child("process", source, folder, peaks, str(size)) for size, source in sources.items()}
    samples = interleave(subjects, min(3, settings.repetitions) if settings.large else settings.repetitions)
    # The minimum and not the median, because other work of the machine only ever adds to these small times.
    times = {size: min(seconds) for size, seconds in samples.items()}
    smallest, second = sizes[:2]
    last_but_one, largest = sizes[-2:]
    low, high = _marginal(times, smallest, second), _marginal(times, last_but_one, largest)
    return [
        Row(
            figure=f"one more trade at {largest:,}",
            value=high / low,
            measured=f"{high * 1e6:.2f} µs each, {times[str(largest)]:.2f} s",
            reference=f"at {second:,}: {low * 1e6:.2f} µs each",
            goal=GROWTH_GOAL,
            samples=samples,
        ),
        Row(
            figure=f"peak memory at {largest:,}",
            value=peaks[str(largest)],
            measured=", ".join(f"{size:,}: {peaks[str(size)]}" for size in sizes),
            reference=f"DuckDB may take {MEMORY_MIB // 2} MiB",
            goal=Goal(at_most=BOUNDED_MIB),
            unit=" MiB",
        ),
    ]


def _marginal(times: dict[str, float], fewer: int, more: int) -> float:
    """The seconds for each additional trade of the larger file."""
    return (times[str(more)] - times[str(fewer)]) / (more - fewer)


def write_sample(path: Path, trades: int) -> Path:
    """Write so many trades in the order of time, in ingest's stored form. They are the same at each call."""
    with path.open("w", encoding="ascii") as target:
        target.writelines(_lines(trades))
    return path


def _lines(trades: int) -> Iterator[str]:
    random_fraction = random.Random(7).random
    ticks = dict.fromkeys(SYMBOLS, 10_000)
    step = SESSION_NANOSECONDS // trades
    for number in range(trades):
        symbol = SYMBOLS[int(random_fraction() * len(SYMBOLS))]
        price = ticks[symbol] = max(10, ticks[symbol] + int(random_fraction() * 7) - 3)
        size = 10 * (1 + int(random_fraction() * 50))
        timestamp = START_NANOSECONDS + number * step + int(random_fraction() * step)
        side = "buy" if random_fraction() < 0.5 else "sell"
        venue = VENUES[int(random_fraction() * len(VENUES))]
        yield (
            f'{{"type":"trade","trade_id":"T{number:09}","symbol":"{symbol}","price":"{_price_text(price)}",'
            f'"size":"{size}","ts":{timestamp},"side":"{side}","venue":"{venue}"}}\n'
        )


def _price_text(cents: int) -> str:
    """Format a price exactly and without trailing zeros, as ingest stores it."""
    return f"{cents // 100}.{cents % 100:02}".rstrip("0").rstrip(".")


def _child(
    name: str,
    source: Path,
    folder: Path,
    peaks: dict[str, int],
    label: str = "",
    memory_mib: int = MEMORY_MIB,
    python: Path = Path(sys.executable),
) -> Callable[[], float]:
    """A subject: the wall time of a process of ``process_subjects``.

    Args:
        name: The subject there.
        source: The NDJSON.
        folder: The folder for the result.
        peaks: Gets the peak memory in MiB.
        label: The key in ``peaks``, if it is not the name.
        memory_mib: The memory that the function believes to have.
        python: The interpreter.
    """
    target = folder / f"{name}.parquet"
    command = [str(python), "-m", "bench.process_subjects", name, str(source), str(target), str(folder / "bars.csv")]
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mib)}

    def measure() -> float:
        started_at = time.perf_counter()
        result = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started_at
        if result.returncode:
            raise CommandError(("python", *command[1:4]), result.returncode, result.stdout + result.stderr)
        peaks[label or name] = max(peaks.get(label or name, 0), int(result.stdout) // 1024)
        return seconds

    return measure


def _write_bars(folder: Path, source: Path) -> None:
    """Write the bars in the form of PostgreSQL's COPY."""
    import duckdb

    with duckdb.connect() as connection:
        typed = f"""(SELECT *, ts AS ts_ns FROM read_json('{source}', format = 'newline_delimited', columns = {{
            symbol: 'VARCHAR', trade_id: 'VARCHAR', ts: 'BIGINT', price: 'DECIMAL(18, 8)', size: 'DECIMAL(18, 8)'}}))"""
        rows = f"SELECT symbol, epoch_ns(minute), * EXCLUDE (symbol, minute) FROM ({BARS.format(source=typed)})"
        connection.execute(f"COPY ({rows}) TO '{folder / 'bars.csv'}' (FORMAT csv, HEADER false)")


def _check_same(folder: Path) -> None:
    """Check that the engine's bars, and those in PostgreSQL's form, are the bars of the bare query.

    Raises:
        DifferentBarsError: They are not.
    """
    import duckdb

    with duckdb.connect() as connection:
        for name in ("process", "process_and_bars"):
            bare, other = (f"SELECT * FROM '{folder / which}.parquet'" for which in ("bare", name))
            difference = f"({bare} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {bare})"
            row = connection.execute(f"SELECT count(*) FROM ({difference})").fetchone()
            if row is None or row[0]:
                raise DifferentBarsError(row[0] if row else 0)
