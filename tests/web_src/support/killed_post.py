"""A process that posts one payment and kills itself after a chosen step, as the loss of an instance would.

A step is a statement or a commit. Arguments: the credentials as JSON, the certificate authority, the key, the body, and the
number of the last step (0: none). The process prints the steps if it survives.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from payments import database
from payments.model import parse
from payments.secret import CredentialCache
from payments.store import Store


def main() -> None:
    """Post the payment."""
    secret, authority, key, body, last_step = sys.argv[1:]
    steps: list[str] = []

    def note(step: str) -> None:
        steps.append(step)
        if len(steps) == int(last_step):
            os.kill(os.getpid(), signal.SIGKILL)

    execute, commit = Cursor.execute, Connection.commit

    def noting_execute(self: Any, statement: Any, arguments: Any = None) -> Any:
        row_count = execute(self, statement, arguments)
        note(str(statement).partition("(")[0])
        return row_count

    def noting_commit(self: Any) -> None:
        commit(self)
        note("COMMIT")

    setattr(Cursor, "execute", noting_execute)  # noqa: B010 - a method, which mypy does not allow to be assigned
    setattr(Connection, "commit", noting_commit)  # noqa: B010
    tls = database.verified_tls(Path(authority))
    credentials = CredentialCache(lambda: secret)
    store = Store(database.Database(credentials, partial(database.connect, tls=tls)))
    stored = store.post(key, parse(body.encode()))
    print("\n".join([*steps, f"replayed {stored.is_replay}"]))


main()
