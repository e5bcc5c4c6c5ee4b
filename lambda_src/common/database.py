"""Connections to PostgreSQL, with verified TLS and an IAM token or a password. Each environment keeps one.

Source of the token scheme: "IAM database authentication for Aurora", Aurora User Guide. A token is valid for 15 minutes.
Only connecting needs it, and an open connection outlives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import settings
from .errors import CredentialsRejectedError, DatabaseUnavailableError

if TYPE_CHECKING:
    import psycopg

RDS_BUNDLE = Path(__file__).with_name("global-bundle.pem")
CONNECT_TIMEOUT_SECONDS = 10
# A connection to a paused Aurora instance waits until it has resumed: about 15 seconds, after a day's pause 30 or more.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
RESUME_TIMEOUT_SECONDS = 60
# A server that vanished without closing the connection (a failover while the environment was frozen) acknowledges no
# packet. Without this limit the first statement would wait some 15 minutes, Linux's default. It does not end slow
# statements, because a live server acknowledges them.
DEAD_PEER_MILLISECONDS = 8_000
# The messages with SQLSTATE 28P01 (a wrong password) and 28000 (PAM, pg_hba.conf, or a role that may not log in) of
# PostgreSQL's libpq/auth.c and init/postinit.c. libpq does not give the SQLSTATE of a connection that failed.
_LOGIN_REJECTED = re.compile(
    r"authentication failed for user|pg_hba\.conf (rejects|entry)|is not permitted to log in|role \".*\" does not exist"
)


@dataclass(frozen=True, slots=True)
class Target:
    """The server, database and user of a connection. ``options`` are libpq's."""

    host: str
    port: int
    name: str
    user: str
    options: str = ""

    @classmethod
    def from_environment(cls, options: str = "") -> Target:
        """The target in DB_HOST, DB_PORT, DB_NAME and DB_USER. Raises ConfigurationError."""
        return cls(
            settings.required("DB_HOST"),
            settings.port("DB_PORT"),
            settings.required("DB_NAME"),
            settings.required("DB_USER"),
            options,
        )


def pauses() -> bool:
    """Whether the database pauses while no client is connected (``DB_PAUSES``)."""
    return settings.optional("DB_PAUSES") == "true"


def session_options(**parameters: str | int) -> str:
    """The ``options`` of libpq that set server parameters before the first statement, such as statement_timeout=5000."""
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())


def iam_token(target: Target) -> str:
    """A password for an ``rds_iam`` user (``rds-db:connect``). boto3 signs it locally and sends no request."""
    from .clients import client

    token: str = client("rds").generate_db_auth_token(DBHostname=target.host, Port=target.port, DBUsername=target.user)
    return token


def connect(target: Target, password: str, timeout_seconds: int = CONNECT_TIMEOUT_SECONDS) -> psycopg.Connection[Any]:
    """A new autocommit connection. PGSSLMODE defaults to verify-full, PGSSLROOTCERT to the RDS roots in this folder.

    Raises:
        CredentialsRejectedError: The server rejects the login.
        DatabaseUnavailableError: The connection failed for another reason. Neither text contains the password.
    """
    import psycopg

    try:
        return psycopg.connect(
            host=target.host,
            port=target.port,
            dbname=target.name,
            user=target.user,
            password=password,
            options=target.options,
            sslmode=settings.optional("PGSSLMODE", "verify-full"),
            sslrootcert=settings.optional("PGSSLROOTCERT", str(RDS_BUNDLE)),
            connect_timeout=timeout_seconds,
            application_name=settings.optional("POWERTOOLS_SERVICE_NAME", "trading"),
            keepalives_idle=30,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=DEAD_PEER_MILLISECONDS,
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        if _LOGIN_REJECTED.search(str(error)):
            raise CredentialsRejectedError(target.host, _first_line(error)) from None
        resuming = isinstance(error, psycopg.errors.ConnectionTimeout) and pauses()
        raise DatabaseUnavailableError(target.host, _first_line(error), resuming) from None


@dataclass
class Database:
    """One connection, opened on first use, reused while it works and replaced after it is lost."""

    target: Callable[[], Target]
    password: Callable[[Target], str] = iam_token
    timeout_seconds: int = CONNECT_TIMEOUT_SECONDS
    _connection: psycopg.Connection[Any] | None = field(default=None, repr=False)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, tested first if it was idle.

        Raises:
            DatabaseUnavailableError: The connection cannot be opened, or broke while it was used. A broken connection is
                dropped.
        """
        import psycopg

        connection = self._alive() or self._open()
        try:
            yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if connection.broken or connection.closed:
                self.close()
            raise DatabaseUnavailableError(self.target().host, _first_line(error)) from error
        except psycopg.errors.ReadOnlySqlTransaction as error:
            # After a failover the kept connection may lead to a server that is now a reader. The endpoint's name does not.
            self.close()
            raise DatabaseUnavailableError(self.target().host, _first_line(error)) from error

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        target = self.target()
        self._connection = connect(target, self.password(target), self.timeout_seconds)
        return self._connection

    def _alive(self) -> psycopg.Connection[Any] | None:
        import psycopg

        if self._connection is None:
            return None
        try:
            # Lambda freezes the environment between invocations, so a kept connection may be dead (failover, idle timeout).
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self.close()
            return None
        return self._connection


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
