"""Folders of tests that a server of another user must reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server_folder(prefix: str) -> Iterator[Path]:
    """A folder below /tmp, which a database server's user can reach: pytest's own folders are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
