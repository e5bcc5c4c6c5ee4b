"""``python -m tools.openapi`` writes docs/openapi.yaml. With --check it compares, and exits with 1 if the file is stale."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.openapi.__main__", "Interrupted. The document may not be whole; repeat the command."))

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from tools.openapi.document import build, render

DESCRIPTION = "Writes docs/openapi.yaml. With --check it compares, and exits with 1 if the file is stale."
TARGET = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def main(argv: Sequence[str] | None = None) -> int:
    """Write or compare the document and return the exit code: 0 for success, 1 for a stale file."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=DESCRIPTION)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 with a diff if the file is stale")
    parser.add_argument("--out", type=Path, default=TARGET, help="default: docs/openapi.yaml")
    options = parser.parse_args(argv)
    text = render(build())
    if not options.check:
        options.out.write_text(text, encoding="utf-8")
        return 0
    present = options.out.read_text(encoding="utf-8") if options.out.is_file() else ""
    lines = difflib.unified_diff(present.splitlines(True), text.splitlines(True), str(options.out), "as generated")
    sys.stdout.writelines(lines)
    return int(present != text)
