"""A real MariaDB server for what is Aurora MySQL on AWS. ``local.host.servers`` finds its programs, or downloads them.

The server listens on one port of 127.0.0.1, rejects TCP connections without TLS (``require_secure_transport``, as the
platform's cluster parameter group has it), and keeps UTC, utf8mb4 and MySQL 8.0's default ``sql_mode``. What it
acknowledged survives its own kill and the machine's crash, as with Aurora. It runs under a guard (``local.host.guard``), so
that it ends with the process that started it.

MariaDB differs from MySQL 8.0: it lacks the collations utf8mb4_0900_*, and its users authenticate with
mysql_native_password. Aurora MySQL 3 does so too by default ("Comparing Aurora MySQL version 3 and MySQL 8.0
Community Edition", Aurora User Guide).
"""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymysql

from local.host import servers
from local.host.errors import StartError
from local.host.files import tail, write_new
from local.host.guard import User
from local.host.ports import free_port
from local.host.process import GuardedProcess, give, run_as, unprivileged_user

ADMINISTRATOR = "rdsadmin"
"""The superuser, named as RDS names its own."""

CONNECT_TIMEOUT_SECONDS = 10.0
START_TIMEOUT_SECONDS = 60.0
"""After this time a start counts as failed; two seconds are usual, a loaded machine needs more."""

LOG_TAIL_LINES = 20

# MySQL 8.0's default ("Server SQL Modes", MySQL 8.0 Reference Manual); MariaDB's own lacks some of these modes.
SQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)

_SETTINGS = {
    "bind-address": "127.0.0.1",
    "require-secure-transport": "ON",
    "tls-version": "TLSv1.2,TLSv1.3",
    "skip-name-resolve": "ON",
    "default-time-zone": "+00:00",
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_general_ci",
    "sql-mode": SQL_MODE,
    "max-connections": "200",
    "skip-log-bin": "ON",
    # What is acknowledged is stored, whether the process or the machine ends. 0 would lose the last second even of a killed
    # process; the buffer against torn pages is needed because a kill may end a write between two pages of memory.
    "innodb-flush-log-at-trx-commit": "1",
    "innodb-doublewrite": "ON",
    # Small: several servers run beside each other.
    "innodb-buffer-pool-size": "32M",
    "innodb-log-file-size": "16M",
    "innodb-use-native-aio": "OFF",  # containers seldom grant enough of it
    "aria-pagecache-buffer-size": "8M",
    "key-buffer-size": "1M",
    "performance-schema": "OFF",
}


