"""A real MariaDB with TLS for one test session, and new databases in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from common import mysql
from local.databases.mariadb import MariaDb
from local.host import servers
from local.host.certificates import Certificates, ensure_certificates
from local.testing import programs_or_skip
from tests.support.folders import server_folder

__all__ = ["Server", "mariadb", "mysql_database", "mysql_server"]

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A running server and the certificates with which clients verify it."""

    running: MariaDb
    certificates: Certificates
    host: str = "localhost"

    @property
    def port(self) -> int:
        return self.running.port

    @property
    def authority(self) -> Path:
        return self.certificates.authority

    def login(self, user: str, password: str, database: str = "") -> mysql.Login:
        return mysql.Login(self.host, self.port, user, password, database)

    def superuser(self, database: str = "") -> mysql.Login:
        return self.login(self.running.superuser, self.running.password, database)

    def query(self, statement: str, *arguments: object, database: str | None = None) -> list[tuple[Any, ...]]:
        """The rows of one statement, executed as the superuser."""
        with self.running.administer(database) as connection:
            return mysql.rows(connection, statement, *arguments)

    def users(self) -> set[str]:
        """All users except the superuser and the server's internal user."""
        users = {str(user) for (user,) in self.query("SELECT User FROM mysql.user")}
        return users - {self.running.superuser, "mariadb.sys"}

    def drop_users(self) -> None:
        for user in self.users():
            self.query("DROP USER %s@%s", user, mysql.ANY_HOST)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a new, empty database; at its end all users are dropped, too."""
        name = f"test_{next(_numbers)}"
        self.query(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            self.query(f"DROP DATABASE {name}")
            self.drop_users()


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """One server for all tests of this worker."""
    programs_or_skip(servers.MARIADB)
    with server_folder("mariadb-test-") as folder:
        certificates = ensure_certificates(folder / "tls")
        with MariaDb(
            folder / "server",
            certificate=certificates.certificate,
            key=certificates.key,
            authority=certificates.authority,
        ) as running:
            yield Server(running, certificates)


@pytest.fixture
def mariadb(mysql_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server; the functions trust its certificate."""
    monkeypatch.setenv("MYSQL_SSL_CA", str(mysql_server.authority))
    return mysql_server


@pytest.fixture
def mysql_database(mariadb: Server) -> Iterator[str]:
    """The name of a new, empty database."""
    with mariadb.database() as name:
        yield name
