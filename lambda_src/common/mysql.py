"""Connections to Aurora MySQL, with verified TLS, UTC, utf8mb4 and strict mode, and names in SQL's form.

The statements run on MySQL 8.0 and on MariaDB 10.11, the tests' server. These differences matter here:

- Both reject a login with error 1045. For a user who connects without TLS, MariaDB reports 1045 too, MySQL 3159.
- SHOW GRANTS of MariaDB adds IDENTIFIED BY and REQUIRE to the line of ``*.*``. MySQL 8.0 shows grants only.
- In MySQL 8.0, GRANT neither creates users nor accepts REQUIRE. CREATE USER and ALTER USER do, on both.
- MySQL 8.0 has utf8mb4_0900_* collations and MariaDB does not. Nothing here depends on one.
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
"""Characters of a user's name ("Account User Names and Passwords", MySQL 8.0 Reference Manual). MariaDB allows 128."""

ANY_HOST = "%"
"""The users may connect from any address, because the subnets vary. Security groups limit the sources."""

SQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)

# ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_BAD_DB_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
# ER_MUST_CHANGE_PASSWORD_LOGIN, ER_ACCOUNT_HAS_BEEN_LOCKED, ER_SECURE_TRANSPORT_REQUIRED; MariaDB's
# ER_ACCOUNT_HAS_BEEN_LOCKED is 4151.
_LOGIN_REJECTED = frozenset({1044, 1045, 1049, 1698, 1862, 3118, 3159, 4151})
_USER_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass
class LoginRejectedError(FunctionError):
    """The server rejects the login of this user. A retry with the same password would fail again."""

    host: str
    user: str
    reason: str

    def __str__(self) -> str:
        return f"database {self.host}: the login of {self.user} was rejected: {self.reason}"


@dataclass(frozen=True, slots=True)
class Login:
    """The server, user and database of a connection. ``database`` is ``""`` to select none."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = ""


def connect(
    login: Login, timeout_seconds: int = CONNECT_TIMEOUT_SECONDS, statement_timeout_seconds: int = READ_TIMEOUT_SECONDS
) -> pymysql.connections.Connection[Any]:
    """A new autocommit connection. The server must show a certificate for ``login.host`` from MYSQL_SSL_CA.

    MYSQL_SSL_CA is a file of root certificates, by default the RDS roots in this folder.

    Raises:
        LoginRejectedError: The server rejects the login. The text does not contain the password.
        DatabaseUnavailableError: The connection failed for another reason. The text does not contain the password.
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
        if error_number(error) in _LOGIN_REJECTED:
            raise LoginRejectedError(login.host, login.user, error_text(error)) from None
        raise DatabaseUnavailableError(login.host, error_text(error)) from None


def tls_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, with verified chain and host name. With a context PyMySQL never connects without TLS."""
    context = ssl.create_default_context(cafile=settings.optional("MYSQL_SSL_CA", str(RDS_BUNDLE)))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 began to require extensions that certificates of older authorities lack (RFC 5280, 4.2.1).
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def error_number(error: Exception) -> int:
    """The error number of the server (or of the client, from 2000 on); 0 if the error has none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def error_text(error: Exception) -> str:
    """An error in one line. Not for a statement with a password, because a syntax error quotes the statement."""
    return " ".join(str(part) for part in error.args) or type(error).__name__


def quote_user(user: str) -> str:
    """``'user'@'%'`` for a statement. Raises ValueError for a name with other characters or too long for MySQL."""
    if not _USER_NAME.fullmatch(user) or len(user) > MAX_USER_LENGTH:
        raise ValueError(f"{user!r} is not a user name of at most {MAX_USER_LENGTH} letters, digits and underscores")
    return f"'{user}'@'{ANY_HOST}'"


def quote_name(name: str) -> str:
    """An identifier in backquotes, for the text of a statement and not for PyMySQL's parameters."""
    return "`" + name.replace("`", "``") + "`"


def rows(connection: pymysql.connections.Connection[Any], statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows. Raises pymysql's errors."""
    with connection.cursor() as cursor:
        # Without arguments PyMySQL does not format the statement, so percent signs stay as they are.
        cursor.execute(statement, arguments or None)
        return list(cursor.fetchall())
