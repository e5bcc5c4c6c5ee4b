"""Whether the database answers: one question at a time however many ask, and never more than two seconds of waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field

import pymysql

from .database import MySqlConnection, code_of
from .errors import DatabaseUnavailableError
from .secret import CredentialCache, Credentials

ANSWER_WITHIN_S = 2.0
FRESH_FOR_S = 1.0  # /health can be reached from outside: it must not become a way to keep the database busy


@dataclass
class Health:
    """A connection of its own, so that health does not wait behind payments. Thread-safe."""

    credentials: CredentialCache
    open: Callable[[Credentials], MySqlConnection]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _worker: ThreadPoolExecutor | None = field(default=None, repr=False)
    _asked: Future[str] | None = field(default=None, repr=False)
    _fresh_until: float = 0.0
    _connection: MySqlConnection | None = field(default=None, repr=False)

    def fault(self) -> str:
        """``""`` where the database answered within the last second or does within two; else what is wrong."""
        with self._lock:
            if self._asked is None or (self._asked.done() and self.clock() >= self._fresh_until):
                # Made on first use: a thread that is started before a fork does not exist after it.
                self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="health")
                self._asked = self._worker.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(ANSWER_WITHIN_S)
        except NotInTime:
            return "no answer in time"

    def _ask(self) -> str:
        try:
            fault = self._try_twice()
        except DatabaseUnavailableError as error:
            fault = error.reason
        except pymysql.MySQLError as error:
            fault = f"error {code_of(error)}"
        self._fresh_until = self.clock() + FRESH_FOR_S
        return fault

    def _try_twice(self) -> str:
        """A kept connection may have died while idle; a second, new one tells."""
        if self._connection is not None:
            try:
                return self._select()
            except pymysql.MySQLError:
                self._connection = None
        used = self.credentials.current()
        try:
            self._connection = self.open(used)
        except pymysql.MySQLError:
            self._connection = self.open(self.credentials.other_than(used))
        return self._select()

    def _select(self) -> str:
        if self._connection is None:
            raise AssertionError("only called with a connection")
        with self._connection.cursor() as cursor:
            # A table of the service: a database that nobody has migrated is not healthy.
            cursor.execute("SELECT 1 FROM idempotency_keys LIMIT 1")
            cursor.fetchall()
        self._connection.rollback()
        return ""