class MariaDb:
    """One server. A context manager; ``start`` and ``stop`` do the same by hand.

    If this is root, the server runs as the user mysql or nobody. The superuser gets a new password with each start.

    Args:
        directory: gets the data, a copy of the certificates and the log. The server's user must be able to reach it. Data
            of an earlier run in it is used again.
        certificate: the server's certificate.
        key: its key.
        authority: the CA that issued it.
        port: where to listen, 0 for a free port.
    """

    def __init__(self, directory: Path, *, certificate: Path, key: Path, authority: Path, port: int = 0) -> None:
        self._directory = directory.resolve()
        self._certificates = {"ssl-cert": certificate, "ssl-key": key, "ssl-ca": authority}
        self._requested_port = port
        self._port = 0
        self._password = secrets.token_urlsafe(24)
        self._sockets: Path | None = None
        self._process: GuardedProcess | None = None
        self._user = mariadb_user()

    # -- life ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Create the data directory if it is missing, start, and return when the server accepts connections.

        Raises:
            StartError: The programs are missing, the server's user cannot reach the directory, or the server did not
                start; then with the end of the log.
        """
        programs = servers.find(servers.MARIADB)
        if programs is None:
            raise StartError("MariaDB", "it is not on this machine (`make databases` downloads it)")
        try:
            self._prepare_directory()
            if not (self._data / "mysql").is_dir():
                self._initialise(programs)
            self._launch(programs)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and remove its socket; the data stays. Harmless if nothing runs."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        sockets, self._sockets = self._sockets, None
        if sockets is not None:
            shutil.rmtree(sockets, ignore_errors=True)

    # -- what callers need --------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The TCP port of 127.0.0.1. Raises StartError if the server does not run."""
        if self._process is None:
            raise StartError("MariaDB", "start() was not called")
        return self._port

    @property
    def superuser(self) -> str:
        """A user with all rights, also to grant them, from any address."""
        return ADMINISTRATOR

    @property
    def password(self) -> str:
        """The superuser's password."""
        return self._password

    def administer(self, database: str | None = None) -> pymysql.connections.Connection[Any]:
        """Return an autocommit connection as the superuser, by the Unix socket. Raises pymysql.err.MySQLError."""
        connection = pymysql.connections.Connection(
            unix_socket=str(self._socket),
            user=ADMINISTRATOR,
            password=self._password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            ssl_disabled=True,  # PyMySQL would load all of the system's certificates each time
            defer_connect=True,
        )
        connection.connect(self._connected_socket())
        return connection

    def _connected_socket(self) -> socket.socket:
        """Return a socket to the server. PyMySQL would leave its own open if the server does not accept it."""
        unix_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix_socket.settimeout(CONNECT_TIMEOUT_SECONDS)
        try:
            unix_socket.connect(str(self._socket))
        except OSError as error:
            unix_socket.close()
            raise pymysql.err.OperationalError(2002, f"no connection to {self._socket}: {error}") from error
        return unix_socket

    def log_tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """Return the last lines of the server's log."""
        return tail(self._log, lines)

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    @property
    def _log(self) -> Path:
        return self._directory / "mariadb.log"

    @property
    def _socket(self) -> Path:
        if self._sockets is None:
            raise StartError("MariaDB", "start() was not called")
        return self._sockets / "socket"

    def _prepare_directory(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self._directory.chmod(0o711)
        for source in self._certificates.values():
            self._place(self._directory / source.name, source.read_bytes())
        reading = run_as(self._user, ["test", "-r", self._directory / self._certificates["ssl-cert"].name], Path("/"))
        if reading.returncode != 0:
            raise StartError("MariaDB", f"its user cannot reach {self._directory}: open the way to it (chmod o+x)")
        # A directory of its own: a socket's path has at most 107 bytes, and ``directory`` may be longer.
        self._sockets = Path(tempfile.mkdtemp(prefix="mdb-", dir="/tmp"))
        give(self._sockets, self._user)

    def _initialise(self, programs: servers.Programs) -> None:
        """Create the system tables, first in a directory beside: after an interruption they must not count as created."""
        unfinished = self._directory / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        give(unfinished, self._user)
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        if programs.root is not None:
            options.append(f"--basedir={programs.root / 'usr'}")
        command = [str(programs["mariadb-install-db"]), "--no-defaults", f"--datadir={unfinished}", *options]
        installation = run_as(self._user, command, Path("/"), programs.environment())
        if installation.returncode != 0:
            output = (installation.stderr or installation.stdout).strip()
            raise StartError("MariaDB", "mariadb-install-db failed", output[-2000:])
        unfinished.rename(self._data)

    def _launch(self, programs: servers.Programs) -> None:
        # Only the server's user and root can read this file. It holds the password, so that no argument shows it.
        first_statements = self._socket.with_name("init.sql")
        self._place(first_statements, _superuser_statements(self._password).encode())
        self._port = self._requested_port or free_port()
        settings = {
            **_SETTINGS,
            **{name: str(self._directory / source.name) for name, source in self._certificates.items()},
            "datadir": str(self._data),
            "socket": str(self._socket),
            "pid-file": str(self._socket.with_name("pid")),
            "port": str(self._port),
            "init-file": str(first_statements),
        }
        if programs.root is not None:
            settings["basedir"] = str(programs.root / "usr")
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._process = GuardedProcess.start(
            [str(programs["mariadbd"]), "--no-defaults", *options],
            self._log,
            environment=programs.environment(),
            directory=Path("/"),
            user=self._user,
            remove=self._sockets,
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                self.administer().close()
            except pymysql.err.MySQLError as error:
                if self._process is None or not self._process.is_running:
                    raise StartError("MariaDB", "its process ended", self.log_tail()) from error
                if time.monotonic() > deadline:
                    reason = f"no answer after {START_TIMEOUT_SECONDS:.0f} s ({error})"
                    raise StartError("MariaDB", reason, self.log_tail()) from error
                time.sleep(0.05)
            else:
                self._socket.with_name("init.sql").unlink()
                return

    def _place(self, path: Path, content: bytes) -> None:
        """Write a file that only the server's user can read, from its first byte on."""
        write_new(path, content)
        give(path, self._user)


def mariadb_user() -> User | None:
    """Return the user that the server runs as; None for this one."""
    return unprivileged_user("MariaDB", "mysql", "nobody")


def _superuser_statements(password: str) -> str:
    """Return the statements for --init-file, one a line. The password's alphabet (base64url) needs no escaping."""
    user = f"'{ADMINISTRATOR}'@'%'"
    return (
        # mariadb-install-db leaves root without a password, at 127.0.0.1 as well.
        "DELETE FROM mysql.global_priv WHERE User = 'root';\nFLUSH PRIVILEGES;\n"
        f"CREATE USER IF NOT EXISTS {user};\n"
        f"ALTER USER {user} IDENTIFIED BY '{password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO {user} WITH GRANT OPTION;\n"
    )
