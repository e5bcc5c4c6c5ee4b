"""The application's user: who the secret names, with TLS, and with exactly the rights of the payment service.

Run after every migration. When the secret was rotated since, two users are there (``payments`` and ``payments_clone``): both
get the rights, and no password that works is changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from common import mysql, mysql_users
from common.errors import ConfigurationError
from common.mysql import quote_name
from common.mysql_users import Grant
from common.observe import logger

if TYPE_CHECKING:
    import pymysql

CLONE_SUFFIX = "_clone"
RIGHTS = {
    # Append-only: see sql/0001_payments.sql.
    "idempotency_keys": "SELECT, INSERT",
    "transactions": "SELECT, INSERT",
    "entries": "SELECT, INSERT",
}


@dataclass(frozen=True, slots=True)
class Account:
    """User name and password of a secret."""

    username: str
    password: str = field(repr=False)


def read_account(secrets: Any, variable: str, arn: str) -> Account:
    """The account in a secret, whose ARN the environment's ``variable`` has. Raises ConfigurationError."""
    reply = secrets.get_secret_value(SecretId=arn)
    try:
        secret = json.loads(reply["SecretString"])
        username, password = secret["username"], secret["password"]
        mysql.quote_user(username)
    except (KeyError, TypeError, ValueError):
        # Without the cause: its text could hold a part of the secret.
        raise ConfigurationError(variable, "names a secret without a usable username and password") from None
    if not isinstance(password, str) or not password:
        raise ConfigurationError(variable, "names a secret without a usable username and password")
    return Account(username, password)


def ensure_application(
    master: pymysql.connections.Connection[Any], login: mysql.Login, rights: dict[str, str] | None = None
) -> str:
    """Make the user of ``login`` where he is missing and set the rights; returns what was done to him.

    Where the server knows another password, it gets the secret's, which is what the application uses. Raises
    DatabaseUserError and DatabaseUnavailableError.
    """
    outcome = mysql_users.ensure_user(master, login.user, login.password, password_works=_works(login))
    if outcome == "altered":
        logger.warning("the application's password was not the secret's", extra={"user": login.user})
    grants = _grants(login.database, RIGHTS if rights is None else rights)
    for user in _both(login.user):
        if mysql_users.user_exists(master, user):
            revoked = mysql_users.set_grants(master, user, grants)
            logger.info("rights set", extra={"user": user, "revoked": revoked})
    return outcome


def _grants(database: str, rights: dict[str, str]) -> frozenset[Grant]:
    return frozenset(
        Grant(f"{right} ON {quote_name(database)}.{quote_name(table)}", grantable=False)
        for table, right in rights.items()
    )


def _both(user: str) -> tuple[str, str]:
    first = user.removesuffix(CLONE_SUFFIX)
    return first, first + CLONE_SUFFIX


def _works(login: mysql.Login) -> bool:
    """Whether the server knows the password; without the database, which needs a right."""
    try:
        mysql.connect(mysql.Login(login.host, login.port, login.user, login.password)).close()
    except mysql.LoginRejectedError:
        return False
    return True
