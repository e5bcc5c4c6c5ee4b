"""Whether the database answers. One query at a time, however many callers ask, and at most two seconds of waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field

import pymysql

from .database import MySqlConnection, code_of
from .errors import DatabaseUnavailableError
from .secret import CredentialCache, Credentials

ANSWER_SECONDS = 2.0
FRESH_SECONDS = 1.0  # /health can be reached from outside, so callers must not be able to keep the database busy


@dataclass
class Health:
    """The health check. Its own connection lets it answer while payments wait. Thread-safe.

    Attributes:
        credentials: The credentials to connect with.
        open: Opens a connection with credentials.
        clock: A monotonic clock in seconds.
    """

    credentials: CredentialCache
    open: Callable[[Credentials], MySqlConnection]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _executor: ThreadPoolExecutor | None = field(default=None, repr=False)
    _check: Future[str] | None = field(default=None, repr=False)
    _fresh_until: float = 0.0
    _connection: MySqlConnection | None = field(default=None, repr=False)

    def fault(self) -> str:
        """The reason why the database does not answer; ``""`` if it did within the last second or does within two."""
        with self._lock:
            if self._check is None or (self._check.done() and self.clock() >= self._fresh_until):
                # Created on first use, because a thread that starts before a fork does not exist after it.
                self._executor = self._executor or ThreadPoolExecutor(1, thread_name_prefix="health")
                self._check = self._executor.submit(self._run_check)
            check = self._check
        try:
            return check.result(ANSWER_SECONDS)
        except FutureTimeoutError:
            return "no answer in time"

    def _run_check(self) -> str:
        try:
            self._query_twice()
            fault = ""
        except DatabaseUnavailableError as error:
            fault = error.reason
        except pymysql.MySQLError as error:
            fault = f"error {code_of(error)}"
        self._fresh_until = self.clock() + FRESH_SECONDS
        return fault

    def _query_twice(self) -> None:
        """Query on the kept connection, which may have died while idle, and if that fails on a new one."""
        if self._connection is not None:
            try:
                self._query(self._connection)
                return
            except pymysql.MySQLError:
                self._connection = None
        credentials = self.credentials.current()
        try:
            self._connection = self.open(credentials)
        except pymysql.MySQLError:
            self._connection = self.open(self.credentials.other_than(credentials))
        self._query(self._connection)

    def _query(self, connection: MySqlConnection) -> None:
        with connection.cursor() as cursor:
            # A table of the service, because a database without the migrations is not healthy.
            cursor.execute("SELECT 1 FROM idempotency_keys LIMIT 1")
            cursor.fetchall()
        connection.rollback()
