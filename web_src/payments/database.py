"""Connections to MySQL under verified TLS, one for each thread, and transactions that are retried.

Every wait is bounded: without a database a request gets its answer after ``GIVE_UP_SECONDS`` and at most one more attempt.
A retry is safe because a transaction is all or nothing. If the connection breaks under COMMIT although the server has
committed, the next attempt meets its own idempotency key.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from pymysql.cursors import Cursor

from .errors import DatabaseBusyError, DatabaseUnavailableError
from .secret import CredentialCache, Credentials

CONNECT_TIMEOUT_SECONDS = 2  # to open the TCP connection
READ_TIMEOUT_SECONDS = 5  # for each answer; more than the server's own wait for a lock
LOCK_WAIT_SECONDS = 3
ATTEMPTS = 4
GIVE_UP_SECONDS = 8.0  # no attempt begins after this
PAUSE_SECONDS = 0.05  # before the second attempt; doubled each time, with jitter
# A connection is replaced after a quarter of an hour, so that none outlives a rotated user for long.
MAX_AGE_SECONDS = 900.0

T = TypeVar("T")
MySqlConnection: TypeAlias = "Connection[Cursor]"  # Connection is generic for the type checker only

# Error numbers without a name in PyMySQL: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_ACCOUNT_LOCKED, _READ_ONLY_TRANSACTION, _READ_ONLY_MODE, _KILLED_BY_MARIADB = 3118, 1792, 1836, 1927
LOGIN_REJECTED = frozenset({ER.ACCESS_DENIED_ERROR, 1698, _ACCOUNT_LOCKED})
LOST = frozenset(
    {
        *(0, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR),
        *(CR.CR_SERVER_LOST_EXTENDED, CR.CR_SSL_CONNECTION_ERROR, CR.CR_UNKNOWN_HOST, _KILLED_BY_MARIADB),
        *(ER.SERVER_SHUTDOWN, ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS, ER.QUERY_INTERRUPTED),
        # After a failover a kept connection may lead to a server that has become a reader.
        *(ER.OPTION_PREVENTS_STATEMENT, _READ_ONLY_TRANSACTION, _READ_ONLY_MODE),
    }
)
BUSY = frozenset({ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT})


def verified_tls(ca_file: Path) -> ssl.SSLContext:
    """A context for TLS 1.2 or newer. An authority in ``ca_file`` must have issued the server's certificate for the host."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Since Python 3.13 the strict mode demands extensions that older roots lack (RFC 5280). Chain and host name are checked
    # without it too.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def connect(
    credentials: Credentials,
    tls: ssl.SSLContext,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
) -> MySqlConnection:
    """Open a connection: UTC, strict SQL mode, READ COMMITTED (fewer locks between payments).

    Raises:
        pymysql.MySQLError: The connection cannot be opened.
    """
    connection = pymysql.connect(
        host=credentials.host,
        port=credentials.port,
        user=credentials.user,
        password=credentials.password,
        database=credentials.database,
        charset="utf8mb4",
        autocommit=False,
        ssl=tls,
        local_infile=False,
        connect_timeout=connect_timeout_seconds,
        read_timeout=read_timeout_seconds,
        write_timeout=read_timeout_seconds,
        init_command=(
            "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
            f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}"
        ),
    )
    with connection.cursor() as cursor:
        # By statement, because the name of the variable differs between MySQL and MariaDB.
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


@dataclass(frozen=True)
class _Opened:
    connection: MySqlConnection
    opened_at: float


@dataclass
class Database:
    """Runs transactions on one connection for each thread, opened on first use and replaced when lost or old.

    Attributes:
        credentials: The credentials to connect with.
        open: Opens a connection with credentials.
        clock: A monotonic clock in seconds.
        pause: Waits for so many seconds.
    """

    credentials: CredentialCache
    open: Callable[[Credentials], MySqlConnection]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _thread: threading.local = field(default_factory=threading.local, repr=False)

    def transaction(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` and commit. Retry after a lost connection, a rejected login or a lock that was not granted.

        Args:
            work: Runs SQL and does nothing else, because it may run several times.

        Raises:
            DatabaseUnavailableError: The connection or the login failed at the last attempt.
            DatabaseBusyError: A lock was not granted at the last attempt.
            pymysql.MySQLError: Another attempt would not help.
        """
        started_at = self.clock()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(work)
            except pymysql.MySQLError as error:
                is_last = attempt == ATTEMPTS or self.clock() - started_at > GIVE_UP_SECONDS
                self._raise_unless_temporary(error, is_last=is_last)
                # Jitter, so that two transactions that locked each other out do not meet again.
                self.pause(PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def close(self) -> None:
        """Close this thread's connection if there is one."""
        opened: _Opened | None = getattr(self._thread, "opened", None)
        self._thread.opened = None
        if opened is not None and opened.connection.open:
            opened.connection.close()

    def _attempt(self, work: Callable[[Cursor], T]) -> T:
        connection = self._connection()
        try:
            with connection.cursor() as cursor:
                result = work(cursor)
            connection.commit()
        except BaseException as error:
            self._undo(error)
            raise
        return result

    def _undo(self, error: BaseException) -> None:
        """Leave the thread a connection without an open transaction, or no connection."""
        opened: _Opened = self._thread.opened
        if code_of(error) in LOST:
            self.close()
            return
        try:
            opened.connection.rollback()
        except pymysql.MySQLError:
            # The server rolls back what a closed connection leaves.
            self.close()

    def _connection(self) -> MySqlConnection:
        opened: _Opened | None = getattr(self._thread, "opened", None)
        if opened is not None and self.clock() - opened.opened_at < MAX_AGE_SECONDS:
            return opened.connection
        self.close()
        credentials = self.credentials.current()
        try:
            connection = self.open(credentials)
        except pymysql.MySQLError as error:
            if code_of(error) not in LOGIN_REJECTED | LOST:
                raise
            # Once more with the secret's present value, which may have been rotated twice or may name another host.
            connection = self.open(self.credentials.other_than(credentials))
        self._thread.opened = _Opened(connection, self.clock())
        return connection

    def _raise_unless_temporary(self, error: pymysql.MySQLError, *, is_last: bool) -> None:
        """Raise if another attempt cannot succeed, or if this was the last one."""
        code = code_of(error)
        if code in BUSY:
            if is_last:
                raise DatabaseBusyError(f"error {code}") from None
        elif code in LOGIN_REJECTED | LOST:
            if is_last:
                raise DatabaseUnavailableError(f"error {code}") from None
        else:
            raise error


def code_of(error: BaseException) -> int:
    """The number of a MySQL error; -1 for any other exception. The text is not used, because it can hold values."""
    if not isinstance(error, pymysql.MySQLError):
        return -1
    number: Any = error.args[0] if error.args else -1
    return number if isinstance(number, int) else -1
