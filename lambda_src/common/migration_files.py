"""Numbered SQL files, ``0001_what_it_does.sql``: the form in which both databases' schemas are kept."""

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
        """Digest of the file: an applied one must never change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def newer_than(migrations: Sequence[Migration], applied: Iterable[int]) -> set[int]:
    """The applied versions beyond the newest file: this code is older than the schema.

    That is so when CloudFormation takes a failed deployment back: it runs the migration of the version before, which must
    then leave the schema as it is, or the way back fails too. (A file in the middle cannot be missing: see `read_folder`.)
    """
    newest = max((migration.version for migration in migrations), default=0)
    newer = {version for version in applied if version > newest}
    if newer:
        logger.warning("the schema is newer than this code; nothing is undone", extra={"versions": sorted(newer)})
    return newer


def read_folder(folder: Path) -> tuple[Migration, ...]:
    """The migrations in order of version. Raises MigrationError for bad names, gaps and doubles."""
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(0, f"{path.name} is not named like 0001_what_it_does.sql")
        migrations.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationError(migration.version, f"expected version {expected} here: no gaps, no doubles")
    return tuple(migrations)
