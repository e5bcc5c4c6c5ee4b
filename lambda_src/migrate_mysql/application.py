"""The application's user, which the secret names. It must use TLS and has exactly the rights of the payment service.

This runs after each migration. After a rotation two users exist (``payments`` and ``payments_clone``). Both get the
rights, and no working password is changed.
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
    """The account in a secret. Raises ConfigurationError, which names the ``variable`` that has the secret's ARN."""
    reply = secrets.get_secret_value(SecretId=arn)
    try:
        secret = json.loads(reply["SecretString"])
        username, password = secret["username"], secret["password"]
        mysql.quote_user(username)
    except (KeyError, TypeError, ValueError):
        # Without the cause, whose text could contain a part of the secret.
        raise ConfigurationError(variable, "names a secret without a usable username and password") from None
    if not isinstance(password, str) or not password:
        raise ConfigurationError(variable, "names a secret without a usable username and password")
    return Account(username, password)


def ensure_application(
    master: pymysql.connections.Connection[Any], login: mysql.Login, rights: dict[str, str] | None = None
) -> str:
    """Create the user of ``login`` if it is missing, and set the rights of both users.

    If the server has another password for the user, it gets the secret's password, which the application uses.

    Args:
        master: A connection of the master user.
        login: The application's login, as the secret has it.
        rights: The rights by table; by default ``RIGHTS``.

    Returns:
        ``created``, ``altered`` or ``kept``.

    Raises:
        DatabaseUserError: A user or its rights cannot be changed.
        DatabaseUnavailableError: The database failed.
    """
    outcome = mysql_users.ensure_user(master, login.user, login.password, password_works=_password_works(login))
    if outcome == "altered":
        logger.warning("the application's password differed from the secret's", extra={"user": login.user})
    grants = _grants(login.database, RIGHTS if rights is None else rights)
    for user in _both_users(login.user):
        if mysql_users.user_exists(master, user):
            revoked = mysql_users.set_grants(master, user, grants)
            logger.info("rights set", extra={"user": user, "revoked": revoked})
    return outcome


def _grants(database: str, rights: dict[str, str]) -> frozenset[Grant]:
    return frozenset(
        Grant(f"{right} ON {quote_name(database)}.{quote_name(table)}", grantable=False)
        for table, right in rights.items()
    )


def _both_users(user: str) -> tuple[str, str]:
    name = user.removesuffix(CLONE_SUFFIX)
    return name, name + CLONE_SUFFIX


def _password_works(login: mysql.Login) -> bool:
    """Whether the server accepts the password. The login selects no database, because that needs a right."""
    try:
        mysql.connect(mysql.Login(login.host, login.port, login.user, login.password)).close()
    except mysql.LoginRejectedError:
        return False
    return True
