"""Child processes of tests, whose pipes are closed after each test: one that stays open is a warning, and so an error."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import Any

_started: list[subprocess.Popen[str]] = []


def popen(command: list[str], **options: Any) -> subprocess.Popen[str]:
    """Start a process with text pipes for stdin and stdout, unless the options say otherwise."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process: subprocess.Popen[str] = subprocess.Popen(command, **{**pipes, **options})
    _started.append(process)
    return process


def close_pipes() -> None:
    """Close the pipes of all processes since the last call. A pipe without a reader is no error here."""
    while _started:
        process = _started.pop()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
