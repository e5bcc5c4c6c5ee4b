"""Numbered SQL files, applied once each and in order: the files are the truth, a ledger table remembers them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import MigrationError
from common.migration_files import Migration, newer_than, read_folder
from common.observe import logger

if TYPE_CHECKING:
    import psycopg

SQL_FOLDER = Path(__file__).with_name("sql")
LOCK_KEY = 7_291_553_001  # an arbitrary constant of this project: one migration at a time in a database
LOCK_TIMEOUT_SECONDS = 120
STATEMENT_TIMEOUT_SECONDS = 300
_LEDGER = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.applied (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""


def load(folder: Path = SQL_FOLDER) -> tuple[Migration, ...]:
    """The migrations in order of version. Raises MigrationError for bad names, gaps and doubles."""
    return read_folder(folder)


@contextmanager
def alone(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the migration lock of the database: of several runs at once, the others wait for this one.

    Raises MigrationError when another run takes longer than two minutes.
    """
    import psycopg

    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
    connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
    except psycopg.errors.LockNotAvailable:
        raise MigrationError(0, f"another migration has been running for more than {LOCK_TIMEOUT_SECONDS} s") from None
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


def migrate(connection: psycopg.Connection[Any], migrations: Sequence[Migration]) -> list[int]:
    """Apply what is missing, each file in a transaction of its own; the versions that were applied now.

    To be called while ``alone``. A schema newer than the files is left as it is. Raises MigrationError when an applied file
    was changed, or when its SQL fails.
    """
    connection.execute(_LEDGER)
    known = _check_ledger(connection, migrations)
    return [_apply(connection, migration) for migration in migrations if migration.version not in known]


def _check_ledger(connection: psycopg.Connection[Any], migrations: Sequence[Migration]) -> set[int]:
    files = {migration.version: migration for migration in migrations}
    rows = connection.execute("SELECT version, name, sha256 FROM migrations.applied ORDER BY version").fetchall()
    applied = {version for version, _, _ in rows}
    newer = newer_than(migrations, applied)
    for version, name, sha256 in rows:
        if version not in newer and files[version].sha256 != sha256:
            raise MigrationError(version, f"was applied ({name}) and changed since; add a new file instead")
    return applied


def _apply(connection: psycopg.Connection[Any], migration: Migration) -> int:
    import psycopg

    try:
        with connection.transaction():
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO migrations.applied (version, name, sha256) VALUES (%s, %s, %s)",
                (migration.version, migration.name, migration.sha256),
            )
    except psycopg.Error as error:
        raise MigrationError(migration.version, f"{migration.name}: {error}") from error
    logger.info("migration applied", extra={"version": migration.version, "migration": migration.name})
    return migration.version
