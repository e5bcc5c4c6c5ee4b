"""A process that posts one payment and ends itself by SIGKILL after a chosen step, as an instance that is lost would.

A step is a statement or a commit. Arguments: the credentials as JSON, the roots, the key, the body, the last step (0:
none). It prints the steps when it comes to its end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from payments import database
from payments.model import parse
from payments.secret import CredentialCache
from payments.store import Store


def main() -> None:
    secret, authority, key, body, last = sys.argv[1:]
    done: list[str] = []

    def step(name: str) -> None:
        done.append(name)
        if len(done) == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    execute, commit = Cursor.execute, Connection.commit

    def watched_execute(self: Any, statement: Any, arguments: Any = None) -> Any:
        found = execute(self, statement, arguments)
        step(str(statement).partition("(")[0])
        return found

    def watched_commit(self: Any) -> None:
        commit(self)
        step("COMMIT")

    setattr(Cursor, "execute", watched_execute)  # noqa: B010 - a method, which mypy would not let be assigned
    setattr(Connection, "commit", watched_commit)  # noqa: B010
    tls = database.verified_tls(Path(authority))
    store = Store(database.Database(CredentialCache(lambda: secret), lambda one: database.connect(one, tls)))
    stored = store.post(key, parse(body.encode()))
    print("\n".join([*done, f"replayed {stored.is_replay}"]))


main()
