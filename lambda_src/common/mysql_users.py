"""Users of Aurora MySQL and their rights.

Users are created once and must use TLS. An update of their rights never revokes a right that they need. No text of an
error here contains a password or its hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import FunctionError
from .mysql import ANY_HOST, error_number, error_text, quote_user, rows

if TYPE_CHECKING:
    import pymysql

    Connection = pymysql.connections.Connection[Any]

_OPTION = " WITH GRANT OPTION"
_PRIVILEGE = re.compile(r"([A-Z][A-Z_ ]*[A-Z])(?: ?\(([^)]*)\))?")
_ALL = "ALL PRIVILEGES"


@dataclass
class DatabaseUserError(FunctionError):
    """A user of the database, or the user's rights, cannot be read or changed."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of SHOW GRANTS without its user: ``SELECT, INSERT ON `payments`.`entries```."""

    rights: str
    grantable: bool

    def statement(self, user: str) -> str:
        """The statement that gives the rights to ``user``."""
        return f"GRANT {self.rights} TO {quote_user(user)}{_OPTION if self.grantable else ''}"

    def atoms(self) -> set[tuple[str, str, str]]:
        """Each privilege with its column (``""`` for all) and object, because servers write them in any order."""
        privileges, _, target = self.rights.partition(" ON ")
        return {
            (name, column.strip(), target)
            for name, columns in _PRIVILEGE.findall(privileges + (", GRANT OPTION" if self.grantable else ""))
            for column in columns.split(",")
        }


def missing_privileges(expected: frozenset[Grant], actual: frozenset[Grant]) -> set[tuple[str, str, str]]:
    """The privileges of ``expected`` that are not in ``actual``."""
    held = {atom for grant in actual for atom in grant.atoms()}
    missing = {atom for grant in expected for atom in grant.atoms()} - held
    return {atom for atom in missing if atom[0] == "GRANT OPTION" or (_ALL, "", atom[2]) not in held}


def own_grants(connection: Connection, user: str) -> frozenset[Grant]:
    """The grants of ``user``, who has logged in. Raises DatabaseUserError for rights that cannot be copied."""
    with user_errors("reading the rights of", user):
        lines = [str(line) for (line,) in rows(connection, "SHOW GRANTS")]
    return parse_grants(lines, user)


def grants_of(master: Connection, user: str) -> frozenset[Grant]:
    """The grants of another user. Raises DatabaseUserError."""
    with user_errors("reading the rights of", user):
        lines = [str(line) for (line,) in rows(master, "SHOW GRANTS FOR %s@%s", user, ANY_HOST)]
    return parse_grants(lines, user)


def parse_grants(lines: Sequence[str], user: str) -> frozenset[Grant]:
    """The grants from SHOW GRANTS, except USAGE, which grants nothing.

    MariaDB writes the hash of the password behind the user. This function keeps only the grant option from there.

    Raises:
        DatabaseUserError: The user has a role or a partial revoke. SHOW GRANTS does not report whether a role is active
            by default.
    """
    grants = set()
    for line in lines:
        head, marker, rest = line.rpartition(f" TO `{user}`@`{ANY_HOST}`")
        rights = head.removeprefix("GRANT ")
        if not marker or rights == head or " ON " not in rights or rights.startswith("PROXY "):
            raise DatabaseUserError(
                f"{user} has a role, a revoked right or another host: only plain grants can be copied"
            )
        if not rights.startswith("USAGE ON "):
            grants.add(Grant(rights, rest.endswith(_OPTION)))
    return frozenset(grants)


def ensure_user(master: Connection, user: str, password: str, *, password_works: bool) -> str:
    """Create the user, or set the password unless it works. In each case the user must use TLS.

    Returns:
        ``created``, ``altered`` or ``kept``.
    """
    if not user_exists(master, user):
        # MySQL and MariaDB keep the passwords of these two statements out of their logs.
        _with_password(master, "CREATE USER %s@%s IDENTIFIED BY %s REQUIRE SSL", user, password)
        return "created"
    if not password_works:
        _with_password(master, "ALTER USER %s@%s IDENTIFIED BY %s REQUIRE SSL", user, password)
        return "altered"
    with user_errors("requiring TLS of", user):
        rows(master, f"ALTER USER {quote_user(user)} REQUIRE SSL")
    return "kept"


def set_grants(master: Connection, user: str, grants: frozenset[Grant]) -> int:
    """Give ``user`` exactly ``grants``; returns the number of revoked privileges. Raises DatabaseUserError.

    The user keeps the wanted privileges all the time, with one exception: ALL PRIVILEGES can only be revoked as a whole,
    and the grants follow a moment later.
    """
    ensure_grants(master, user, grants)
    excess = sorted(missing_privileges(grants_of(master, user), grants))
    for privilege, column, target in excess:
        columns = f" ({column})" if column else ""
        with user_errors("revoking rights of", user):
            rows(master, f"REVOKE {privilege}{columns} ON {target} FROM {quote_user(user)}")
    if excess:
        ensure_grants(master, user, grants)
    return len(excess)


def ensure_grants(master: Connection, user: str, grants: frozenset[Grant]) -> None:
    """Give ``user`` the grants and keep the existing ones. Raises DatabaseUserError."""
    for grant in sorted(grants, key=lambda grant: grant.rights):
        with user_errors("granting rights to", user):
            rows(master, grant.statement(user))


def user_exists(master: Connection, user: str) -> bool:
    """Whether the server has the user. Raises DatabaseUserError."""
    with user_errors("looking for", user):
        return bool(rows(master, "SELECT 1 FROM mysql.user WHERE User = %s AND Host = %s", user, ANY_HOST))


def _with_password(master: Connection, statement: str, user: str, password: str) -> None:
    import pymysql

    try:
        rows(master, statement, user, ANY_HOST, password)
    except pymysql.err.MySQLError as error:
        # Only its number, because the text may quote the statement.
        number = error_number(error)
        raise DatabaseUserError(f"setting the password of {user} failed: MySQL error {number}") from None


@contextmanager
def user_errors(action: str, user: str) -> Iterator[None]:
    """Turn errors of MySQL into DatabaseUserError, which names the action and the user."""
    import pymysql

    try:
        yield
    except pymysql.err.MySQLError as error:
        raise DatabaseUserError(f"{action} {user} failed: {error_text(error)}") from None
