"""Processes of the embedded AWS, and waiting for their end."""

from __future__ import annotations

import os
import time
from pathlib import Path

from local.host.guard import command_of, living_processes


def processes_of(run_directory: Path) -> list[str]:
    """Command lines of living processes that name the run directory."""
    return [command for pid in living_processes() if str(run_directory) in (command := command_of(pid))]


def descendants_of(pid: int) -> list[str]:
    """Command lines of the living processes below one."""
    rows, below = living_processes(), {pid}
    while more := {child for child, (parent, _) in rows.items() if parent in below} - below:
        below |= more
    return [command_of(child) for child in below - {pid}]


def wait_until_gone(run_directory: Path, within_seconds: float = 15.0) -> list[str]:
    deadline = time.monotonic() + within_seconds
    while (remaining := processes_of(run_directory)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return remaining


def gone(pid: int, within_seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.02)
    return False
