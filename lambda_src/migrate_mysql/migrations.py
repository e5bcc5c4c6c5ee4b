"""Applies numbered SQL files, each once and in order, statement by statement, with a ledger of files and statements.

MySQL commits each statement that changes the schema implicitly ("Statements That Cause an Implicit Commit", MySQL 8.0
Reference Manual), so a file cannot be one transaction. The ledger has a row for each statement, which is written before
the statement runs and marked after it:

- A statement that changes rows and its mark are one transaction, so the statement happens once.
- A statement that changes the schema happens as a whole or not at all (atomic DDL, also MariaDB 10.6). Its mark is missing
  if the function ended between the two. The statement then runs again, and "exists already" counts as done.
- Applied SQL may never change, neither an applied file nor the statements before a failed one. The failed statement, and
  those after it, may be fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import MigrationError
from common.migration_files import Migration, newer_than, read_folder
from common.mysql import error_number, error_text, rows
from common.observe import logger

from .statements import split

if TYPE_CHECKING:
    import pymysql

    Connection = pymysql.connections.Connection[Any]

SQL_FOLDER = Path(__file__).with_name("sql")
LOCK_WAIT_SECONDS = 120
METADATA_WAIT_SECONDS = 60  # for a table in use; MySQL would wait a year
WHOLE_FILE = 0
# ER_DB_CREATE_EXISTS, ER_TABLE_EXISTS_ERROR, ER_BAD_TABLE_ERROR, ER_DUP_FIELDNAME, ER_DUP_KEYNAME, ER_MULTIPLE_PRI_KEY,
# ER_CANT_DROP_FIELD_OR_KEY, ER_FK_DUP_NAME, ER_CHECK_CONSTRAINT_DUP_NAME.
_APPLIED_ALREADY = frozenset({1007, 1050, 1051, 1060, 1061, 1068, 1091, 1826, 3822})
_LEDGER = """
CREATE TABLE IF NOT EXISTS migration_ledger (
    version   INT          NOT NULL,
    statement INT          NOT NULL COMMENT '0: the whole file',
    name      VARCHAR(100) NOT NULL,
    sha256    CHAR(64)     NOT NULL,
    begun_at  DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    done_at   DATETIME(6)  NULL,
    PRIMARY KEY (version, statement)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    sha256: str
    applied: bool


_Ledger = dict[tuple[int, int], _Entry]


def load(folder: Path = SQL_FOLDER) -> tuple[Migration, ...]:
    """The migrations in order of version. Raises MigrationError for invalid names, gaps and duplicates."""
    return read_folder(folder)


@contextmanager
def migration_lock(connection: Connection, database: str) -> Iterator[None]:
    """Hold the migration lock of the database, so that parallel runs wait for this one.

    The server releases the lock with the connection, however that ends. Raises MigrationError if another run takes longer
    than two minutes.
    """
    name = "migrate:" + _digest(database)[:48]  # MySQL allows 64 characters, and the lock is global to the server
    rows(connection, f"SET SESSION lock_wait_timeout = {METADATA_WAIT_SECONDS}")
    [(locked,)] = rows(connection, "SELECT GET_LOCK(%s, %s)", name, LOCK_WAIT_SECONDS)
    if locked != 1:
        raise MigrationError(0, f"another migration has been running for more than {LOCK_WAIT_SECONDS} s")
    try:
        yield
    finally:
        if connection.open:
            rows(connection, "SELECT RELEASE_LOCK(%s)", name)


def migrate(connection: Connection, migrations: Sequence[Migration]) -> list[int]:
    """Apply the missing files and statements, under the ``migration_lock``.

    A schema newer than the files stays as it is.

    Returns:
        The versions that this run finished.

    Raises:
        MigrationError: An applied file or statement was changed, or a statement fails.
    """
    rows(connection, _LEDGER)
    ledger = _read_ledger(connection)
    _check_ledger(ledger, migrations)
    applied = []
    for migration in migrations:
        if (migration.version, WHOLE_FILE) not in ledger:
            _apply(connection, migration, ledger)
            applied.append(migration.version)
    return applied


def _read_ledger(connection: Connection) -> _Ledger:
    entries = rows(connection, "SELECT version, statement, sha256, done_at IS NOT NULL FROM migration_ledger")
    return {(version, statement): _Entry(sha256, bool(applied)) for version, statement, sha256, applied in entries}


def _check_ledger(ledger: _Ledger, migrations: Sequence[Migration]) -> None:
    """Raises MigrationError if an applied file was changed."""
    files = {migration.version: migration for migration in migrations}
    newer = newer_than(migrations, {version for version, _ in ledger})
    for (version, statement), entry in sorted(ledger.items()):
        if version not in newer and statement == WHOLE_FILE and entry.sha256 != files[version].sha256:
            raise MigrationError(
                version, f"was applied ({files[version].name}) and changed since; add a new file instead"
            )


def _apply(connection: Connection, migration: Migration, ledger: _Ledger) -> None:
    statements = _statements(migration)
    begun = {number: entry for (version, number), entry in ledger.items() if version == migration.version}
    if begun and max(begun) > len(statements):
        raise MigrationError(migration.version, f"{migration.name}: statements that were begun are missing")
    for number, statement in enumerate(statements, start=1):
        entry = begun.get(number)
        if entry is not None and entry.applied:
            if entry.sha256 != _digest(statement):
                raise MigrationError(
                    migration.version, f"{migration.name}: statement {number} was applied and changed since"
                )
            continue
        again = entry is not None and entry.sha256 == _digest(statement)
        _run(connection, migration, number, statement, again=again)
    _mark(connection, migration, WHOLE_FILE, migration.sha256, applied=True)
    logger.info("migration applied", extra={"version": migration.version, "migration": migration.name})


def _statements(migration: Migration) -> tuple[str, ...]:
    try:
        return split(migration.sql)
    except ValueError as error:
        raise MigrationError(migration.version, f"{migration.name}: {error}") from None


def _run(connection: Connection, migration: Migration, number: int, statement: str, *, again: bool) -> None:
    """Run one statement and mark it. ``again``: an earlier run began it, and may have finished it."""
    import pymysql

    _mark(connection, migration, number, _digest(statement), applied=False)
    connection.begin()
    try:
        rows(connection, statement)
        _mark(connection, migration, number, _digest(statement), applied=True)
        connection.commit()
    except pymysql.err.MySQLError as error:
        if connection.open:
            connection.rollback()
        if not (again and error_number(error) in _APPLIED_ALREADY):
            reason = f"{migration.name}: statement {number}: {error_text(error)}"
            raise MigrationError(migration.version, reason) from error
        _mark(connection, migration, number, _digest(statement), applied=True)


def _mark(connection: Connection, migration: Migration, number: int, sha256: str, *, applied: bool) -> None:
    rows(
        connection,
        "REPLACE INTO migration_ledger (version, statement, name, sha256, done_at)"
        " VALUES (%s, %s, %s, %s, IF(%s, CURRENT_TIMESTAMP(6), NULL))",
        migration.version,
        number,
        migration.name[:100],
        sha256,
        applied,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
