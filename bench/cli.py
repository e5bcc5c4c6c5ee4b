"""``python -m bench``: exit code 0 if all goals are met, 1 if a goal is missed, 2 if a bench could not run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import report
from bench.errors import BenchError, UnknownBenchError
from bench.registry import BENCHES, Bench
from bench.rows import Row, Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the named benches, or all, print the table, and return the exit code."""
    options = _parser().parse_args(argv)
    results: dict[str, list[Row]] = {}
    try:
        for bench in _named(options.benches):
            print(f"{bench.name}: {bench.question}", file=sys.stderr, flush=True)
            results[bench.name] = bench.run(Settings(repetitions=options.repetitions, large=options.large))
        if options.json:
            path = Path(options.json)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(report.as_json(results), encoding="utf-8")
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(report.table(results))
    return 0 if all(row.is_met for rows in results.values() for row in rows) else 1


def _named(names: Sequence[str]) -> list[Bench]:
    benches = {bench.name: bench for bench in BENCHES}
    for name in names:
        if name not in benches:
            raise UnknownBenchError(name, list(benches))
    return [benches[name] for name in names or benches]


def _repetitions(value: str) -> int:
    repetitions = int(value)
    if repetitions < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return repetitions


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(bench.name for bench in BENCHES)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures the project's figures as ratios to references of the same run.",
        epilog="Exit codes: 0 all goals met, 1 a goal missed, 2 a bench could not run.",
    )
    parser.add_argument("benches", nargs="*", help=f"any of {names} (default: all)")
    parser.add_argument("--repetitions", type=_repetitions, default=5, help="samples of each side (default: 5)")
    parser.add_argument(
        "--large", action="store_true", help="also measure what takes minutes: processing 10,000,000 trades"
    )
    parser.add_argument("--json", metavar="FILE", help="also write all rows, with all samples, as JSON")
    return parser
