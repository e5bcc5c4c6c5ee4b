"""Real MariaDB servers behind the emulator's Aurora MySQL: one server (``local.databases.mariadb``) for each cluster.

Clients reach the server itself. It rejects connections without TLS whatever the cluster's parameter group says, and
answers for writer and reader at one address. There is no IAM authentication for MySQL.
"""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pymysql

from local.databases.mariadb import MariaDb, mariadb_user
from local.host.errors import StartError
from local.host.ports import remember_port, remembered_ports

_MASTER_PRIVILEGES = (
    "ALTER, ALTER ROUTINE, CREATE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE USER, CREATE VIEW, DELETE, DROP, "
    "EVENT, EXECUTE, INDEX, INSERT, LOCK TABLES, PROCESS, REFERENCES, RELOAD, REPLICATION CLIENT, REPLICATION SLAVE, "
    "SELECT, SHOW DATABASES, SHOW VIEW, TRIGGER, UPDATE"
)
"""What the master user of Aurora MySQL may do ("Master user account privileges", Aurora User Guide)."""


@dataclass(frozen=True)
class MySqlSpec:
    """What a caller of RDS asks for.

    Attributes:
        identifier: the cluster's identifier.
        master: the master user.
        password: its password.
        database: the database to create, "" for none.
    """

    identifier: str
    master: str
    password: str
    database: str


class MySqlClusters:
    """Creates, starts, stops and drops the servers. Safe to use from several threads."""

    def __init__(
        self, run_directory: Path, keep: Path | None, *, certificate: Path, key: Path, authority: Path
    ) -> None:
        self._data = (keep if keep is not None else run_directory) / "mysql"
        self._ports = keep / "mysql-ports.json" if keep is not None else None
        self._certificate, self._key, self._authority = certificate, key, authority
        self._servers: dict[str, MariaDb] = {}
        self._lock = threading.RLock()

    def create(self, spec: MySqlSpec) -> int:
        """Start a server with the cluster's master user and database; return its port. Raises StartError."""
        with self._lock:
            server = self._start(spec.identifier, 0)
        with server.administer() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (spec.master, spec.password))
            cursor.execute(f"GRANT {_MASTER_PRIVILEGES} ON *.* TO %s@'%%' WITH GRANT OPTION", (spec.master,))
            if spec.database:
                cursor.execute(f"CREATE DATABASE `{spec.database.replace('`', '``')}`")
        if self._ports is not None:
            remember_port(self._ports, spec.identifier, server.port)
        return server.port

    def resume(self) -> None:
        """Start the servers whose data an earlier run kept, at their ports."""
        if self._ports is None:
            return
        with self._lock:
            for identifier, port in remembered_ports(self._ports).items():
                self._start(identifier, port)

    def set_password(self, identifier: str, user: str, password: str) -> None:
        """Change a user's password."""
        with self._servers[identifier].administer() as connection, connection.cursor() as cursor:
            cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (user, password))

    def answers(self, identifier: str) -> bool:
        """Return whether the cluster's server runs and accepts connections."""
        server = self._servers.get(identifier)
        try:
            if server is not None:
                server.administer().close()
        except (pymysql.err.MySQLError, StartError):
            return False
        return server is not None

    def drop(self, identifier: str) -> None:
        """Stop the server and remove its data. Harmless if the cluster does not exist."""
        with self._lock:
            server = self._servers.pop(identifier, None)
            if server is None:
                return
            server.stop()
            rmtree(self._data / identifier, ignore_errors=True)
            if self._ports is not None:
                remember_port(self._ports, identifier, None)

    def close(self) -> None:
        """Stop every server; kept data stays."""
        with self._lock:
            for server in self._servers.values():
                server.stop()
            self._servers.clear()

    def _start(self, identifier: str, port: int) -> MariaDb:
        self._data.mkdir(parents=True, exist_ok=True)
        for directory in (self._data.parent, self._data):
            directory.chmod(0o711)  # the server's user must reach its directory below
        if mariadb_user() is not None:
            Path(tempfile.gettempdir()).chmod(0o1777)  # the emulator's own; the server's user writes there too
        server = MariaDb(
            self._data / identifier,
            certificate=self._certificate,
            key=self._key,
            authority=self._authority,
            port=port,
        )
        server.start()
        self._servers[identifier] = server
        return server
