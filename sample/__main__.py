"""Write market data to a file or to standard output.

The committed sample is made by: ``python -m sample --trades 200 --bad 8 --out sample/market-data.json``
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("sample.__main__", "Interrupted. What it wrote is not whole; repeat the command."))

import argparse
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sample.generator import SYMBOLS, Plan, Record, generate


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0, or argparse's 2 for bad arguments."""
    arguments = _parser().parse_args(argv)
    plan = Plan(
        trades=arguments.trades,
        quotes_per_trade=arguments.quotes_per_trade,
        bad=arguments.bad,
        seed=arguments.seed,
        start=arguments.start,
        minutes=arguments.minutes,
        symbols=tuple(arguments.symbols.split(",")),
    )
    content = render(generate(plan), arguments.format)
    if arguments.gzip:
        content = gzip.compress(content, mtime=0)
    if arguments.out is None:
        sys.stdout.buffer.write(content)
    else:
        arguments.out.write_bytes(content)
    return 0


def render(records: Iterable[Record], form: str) -> bytes:
    """A request body: a JSON batch with one record a line, or NDJSON."""
    lines = [json.dumps(record, separators=(",", ":")) for record in records]
    if form == "ndjson":
        return "".join(line + "\n" for line in lines).encode()
    return ('{"records":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sample", description="Deterministic market data.")
    parser.add_argument("--trades", type=int, default=200, help="how many trades")
    parser.add_argument("--quotes-per-trade", type=int, default=1, help="quotes before each trade")
    parser.add_argument("--bad", type=int, default=0, help="how many invalid records to mix in")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same data")
    parser.add_argument("--start", type=_utc, default=Plan().start, help="first event, ISO 8601 (UTC)")
    parser.add_argument("--minutes", type=int, default=30, help="length of the session")
    parser.add_argument("--symbols", default=",".join(SYMBOLS[:3]), help="comma-separated")
    parser.add_argument("--format", choices=("json", "ndjson"), default="json", help="form of the batch")
    parser.add_argument("--gzip", action="store_true", help="compress (reproducibly)")
    parser.add_argument("--out", type=Path, help="file to write; default is standard output")
    return parser


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
