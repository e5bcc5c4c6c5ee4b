"""Results kept by content hash, below `.cache/gate/`.

A key covers everything that can change the answer (the caller lists it), so an entry never has to be invalidated:
it is either the answer or nobody asks for it any more.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gate.findings import Finding

KEPT_ENTRIES = 2_000  # some hundred versions of both platforms; an entry is well below 10 kB


def digest(parts: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 over labelled parts. Lengths are part of it, so that no two lists run into each other."""
    sha = hashlib.sha256()
    for label, content in parts:
        for piece in (label.encode(), content):
            sha.update(len(piece).to_bytes(8, "big"))
            sha.update(piece)
    return sha.hexdigest()


class Cache:
    """Findings by key in a folder; `folder=None` remembers nothing and forgets nothing (`--no-cache`)."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, key: str) -> tuple[Finding, ...] | None:
        """The findings kept under a key, or None. A damaged entry counts as absent and is checked anew."""
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
        os.utime(path)  # last use, for prune
        return findings

    def put(self, key: str, findings: Iterable[Finding]) -> None:
        """Keep findings; written beside and renamed, so that two runs at once never read half an entry."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".tmp", delete=False) as file:
            json.dump([finding.to_dict() for finding in findings], file)
        Path(file.name).replace(self._folder / f"{key}.json")

    def prune(self, keep: int = KEPT_ENTRIES) -> None:
        """Drop the entries that were used longest ago."""
        if self._folder is None or not self._folder.is_dir():
            return
        entries = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder)]
        for _, path in sorted(entries, reverse=True)[keep:]:
            Path(path).unlink(missing_ok=True)
