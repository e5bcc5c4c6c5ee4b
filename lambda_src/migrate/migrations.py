"""Applies numbered SQL files, each once and in order. A ledger table records the applied ones."""

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
LOCK_KEY = 7_291_553_001  # an arbitrary constant of this project, so that one migration runs at a time in a database
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
    """The migrations in order of version. Raises MigrationError for invalid names, gaps and duplicates."""
    return read_folder(folder)


@contextmanager
def migration_lock(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the migration lock of the database, so that parallel runs wait for this one.

    Raises MigrationError if another run takes longer than two minutes.
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
    """Apply the missing files, each in its own transaction, under the ``migration_lock``.

    A schema newer than the files stays as it is.

    Returns:
        The versions that this run applied.

    Raises:
        MigrationError: An applied file was changed, or the SQL of a file fails.
    """
    connection.execute(_LEDGER)
    applied = _check_ledger(connection, migrations)
    return [_apply(connection, migration) for migration in migrations if migration.version not in applied]


def _check_ledger(connection: psycopg.Connection[Any], migrations: Sequence[Migration]) -> set[int]:
    """The applied versions. Raises MigrationError if an applied file was changed."""
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
