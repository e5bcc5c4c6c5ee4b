"""Numbered SQL files, ``0001_what_it_does.sql``, which hold the schemas of both databases."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import MigrationError
from common.observe import logger

_NAME = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Digest of the file. An applied file must never change, not even its comments."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def newer_than(migrations: Sequence[Migration], applied: Iterable[int]) -> set[int]:
    """The applied versions beyond the newest file, which show that this code is older than the schema.

    CloudFormation causes this when it rolls back a failed deployment: it runs the previous version's migration. That run
    must leave the schema as it is, or the rollback fails too. No file in the middle can be missing (``read_folder``).
    """
    newest = max((migration.version for migration in migrations), default=0)
    newer = {version for version in applied if version > newest}
    if newer:
        logger.warning("the schema is newer than this code; it stays as it is", extra={"versions": sorted(newer)})
    return newer


def read_folder(folder: Path) -> tuple[Migration, ...]:
    """The migrations in order of version. Raises MigrationError for invalid names, gaps and duplicates."""
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(0, f"{path.name} is not named like 0001_what_it_does.sql")
        migrations.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationError(migration.version, f"expected version {expected} here, without gaps and duplicates")
    return tuple(migrations)
