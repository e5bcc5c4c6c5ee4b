"""A migration in a process that kills itself after a chosen statement, as Lambda's would that is ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import closing
from multiprocessing.context import ForkServerContext
from typing import Any

import pymysql.cursors

from common import mysql
from migrate_mysql.application import ensure_application
from migrate_mysql.migrations import Migration, migrate, migration_lock

KILLED = -signal.SIGKILL
RIGHTS = {"accounts": "SELECT, INSERT", "notes": "SELECT"}
# Nothing here says IF NOT EXISTS, and rows would come twice if they were inserted twice.
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
    """New processes in milliseconds; it needs PYTHONPATH (see tests/lambda_src/killing.py)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.lambda_src.migrating"])
    return context


def whole(master: mysql.Login, application: mysql.Login) -> None:
    """What the function does with FILES."""
    with closing(mysql.connect(master)) as connection, migration_lock(connection, master.database):
        migrate(connection, FILES)
        ensure_application(connection, application, RIGHTS)


def whole_and_die(authority: str, master: mysql.Login, application: mysql.Login, last: int) -> None:
    """The same, ended right after the ``last`` statement that changes something; complete where it has fewer."""
    os.environ["MYSQL_SSL_CA"] = authority
    execute, seen = pymysql.cursors.Cursor.execute, []

    def watched(self: Any, query: str, args: Any = None) -> Any:
        count = execute(self, query, args)
        if not query.startswith(("SELECT", "SHOW", "SET")):
            seen.append(query)
            if len(seen) == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    pymysql.cursors.Cursor.execute = watched  # type: ignore[method-assign]
    whole(master, application)
