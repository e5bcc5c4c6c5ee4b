"""Files of the embedded AWS: keys that only their owner may read, and the ends of logs."""

from __future__ import annotations

import os
from pathlib import Path


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file in the place of ``path``. It has ``mode`` from its first byte on: others never read a key."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a log; "" if the file does not exist."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
