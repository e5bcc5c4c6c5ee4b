"""The real MariaDB behind the embedded Aurora MySQL: TLS only, its own superuser, nothing that outlives it."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from local.databases import mariadb
from local.databases.mariadb import MariaDb
from local.host.certificates import Certificates, ensure_certificates
from local.host.errors import StartError
from local.host.ports import free_port
from tests.support.folders import server_folder

pytestmark = [
    pytest.mark.requirement("X-DB-1"),
    pytest.mark.database("MariaDB"),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The folder of the servers and their certificates."""
    with server_folder("mariadb-test-") as path:
        yield path


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Certificates:
    return ensure_certificates(folder / "tls")


def make(directory: Path, certificates: Certificates, port: int = 0) -> MariaDb:
    return MariaDb(
        directory,
        certificate=certificates.certificate,
        key=certificates.key,
        authority=certificates.authority,
        port=port,
    )


@pytest.fixture(scope="module")
def server(folder: Path, certificates: Certificates) -> Iterator[MariaDb]:
    with make(folder / "shared", certificates) as running:
        yield running


def connect(
    server: MariaDb, tls: ssl.SSLContext | None, *, user: str | None = None, password: str | None = None
) -> pymysql.connections.Connection[Any]:
    return pymysql.connect(
        host="127.0.0.1",
        port=server.port,
        user=user or server.superuser,
        password=server.password if password is None else password,
        ssl=tls,
        ssl_disabled=tls is None,
    )


def first_row(connection: pymysql.connections.Connection[Any], statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_the_superuser_logs_in_over_verified_tls(server: MariaDb, certificates: Certificates) -> None:
    with connect(server, ssl.create_default_context(cafile=str(certificates.authority))) as connection:
        status = first_row(connection, "SHOW SESSION STATUS LIKE 'Ssl_version'")
        assert status[1] in ("TLSv1.2", "TLSv1.3")
        assert first_row(connection, "SELECT 1") == (1,)


def test_another_authority_does_not_verify(server: MariaDb, folder: Path) -> None:
    other = ensure_certificates(folder / "other")
    with pytest.raises(pymysql.err.OperationalError, match="certificate verify failed"):
        connect(server, ssl.create_default_context(cafile=str(other.authority)))


def test_connections_without_tls_are_rejected(server: MariaDb) -> None:
    """MariaDB 11 answers 3159 (ER_SECURE_TRANSPORT_REQUIRED), as MySQL does; 10 blames the password, which is right."""
    with pytest.raises(pymysql.err.OperationalError, match=r"Access denied|insecure transport are prohibited"):
        connect(server, None)


@pytest.mark.parametrize(("user", "password"), [(mariadb.ADMINISTRATOR, "wrong"), ("root", ""), ("", "")])
def test_there_is_no_user_but_the_superuser(
    user: str, password: str, server: MariaDb, certificates: Certificates
) -> None:
    tls = ssl.create_default_context(cafile=str(certificates.authority))
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        connect(server, tls, user=user or "somebody", password=password)


def test_it_is_set_as_the_platform_needs_it(server: MariaDb) -> None:
    with server.administer() as connection:
        settings = first_row(
            connection, "SELECT @@time_zone, @@character_set_server, @@require_secure_transport, @@log_bin"
        )
        assert settings == ("+00:00", "utf8mb4", 1, 0)
        assert "STRICT_TRANS_TABLES" in first_row(connection, "SELECT @@sql_mode")[0]


def test_data_outlives_a_restart_and_the_password_does_not(folder: Path, certificates: Certificates) -> None:
    with make(folder / "kept", certificates) as first:
        with first.administer() as connection:
            first_row(connection, "CREATE DATABASE payments")
        old_port, old_password = first.port, first.password
    with make(folder / "kept", certificates, port=old_port) as second:
        assert second.port == old_port
        assert second.password != old_password
        with second.administer("payments") as connection:
            assert first_row(connection, "SELECT DATABASE()") == ("payments",)


def test_an_unfinished_data_directory_is_created_again(folder: Path, certificates: Certificates) -> None:
    (folder / "broken" / "unfinished" / "mysql").mkdir(parents=True)
    with make(folder / "broken", certificates) as server, server.administer() as connection:
        assert first_row(connection, "SELECT 1") == (1,)


def test_a_taken_port_is_reported_with_the_end_of_the_log(
    folder: Path, certificates: Certificates, server: MariaDb
) -> None:
    with pytest.raises(StartError, match=r"its process ended(?s:.)*already in use"):
        make(folder / "second", certificates, port=server.port).start()


def test_a_directory_that_its_user_cannot_reach_is_reported(folder: Path, certificates: Certificates) -> None:
    if os.geteuid() != 0:
        pytest.skip("only where this is root the server has a user of its own")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StartError, match="its user cannot reach"):
        make(closed / "server", certificates).start()


def test_missing_programs_are_reported(
    folder: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PATH", str(folder))
    with pytest.raises(StartError, match="`make databases` downloads it"):
        make(folder / "none", certificates).start()


def test_a_server_that_does_not_run_has_no_port(folder: Path, certificates: Certificates) -> None:
    stopped = make(folder / "stopped", certificates)
    with pytest.raises(StartError, match="was not called"):
        _ = stopped.port
    stopped.stop()


def test_nothing_of_a_stopped_server_is_left_outside_its_directory(folder: Path, certificates: Certificates) -> None:
    server = make(folder / "tidy", certificates)
    server.start()
    sockets = server._socket.parent
    server.stop()
    assert not sockets.exists()


def test_the_server_ends_with_a_starter_that_is_killed(folder: Path, certificates: Certificates) -> None:
    port = free_port()
    program = (
        "import os, signal; from pathlib import Path; from local.databases.mariadb import MariaDb; "
        f"MariaDb(Path({str(folder / 'orphan')!r}), certificate=Path({str(certificates.certificate)!r}), "
        f"key=Path({str(certificates.key)!r}), authority=Path({str(certificates.authority)!r}), port={port}).start(); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    owner = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert owner.returncode == -9, owner.stderr
    assert rejects_connections(port)


def rejects_connections(port: int) -> bool:
    deadline = time.monotonic() + 15
    while True:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="x", connect_timeout=2).close()
        except pymysql.err.OperationalError as error:
            if "refused" in str(error):
                return True
        assert time.monotonic() < deadline
        time.sleep(0.1)
