"""Connections to MySQL under verified TLS, one for each thread, and transactions that are tried again.

Every wait is bounded: a request that finds no database is answered after ``GIVE_UP_AFTER_S`` and one more try at most.
Trying again is safe because a transaction is all or nothing, and because the idempotency key makes one that was committed
unseen (the connection broke under COMMIT) show itself at the next try.
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

CONNECT_TIMEOUT_S = 2  # to open the TCP connection
READ_TIMEOUT_S = 5  # for each answer; more than the server's own wait for a lock
LOCK_WAIT_S = 3
ATTEMPTS = 4
GIVE_UP_AFTER_S = 8.0  # no new try after this
PAUSE_S = 0.05  # before the second try; doubled each time, with jitter
OLDEST_S = 900.0  # a connection is replaced after a quarter of an hour, so that none outlives a rotated user for long

T = TypeVar("T")
MySqlConnection: TypeAlias = "Connection[Cursor]"  # generic only for the type checker

# Numbers without a name in PyMySQL: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_ACCOUNT_LOCKED, _READ_ONLY_TRANSACTION, _READ_ONLY_MODE, _KILLED_BY_MARIADB = 3118, 1792, 1836, 1927
REFUSED = frozenset({ER.ACCESS_DENIED_ERROR, 1698, _ACCOUNT_LOCKED})
LOST = frozenset(
    {
        *(0, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR),
        *(CR.CR_SERVER_LOST_EXTENDED, CR.CR_SSL_CONNECTION_ERROR, CR.CR_UNKNOWN_HOST, _KILLED_BY_MARIADB),
        *(ER.SERVER_SHUTDOWN, ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS, ER.QUERY_INTERRUPTED),
        # After a failover a kept connection may lead to what is a reader now.
        *(ER.OPTION_PREVENTS_STATEMENT, _READ_ONLY_TRANSACTION, _READ_ONLY_MODE),
    }
)
BUSY = frozenset({ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT})


def verified_tls(ca_file: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; the server's certificate must come from ``ca_file`` and name the host."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 began to ask for extensions that older roots lack (RFC 5280); chain and host name are checked anyway.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def connect(
    credentials: Credentials,
    tls: ssl.SSLContext,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
) -> MySqlConnection:
    """A new connection: UTC, strict, READ COMMITTED (fewer locks between payments). Raises pymysql's errors."""
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
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        write_timeout=read_timeout_s,
        init_command=(
            "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
            f"innodb_lock_wait_timeout = {LOCK_WAIT_S}"
        ),
    )
    with connection.cursor() as cursor:
        # A statement, since the variable's name differs between MySQL and MariaDB.
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


@dataclass(frozen=True)
class _Opened:
    connection: MySqlConnection
    credentials: Credentials
    at: float


@dataclass
class Database:
    """Runs transactions; one connection for each thread, opened on first use and replaced when lost or old."""

    credentials: CredentialCache
    open: Callable[[Credentials], MySqlConnection]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _thread: threading.local = field(default_factory=threading.local, repr=False)

    def transaction(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` and commit; begin again when the connection is lost, a login refused or a lock not had.

        ``work`` must do nothing but SQL, since it may run several times. Raises DatabaseUnavailableError or
        DatabaseBusyError when the tries are used up, and pymysql's error when trying again would not help.
        """
        started = self.clock()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(work)
            except pymysql.MySQLError as error:
                self._judge(error, last=attempt == ATTEMPTS or self.clock() - started > GIVE_UP_AFTER_S)
                # Jitter, so that two that were in each other's way do not meet again.
                self.pause(PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def close(self) -> None:
        """Close this thread's connection if there is one."""
        opened: _Opened | None = getattr(self._thread, "opened", None)
        self._thread.opened = None
        if opened is not None and opened.connection.open:
            opened.connection.close()

    def _once(self, work: Callable[[Cursor], T]) -> T:
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
        """Leave a connection without an open transaction, or none."""
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
        if opened is not None and self.clock() - opened.at < OLDEST_S:
            return opened.connection
        self.close()
        credentials = self.credentials.current()
        try:
            connection = self.open(credentials)
        except pymysql.MySQLError as error:
            if code_of(error) not in REFUSED | LOST:
                raise
            # Once more with what the secret holds now: it may have been rotated twice, or lead to another host.
            credentials = self.credentials.other_than(credentials)
            connection = self.open(credentials)
        self._thread.opened = _Opened(connection, credentials, self.clock())
        return connection

    def _judge(self, error: pymysql.MySQLError, last: bool) -> None:
        """Raise unless another try makes sense."""
        code = code_of(error)
        if code in BUSY:
            if last:
                raise DatabaseBusyError(f"error {code}") from None
        elif code in REFUSED | LOST:
            if last:
                raise DatabaseUnavailableError(f"error {code}") from None
        else:
            raise error


def code_of(error: BaseException) -> int:
    """The number of a MySQL error; -1 for any other exception. The text is not used: it can hold values."""
    if not isinstance(error, pymysql.MySQLError):
        return -1
    number: Any = error.args[0] if error.args else -1
    return number if isinstance(number, int) else -1
