"""Connections to Aurora MySQL: TLS verified, UTC, utf8mb4, strict; and its users named as SQL names them.

Statements written for it run on MySQL 8.0 and on MariaDB 10.11 (the tests' server). What differs and matters here:

- A login is refused with error 1045 by both; MariaDB says so also where a user lacks TLS, MySQL says 3159 then.
- SHOW GRANTS of MariaDB adds IDENTIFIED BY and REQUIRE to the line of ``*.*``; MySQL 8.0 shows grants only.
- GRANT neither makes users nor takes REQUIRE in MySQL 8.0: CREATE USER and ALTER USER do, on both.
- MySQL 8.0 has utf8mb4_0900_* collations, MariaDB has not; nothing here depends on one.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import settings
from .errors import DatabaseUnavailableError, FunctionError

if TYPE_CHECKING:
    import pymysql

RDS_BUNDLE = Path(__file__).with_name("global-bundle.pem")
CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 60
MAX_USER_LENGTH = 32
"""Characters of a user's name ("Account User Names and Passwords", MySQL 8.0 Reference Manual); MariaDB takes 128."""

ANY_HOST = "%"
"""The platform's users may come from every address: the security groups say from where, and Aurora's subnets vary."""

SQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)

# ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_BAD_DB_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
# ER_MUST_CHANGE_PASSWORD_LOGIN, ER_ACCOUNT_HAS_BEEN_LOCKED, ER_SECURE_TRANSPORT_REQUIRED; MariaDB's
# ER_ACCOUNT_HAS_BEEN_LOCKED is 4151.
_REFUSED = frozenset({1044, 1045, 1049, 1698, 1862, 3118, 3159, 4151})
_USER_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass
class LoginRefusedError(FunctionError):
    """The server answers and does not let this user in; trying again with the same password will not help."""

    host: str
    user: str
    reason: str

    def __str__(self) -> str:
        return f"database {self.host}: the login of {self.user} was refused: {self.reason}"


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom to connect; ``database`` may be ``""`` for none."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = ""


def connect(
    login: Login, timeout_seconds: int = CONNECT_TIMEOUT_SECONDS, statement_timeout_seconds: int = READ_TIMEOUT_SECONDS
) -> pymysql.connections.Connection[Any]:
    """A new autocommit connection. The server must show a certificate for ``login.host`` from MYSQL_SSL_CA.

    That is a file of root certificates; by default the RDS roots shipped here. Raises LoginRefusedError and
    DatabaseUnavailableError, without the password in their texts.
    """
    import pymysql

    try:
        return pymysql.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            database=login.database or None,
            charset="utf8mb4",
            ssl=tls_context(),
            local_infile=False,
            autocommit=True,
            connect_timeout=timeout_seconds,
            read_timeout=statement_timeout_seconds,
            write_timeout=statement_timeout_seconds,
            init_command=f"SET SESSION time_zone = '+00:00', sql_mode = '{SQL_MODE}'",
        )
    except pymysql.err.MySQLError as error:
        if error_number(error) in _REFUSED:
            raise LoginRefusedError(login.host, login.user, describe(error)) from None
        raise DatabaseUnavailableError(login.host, describe(error)) from None


def tls_context() -> ssl.SSLContext:
    """TLS 1.2 or newer; the certificate's chain and host name are verified. PyMySQL never goes without when given one."""
    context = ssl.create_default_context(cafile=settings.optional("MYSQL_SSL_CA", str(RDS_BUNDLE)))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 began to ask for extensions that certificates of older authorities lack (RFC 5280, 4.2.1).
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def error_number(error: Exception) -> int:
    """The server's (or the client's, from 2000 on) error number; 0 where there is none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def describe(error: Exception) -> str:
    """An error in one line. Not for statements that hold a password: a syntax error quotes the statement."""
    return " ".join(str(part) for part in error.args) or type(error).__name__


def quote_user(user: str) -> str:
    """``'user'@'%'`` for a statement. Raises ValueError for a name that is not plain or too long for MySQL."""
    if not _USER_NAME.fullmatch(user) or len(user) > MAX_USER_LENGTH:
        raise ValueError(f"{user!r} is not a user name of at most {MAX_USER_LENGTH} letters, digits and underscores")
    return f"'{user}'@'{ANY_HOST}'"


def quote_name(name: str) -> str:
    """An identifier in backquotes; as a literal part of a statement, not as PyMySQL's format."""
    return "`" + name.replace("`", "``") + "`"


def rows(connection: pymysql.connections.Connection[Any], statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows. Raises pymysql's errors."""
    with connection.cursor() as cursor:
        # Without arguments PyMySQL leaves the statement alone, also its percent signs.
        cursor.execute(statement, arguments or None)
        return list(cursor.fetchall())
