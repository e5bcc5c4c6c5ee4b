"""Files of the embedded AWS: keys that only their owner may read, files that are whole, and the ends of logs."""

from __future__ import annotations

import os
from pathlib import Path


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file in the place of ``path``. It has ``mode`` from its first byte on: others never read a key."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def replace_text(path: Path, text: str) -> None:
    """Write a file in one step: a process that is killed meanwhile leaves the old content or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(text)
    unfinished.replace(path)


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a log; "" if the file does not exist."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
