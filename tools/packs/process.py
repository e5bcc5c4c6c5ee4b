"""Runs the program of a pack."""

from __future__ import annotations

import subprocess
from collections.abc import Container, Sequence
from pathlib import Path

from tools.packs.results import PacksError

INSTALL = "Run `make packs`, which installs the packs; it needs npm"


def output_of(command: Sequence[str | Path], *, accepted: Container[int] = (0,)) -> str:
    """Runs a command and returns what it writes to standard output.

    Args:
        command: The program and its arguments.
        accepted: The exit codes of a run that gave a report.

    Raises:
        PacksError: The program does not exist, or ended with another exit code.
    """
    try:
        process = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PacksError(f"{command[0]} does not exist. {INSTALL}.") from None
    if process.returncode not in accepted:
        raise PacksError(
            f"{Path(command[0]).name} ended with exit code {process.returncode}:\n{process.stderr.strip()[-2000:]}"
        )
    return process.stdout
