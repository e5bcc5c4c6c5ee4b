#!/usr/bin/env python3
"""Generates the platforms' CloudFormation templates from the builders, as templates/<platform>/*.yaml.

    python generate.py                     write the committed templates of every platform
    python generate.py --check             write nothing; print a unified diff and exit with 1 if a committed template is stale
    python generate.py --platform trading --format json --out build/
    python generate.py --graph             print the tiers and their ports as a Mermaid diagram
    python generate.py --graph docs/graphs.md    … write it between the file's markers <!-- graph:trading -->

It never calls AWS and reads no environment variable, so the same sources give the same bytes everywhere.
"""

from __future__ import annotations

import gc
import sys

# Before the other imports, which take most of the run: `run` must handle Ctrl-C while they load. It imports this file
# again, as the module `generate`, and calls `main`, so that this first execution of the file ends here.
if __name__ == "__main__":
    from entry import run

    # The process ends after about a second, so memory that a collection frees is never needed again; the search for
    # it takes a tenth of the run.
    gc.disable()
    # Each file is written whole or not at all.
    sys.exit(run("generate", "Interrupted. Some files may be old; repeat the command to write the rest."))

import argparse
from collections.abc import Sequence
from pathlib import Path

from builders.assembly.command import check, graph, write
from builders.contract.errors import GenerationError
from builders.platforms import PLATFORMS


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", action="append", choices=sorted(PLATFORMS), help="one platform (default: all)")
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "templates", help="default: templates/")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare with the existing files instead of writing")
    mode.add_argument(
        "--graph",
        nargs="?",
        const="-",
        metavar="FILE",
        help="print tiers and ports as Mermaid, or write them into FILE",
    )
    parser.add_argument("--quiet", action="store_true", help="print no table of sizes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns 0 for success, 1 for stale templates or an error of the builders."""
    arguments = _arguments(argv)
    platforms = [PLATFORMS[name] for name in arguments.platform or PLATFORMS]
    try:
        if arguments.graph:
            return graph(platforms, None if arguments.graph == "-" else Path(arguments.graph))
        run = check if arguments.check else write
        return run(platforms, arguments.out, arguments.format, quiet=arguments.quiet)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
