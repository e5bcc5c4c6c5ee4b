"""The command line of ``python -m gate``.

The exit code is 0 without findings, 1 with a finding of any level, and 2 if the gate cannot check.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cfn.text import visible_lines
from gate import reports
from gate.errors import GateError
from gate.lint import default_jobs
from gate.run import GateRequest, run_checks

PROJECT = Path(__file__).resolve().parent.parent
CACHE = ".cache/gate"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the gate with the arguments and returns the exit code."""
    options = _parser().parse_args(argv)
    root = Path(options.root).resolve()
    try:
        result = run_checks(
            GateRequest(
                root=root,
                paths=tuple(options.paths),
                params=options.params,
                cache_folder=None if options.no_cache else root / CACHE,
                jobs=options.jobs,
                fast=options.fast,
            )
        )
        for path, report in ((options.sarif, reports.sarif), (options.junit, reports.junit)):
            if path:
                _write(Path(path), report(result))
    except (GateError, OSError) as error:
        print(f"gate: {visible_lines(str(error))}", file=sys.stderr)
        return 2
    print(reports.FORMATS[options.format](result))
    return 1 if result.findings else 0


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _jobs(value: str) -> int:
    jobs = int(value)
    if jobs < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return jobs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gate",
        description="Checks templates and parameter files. Any finding fails.",
        epilog="Exit codes: 0 no findings, 1 findings, 2 bad usage or the gate itself failed. Rules: docs/rules.md.",
    )
    parser.add_argument("paths", nargs="*", default=["templates"], help="templates or folders (default: templates)")
    parser.add_argument("--root", default=str(PROJECT), help="folder of .cfnlintrc (default: this project)")
    parser.add_argument("--params", default="params", help="folder of the parameter files (default: params)")
    parser.add_argument("--fast", action="store_true", help="only cloudformation-validate and the parameter files")
    parser.add_argument("--no-cache", action="store_true", help="neither read nor write the cache")
    parser.add_argument(
        "--jobs", type=_jobs, default=default_jobs(), help="worker processes (default: one a processor)"
    )
    parser.add_argument(
        "--format", choices=sorted(reports.FORMATS), default="text", help="what to print (default: text)"
    )
    parser.add_argument("--sarif", metavar="FILE", help="also write the findings to a file, as SARIF 2.1.0")
    parser.add_argument("--junit", metavar="FILE", help="also write the checks to a file, as JUnit XML")
    return parser
