"""Write market data to a file or to standard output.

This command writes the committed batch:
``python -m local.market_data --trades 200 --bad 8 --out local/market_data/market-data.json``
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("local.market_data.__main__", "Interrupted. What it wrote is not whole; repeat the command."))

import argparse
import gzip
from datetime import UTC, datetime
from pathlib import Path

from local.market_data.generator import SYMBOLS, GeneratorOptions, generate, render


def main(argv: list[str] | None = None) -> int:
    """Write the data and return the exit code: 0, or argparse's 2 for bad arguments."""
    arguments = _parser().parse_args(argv)
    options = GeneratorOptions(
        trades=arguments.trades,
        quotes_per_trade=arguments.quotes_per_trade,
        bad=arguments.bad,
        seed=arguments.seed,
        start=arguments.start,
        minutes=arguments.minutes,
        symbols=tuple(arguments.symbols.split(",")),
    )
    content = render(generate(options), arguments.format)
    if arguments.gzip:
        content = gzip.compress(content, mtime=0)
    if arguments.out is None:
        sys.stdout.buffer.write(content)
    else:
        arguments.out.write_bytes(content)
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = GeneratorOptions()
    parser = argparse.ArgumentParser(prog="python -m local.market_data", description="Deterministic market data.")
    parser.add_argument("--trades", type=int, default=defaults.trades, help="how many trades")
    parser.add_argument(
        "--quotes-per-trade", type=int, default=defaults.quotes_per_trade, help="quotes before each trade"
    )
    parser.add_argument("--bad", type=int, default=defaults.bad, help="how many invalid records to mix in")
    parser.add_argument("--seed", type=int, default=defaults.seed, help="same seed, same data")
    parser.add_argument("--start", type=_utc, default=defaults.start, help="first event, ISO 8601 (UTC)")
    parser.add_argument("--minutes", type=int, default=defaults.minutes, help="length of the session")
    parser.add_argument("--symbols", default=",".join(SYMBOLS[:3]), help="comma-separated")
    parser.add_argument("--format", choices=("json", "ndjson"), default="json", help="form of the batch")
    parser.add_argument("--gzip", action="store_true", help="compress (reproducibly)")
    parser.add_argument("--out", type=Path, help="file to write; default is standard output")
    return parser


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
