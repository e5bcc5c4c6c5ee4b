"""Connections to MySQL use verified TLS or fail, are in UTC and strict, and leave no password in any text."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from pathlib import Path

import pytest

from common import mysql
from common.errors import DatabaseUnavailableError
from local.host.certificates import ensure_certificates
from tests.lambda_src.support.mariadb import Server

pytestmark = pytest.mark.requirement("X-SEC-1", "X-DB-1")
SECRET = "correct-horse-battery"


def test_a_session_is_encrypted_utc_utf8_and_strict(mariadb: Server) -> None:
    with mysql.connect(mariadb.superuser()) as connection:
        [(_, version)] = mysql.rows(connection, "SHOW SESSION STATUS LIKE 'Ssl_version'")
        [(zone, characters, mode, autocommit)] = mysql.rows(
            connection, "SELECT @@time_zone, @@character_set_client, @@sql_mode, @@autocommit"
        )
    assert version in ("TLSv1.2", "TLSv1.3")
    assert (zone, characters, autocommit) == ("+00:00", "utf8mb4", 1)
    assert "STRICT_ALL_TABLES" in mode


@pytest.mark.parametrize("fault", ["name", "root", "default roots"])
def test_a_wrong_name_or_an_unknown_root_is_rejected(
    fault: str, mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "root":
        monkeypatch.setenv("MYSQL_SSL_CA", str(ensure_certificates(tmp_path).authority))
    if fault == "default roots":
        monkeypatch.delenv("MYSQL_SSL_CA")
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda address, *more: real(("127.0.0.1", address[1]), *more))
    host = "database.example" if fault == "name" else "localhost"
    with pytest.raises(DatabaseUnavailableError) as error:
        mysql.connect(mysql.Login(host, mariadb.port, "payments", SECRET))
    assert ("mismatch" if fault == "name" else "certificate verify failed") in error.value.reason
    assert SECRET not in str(error.value)


def test_a_wrong_password_differs_from_a_server_that_does_not_answer(mariadb: Server) -> None:
    with pytest.raises(mysql.LoginRejectedError, match="the login of payments was rejected: 1045") as rejected_login:
        mysql.connect(mariadb.login("payments", SECRET))
    with pytest.raises(DatabaseUnavailableError, match="2003") as unavailable:
        mysql.connect(mysql.Login("localhost", 1, "payments", SECRET))
    assert SECRET not in f"{rejected_login.value!r} {unavailable.value!r} {mariadb.login('payments', SECRET)!r}"


def test_an_unknown_or_forbidden_database_is_a_rejected_login(mariadb: Server, mysql_database: str) -> None:
    mariadb.query("CREATE USER 'payments'@'%%' IDENTIFIED BY %s", SECRET)
    with pytest.raises(mysql.LoginRejectedError, match="1049"):
        mysql.connect(mariadb.superuser("nowhere"))
    with pytest.raises(mysql.LoginRejectedError, match="1044"):
        mysql.connect(mariadb.login("payments", SECRET, mysql_database))


def test_a_server_without_tls_gets_no_answer() -> None:
    """A server without TLS in the place of the database gets neither the password nor its salted hash."""
    received: list[bytes] = []
    # Protocol::HandshakeV10 of the MySQL manual; the capabilities are PROTOCOL_41 and PLUGIN_AUTH without SSL.
    low, high = 0xA201, 0x0008
    greeting = b"\x0a8.0.36\0" + struct.pack("<I", 1) + b"12345678\0" + struct.pack("<HBHHB", low, 45, 2, high, 21)
    greeting += bytes(10) + b"123456789012\0" + b"mysql_clear_password\0"

    def serve(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
            client.settimeout(5)
            received.append(client.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(DatabaseUnavailableError, match="SSL is required"):
            mysql.connect(mysql.Login("127.0.0.1", listener.getsockname()[1], "payments", SECRET))
        thread.join(10)
    assert received == [b""]


def test_versions_before_tls_1_2_are_not_used() -> None:
    context = mysql.tls_context()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_names_are_quoted_or_rejected() -> None:
    assert mysql.quote_user("payments_clone") == "'payments_clone'@'%'"
    assert mysql.quote_name("a`b") == "`a``b`"
    for name in ("", "a'b", "a@b", "a" * 33, "ä"):
        with pytest.raises(ValueError, match="is not a user name of at most 32"):
            mysql.quote_user(name)
