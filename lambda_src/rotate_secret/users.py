"""The two users in the database: the idle one gets the rights of the other and a password; the other is never touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.mysql import ANY_HOST, describe, error_number, quote_name, quote_user, rows

from .credentials import RotationError

if TYPE_CHECKING:
    import pymysql

    Connection = pymysql.connections.Connection[Any]

_OPTION = " WITH GRANT OPTION"
_PRIVILEGE = re.compile(r"([A-Z][A-Z_ ]*[A-Z])(?: ?\(([^)]*)\))?")
_ALL = "ALL PRIVILEGES"


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of SHOW GRANTS without its user: ``SELECT, INSERT ON `payments`.`entries```."""

    rights: str
    grantable: bool

    def statement(self, user: str) -> str:
        return f"GRANT {self.rights} TO {quote_user(user)}{_OPTION if self.grantable else ''}"

    def atoms(self) -> set[tuple[str, str, str]]:
        """Privilege, column (``""``: all) and object, one by one: servers write them in any order."""
        privileges, _, target = self.rights.partition(" ON ")
        return {
            (name, column.strip(), target)
            for name, columns in _PRIVILEGE.findall(privileges + (", GRANT OPTION" if self.grantable else ""))
            for column in columns.split(",")
        }


def lacking(wanted: frozenset[Grant], having: frozenset[Grant]) -> set[tuple[str, str, str]]:
    """The privileges of ``wanted`` that are not in ``having``."""
    held = {atom for grant in having for atom in grant.atoms()}
    missing = {atom for grant in wanted for atom in grant.atoms()} - held
    return {atom for atom in missing if atom[0] == "GRANT OPTION" or (_ALL, "", atom[2]) not in held}


def own_grants(connection: Connection, user: str) -> frozenset[Grant]:
    """What ``user``, who has logged in, may do. Raises RotationError for rights that cannot be copied."""
    with _told("reading the rights of", user):
        lines = [str(line) for (line,) in rows(connection, "SHOW GRANTS")]
    return parse_grants(lines, user)


def parse_grants(lines: Sequence[str], user: str) -> frozenset[Grant]:
    """The grants of SHOW GRANTS, but USAGE, which is none.

    MariaDB writes the hash of the password behind the user; everything there but the grant option is dropped. Roles are
    refused: SHOW GRANTS does not tell whether they are active by default. So are partial revokes.
    """
    found = set()
    for line in lines:
        head, marker, rest = line.rpartition(f" TO `{user}`@`{ANY_HOST}`")
        rights = head.removeprefix("GRANT ")
        if not marker or rights == head or " ON " not in rights or rights.startswith("PROXY "):
            raise RotationError(f"{user} has a role, a revoked right or another host: only plain grants can be copied")
        if not rights.startswith("USAGE ON "):
            found.add(Grant(rights, rest.endswith(_OPTION)))
    return frozenset(found)


def ensure_user(master: Connection, user: str, password: str, *, password_works: bool) -> str:
    """Make the idle user, or give him the password; TLS is required of him either way. Returns what was done."""
    if not _exists(master, user):
        # MySQL and MariaDB keep passwords of these two statements out of their logs.
        _with_password(master, "CREATE USER %s@%s IDENTIFIED BY %s REQUIRE SSL", user, password)
        return "created"
    if not password_works:
        _with_password(master, "ALTER USER %s@%s IDENTIFIED BY %s REQUIRE SSL", user, password)
        return "altered"
    with _told("requiring TLS of", user):
        rows(master, f"ALTER USER {quote_user(user)} REQUIRE SSL")
    return "kept"


def ensure_grants(master: Connection, user: str, grants: frozenset[Grant]) -> None:
    """Give ``user`` the grants; those that he has stay as they are. Raises RotationError."""
    for grant in sorted(grants, key=lambda grant: grant.rights):
        with _told("granting rights to", user):
            rows(master, grant.statement(user))


def read_something(connection: Connection, user: str) -> None:
    """Read a row of the first table that ``user`` may read; the session must be encrypted. Raises RotationError."""
    with _told("a read by", user):
        [(_, cipher)] = rows(connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        tables = rows(
            connection,
            "SELECT table_name FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND privileges LIKE '%select%' ORDER BY table_name LIMIT 1",
        )
        for (table,) in tables:
            rows(connection, f"SELECT 1 FROM {quote_name(table)} LIMIT 1")
    if not cipher:
        raise RotationError(f"the session of {user} is not encrypted")


def _exists(master: Connection, user: str) -> bool:
    with _told("looking for", user):
        return bool(rows(master, "SELECT 1 FROM mysql.user WHERE User = %s AND Host = %s", user, ANY_HOST))


def _with_password(master: Connection, statement: str, user: str, password: str) -> None:
    import pymysql

    try:
        rows(master, statement, user, ANY_HOST, password)
    except pymysql.err.MySQLError as error:
        # Its number only: the text may quote the statement.
        number = error_number(error)
        raise RotationError(f"setting the password of {user} failed: MySQL error {number}") from None


@contextmanager
def _told(action: str, user: str) -> Iterator[None]:
    """Errors of MySQL become RotationError, with what was going on."""
    import pymysql

    try:
        yield
    except pymysql.err.MySQLError as error:
        raise RotationError(f"{action} {user} failed: {describe(error)}") from None
