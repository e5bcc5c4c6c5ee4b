"""Keeps results by content hash, below ``.cache/gate/``.

The caller lists everything that can change a result, and the key covers it. So no entry ever becomes invalid: a changed
input has another key.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gate.findings import Finding

MAX_ENTRIES = 2_000  # some hundred versions of both platforms; an entry is well below 10 kB


def digest_parts(parts: Iterable[tuple[str, bytes]]) -> str:
    """Returns the SHA-256 of labelled parts. It covers their lengths, so that different lists never hash alike."""
    sha = hashlib.sha256()
    for label, content in parts:
        for piece in (label.encode(), content):
            sha.update(len(piece).to_bytes(8, "big"))
            sha.update(piece)
    return sha.hexdigest()


class Cache:
    """Findings by key in a folder. With ``folder=None`` the cache stores nothing and finds nothing (``--no-cache``)."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, key: str) -> tuple[Finding, ...] | None:
        """Returns the findings of a key, or None. Deletes a damaged entry and returns None."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}.json"
        try:
            findings = tuple(Finding.from_dict(values) for values in json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            path.unlink(missing_ok=True)
            return None
        os.utime(path)  # prune() reads this as the time of the last use
        return findings

    def put(self, key: str, findings: Iterable[Finding]) -> None:
        """Stores findings. Writes a temporary file and renames it, so that no other run reads half an entry."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".tmp", delete=False) as file:
            json.dump([finding.to_dict() for finding in findings], file)
        Path(file.name).replace(self._folder / f"{key}.json")

    def prune(self, keep: int = MAX_ENTRIES) -> None:
        """Deletes the least recently used entries until ``keep`` are left."""
        if self._folder is None or not self._folder.is_dir():
            return
        entries = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder)]
        for _, path in sorted(entries, reverse=True)[keep:]:
            Path(path).unlink(missing_ok=True)
