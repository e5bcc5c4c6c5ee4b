"""A migration in a process that kills itself after a chosen statement, as one that Lambda kills."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import closing
from multiprocessing.context import ForkServerContext
from typing import Any

import pymysql.cursors

from common import mysql
from common.migration_files import Migration
from migrate_mysql.application import ensure_application
from migrate_mysql.migrations import migrate, migration_lock

KILLED = -signal.SIGKILL
RIGHTS = {"accounts": "SELECT, INSERT", "notes": "SELECT"}
# No statement says IF NOT EXISTS, and a repeated INSERT adds its rows again.
FILES = (
    Migration(
        1,
        "first",
        "CREATE TABLE accounts (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO accounts VALUES (1, 'a;b');"
        "CREATE TABLE counts (n INT); INSERT INTO counts VALUES (1);",
    ),
    Migration(
        2,
        "second",
        "ALTER TABLE accounts ADD COLUMN more INT NOT NULL DEFAULT 0; UPDATE counts SET n = n + 1;"
        "CREATE INDEX by_note ON accounts (note); ALTER TABLE accounts DROP COLUMN more; CREATE TABLE notes (n INT);",
    ),
)


def forkserver() -> ForkServerContext:
    """A context that starts processes in milliseconds; it needs PYTHONPATH (see killed_processing.py)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def migrate_files(master: mysql.Login, application: mysql.Login) -> None:
    """Do with ``FILES`` what the function does with its own files."""
    with closing(mysql.connect(master)) as connection, migration_lock(connection, master.database):
        migrate(connection, FILES)
        ensure_application(connection, application, RIGHTS)


def migrate_files_and_die(authority: str, master: mysql.Login, application: mysql.Login, last: int) -> None:
    """Migrate, and die right after change number ``last``; with fewer changes the migration is complete."""
    os.environ["MYSQL_SSL_CA"] = authority
    execute = pymysql.cursors.Cursor.execute
    changes: list[str] = []

    def watched(self: Any, query: str, args: Any = None) -> Any:
        count = execute(self, query, args)
        if not query.startswith(("SELECT", "SHOW", "SET")):
            changes.append(query)
            if len(changes) == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    pymysql.cursors.Cursor.execute = watched  # type: ignore[method-assign]
    migrate_files(master, application)
