"""The subjects of ``bench.process``, each in its own process: ``python -m bench.process_subjects <name> <in> <out> <csv>``.

The input is NDJSON as ingest stores it. The output is the bars as Parquet. All references except the loop write the same bars,
exact where their types allow it. A process imports only what its subject needs.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SUBJECTS: dict[str, Callable[[Path, Path, Path], None]] = {}
# As in process.statements, the identifier decides between trades of the same time, and notional is exact.
BARS = """
SELECT symbol, make_timestamp(minute * 60000000) AS minute, arg_min(price, (ts_ns, trade_id)) AS open,
    max(price) AS high, min(price) AS low, arg_max(price, (ts_ns, trade_id)) AS close, sum(size) AS volume,
    sum(CAST(price AS DECIMAL(19, 8)) * CAST(size AS DECIMAL(19, 8))) AS notional, count(*) AS trades
FROM (SELECT *, ts_ns // 60000000000 AS minute FROM {source}) GROUP BY ALL ORDER BY ALL
"""
_TYPED = """(SELECT symbol, trade_id, ts AS ts_ns, price, size FROM read_json('{path}', format = 'newline_delimited',
    columns = {{symbol: 'VARCHAR', trade_id: 'VARCHAR', ts: 'BIGINT', price: 'DECIMAL(18, 8)', size: 'DECIMAL(18, 8)'}}))"""


def subject(function: Callable[[Path, Path, Path], None]) -> Callable[[Path, Path, Path], None]:
    """Enter a function into the table of subjects."""
    SUBJECTS[function.__name__] = function
    return function


@subject
def bare(source: Path, target: Path, _: Path) -> None:
    """Run one DuckDB query on one thread, without checks and without making trades distinct."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        bars = BARS.format(source=_TYPED.format(path=source))
        connection.execute(f"COPY ({bars}) TO '{target}' (FORMAT parquet)")


@subject
def process(source: Path, target: Path, csv: Path) -> None:
    """Do the work of process without PostgreSQL: checked and distinct trades, and the bars of ``csv``, as Parquet."""
    _process(source, target, csv, "bars from PostgreSQL")


@subject
def process_and_bars(source: Path, target: Path, csv: Path) -> None:
    """Do the same as ``process``, but let the engine compute the bars from its trades."""
    _process(source, target, csv, "bars of its own")


@subject
def process_of_another_writer(source: Path, target: Path, csv: Path) -> None:
    """Do the same as ``process`` with an object in the same form that ingest did not store."""
    _process(source, target, csv, "bars from PostgreSQL", by_ingest=False)


@subject
def process_and_copy(source: Path, target: Path, csv: Path) -> None:
    """Do the same as ``process``, and write the file for PostgreSQL's COPY."""
    _process(source, target, csv, "bars from PostgreSQL", copy=True)


def _process(source: Path, target: Path, csv: Path, bars: str, *, copy: bool = False, by_ingest: bool = True) -> None:
    sys.path.insert(0, str(PROJECT / "lambda_src"))
    # Not an import statement, because mypy would find the package common twice (builders use it as lambda_src.common).
    engine = importlib.import_module("process.engine")
    with tempfile.TemporaryDirectory() as name, engine.open_engine(Path(name)) as connection:
        loaded = engine.load(connection, source, "key", Path(name), by_ingest=by_ingest)
        if loaded.rejections:
            raise RuntimeError(f"{loaded.rejections} lines of the sample are invalid")
        if bars == "bars of its own":
            query = BARS.format(source=f"'{loaded.trades.path}'")
            connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)")
        else:
            engine.write_bars(connection, csv, target)
        if copy:
            engine.write_csv(connection, loaded.trades, target.with_suffix(".copy"))


@subject
def pandas(source: Path, target: Path, _: Path) -> None:
    """Use data frames in the usual way: float prices, and no trades made distinct."""
    import duckdb
    import pandas as pd

    trades = pd.read_json(source, lines=True, convert_dates=False)
    trades["minute"] = trades["ts"] // 60_000_000_000
    trades["notional"] = trades["price"] * trades["size"]
    groups = trades.sort_values(["ts", "trade_id"]).groupby(["symbol", "minute"], sort=True)
    bars = groups.agg(
        open=("price", "first"), high=("price", "max"), low=("price", "min"), close=("price", "last"),
        volume=("size", "sum"), notional=("notional", "sum"), trades=("price", "size"),
    ).reset_index()  # fmt: skip
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("bars", bars)
        connection.execute(f"COPY bars TO '{target}' (FORMAT parquet)")  # so that pandas need not import pyarrow


@subject
def loop(source: Path, target: Path, _: Path) -> None:
    """Read line by line in plain Python, compute in floats, and write CSV, because the standard library has no Parquet."""
    import json

    bars: dict[tuple[str, int], list[float]] = {}
    with source.open("rb") as lines:
        for line in lines:
            trade = json.loads(line)
            price, size, ts = float(trade["price"]), float(trade["size"]), trade["ts"]
            bar = bars.get(key := (trade["symbol"], ts // 60_000_000_000))
            if bar is None:
                bars[key] = [price, price, price, price, size, price * size, 1, ts, ts]
                continue
            bar[1], bar[2] = max(bar[1], price), min(bar[2], price)
            bar[4] += size
            bar[5] += price * size
            bar[6] += 1
            if ts < bar[7]:
                bar[0], bar[7] = price, ts
            if ts >= bar[8]:
                bar[3], bar[8] = price, ts
    rows = (f"{symbol},{minute},{','.join(map(str, bar[:7]))}\n" for (symbol, minute), bar in sorted(bars.items()))
    target.write_text("".join(rows), encoding="ascii")


def peak_memory() -> int:
    """The highest resident size of this process in KiB.

    On Linux ru_maxrss of a child begins with the size of its parent, so /proc has priority.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    SUBJECTS[sys.argv[1]](*map(Path, sys.argv[2:5]))
    print(peak_memory())
