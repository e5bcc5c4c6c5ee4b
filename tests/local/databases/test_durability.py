"""What a database acknowledged is stored, whatever kills its server."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pymysql
import pytest

from local.databases.mariadb import MariaDb
from local.databases.postgres import DEFAULT_MAJOR, PostgresClusters, PostgresServer, PostgresSpec
from local.host.certificates import ensure_certificates
from local.host.guard import living_processes
from local.host.process import GuardedProcess
from tests.local.support.waiting import eventually
from tests.support.folders import server_folder

pytestmark = [pytest.mark.slow, pytest.mark.requirement("X-DB-1")]

KILLS = 4
WRITERS = 8
COMMITS_BEFORE_A_KILL = 400

Row = tuple[int, int]
"""(writer, number)"""


class Victim(Protocol):
    """A server that can be killed and started again on its data."""

    def start(self) -> None:
        """Start it: the first time with an empty database, which has the table ``written``."""

    def connect(self) -> Any:
        """Return an autocommit connection to the database."""

    def set_password(self, password: str) -> None:
        """Change the password of a user of the database."""

    def stored_password(self) -> str:
        """Return what the database keeps of that user's password, which differs with each password."""

    @property
    def process(self) -> GuardedProcess:
        """Its process."""


class MariaDbVictim:
    """MariaDB, as it runs behind Aurora MySQL."""

    def __init__(self, folder: Path) -> None:
        self._certificates = ensure_certificates(folder / "tls")
        self._directory = folder / "server"
        self._server: MariaDb | None = None

    def start(self) -> None:
        first = self._server is None
        self.stop()
        self._server = MariaDb(
            self._directory,
            certificate=self._certificates.certificate,
            key=self._certificates.key,
            authority=self._certificates.authority,
        )
        self._server.start()
        if first:
            self._execute("CREATE DATABASE payments")
            self._execute("CREATE TABLE payments.written (writer INT, number INT)")
            self._execute("CREATE USER rotated")

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def connect(self) -> Any:
        assert self._server is not None
        return self._server.administer("payments")

    def set_password(self, password: str) -> None:
        self._execute(f"ALTER USER rotated IDENTIFIED BY '{password}'")

    def stored_password(self) -> str:
        return str(self._execute("SELECT authentication_string FROM mysql.user WHERE User = 'rotated'")[0])

    @property
    def process(self) -> GuardedProcess:
        assert self._server is not None
        assert self._server._process is not None
        return self._server._process

    def _execute(self, statement: str) -> Any:
        assert self._server is not None
        with self._server.administer() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()


class PostgresVictim:
    """PostgreSQL, as it runs behind Aurora PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self._clusters = PostgresClusters(folder, None, None)
        self._server: PostgresServer | None = None

    def start(self) -> None:
        if self._server is not None:
            self.stop()
            (self._server,) = self._clusters.resume()
            return
        self._clusters.prepare()
        self._server = self._clusters.create(PostgresSpec("killed", DEFAULT_MAJOR, "rotated", "first", "trading"))
        self._execute("CREATE TABLE written (writer integer, number integer)")

    def stop(self) -> None:
        self._clusters.close()

    def connect(self) -> Any:
        assert self._server is not None
        return self._server.administer("trading")

    def set_password(self, password: str) -> None:
        self._clusters.set_password("killed", "rotated", password)

    def stored_password(self) -> str:
        return str(self._execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'rotated'").fetchone()[0])

    @property
    def process(self) -> GuardedProcess:
        assert self._server is not None
        return self._server.process

    def _execute(self, statement: str) -> Any:
        with self.connect() as connection:
            return connection.execute(statement)


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder("durable-") as path:
        yield path


@pytest.mark.database("MariaDB")
def test_four_kills_of_mariadb_under_load_lose_nothing_that_was_acknowledged(folder: Path) -> None:
    """The incident: with a log that was flushed each second, four kills lost 595 of 7,846 acknowledged payments."""
    victim = MariaDbVictim(folder)
    try:
        check_kills(victim)
    finally:
        victim.stop()


def test_four_kills_of_postgresql_under_load_lose_nothing_that_was_acknowledged(folder: Path) -> None:
    victim = PostgresVictim(folder)
    try:
        check_kills(victim)
    finally:
        victim.stop()


def check_kills(victim: Victim) -> None:
    """Kill the server again and again while it is written to; look each time for what it had acknowledged."""
    acknowledged: set[Row] = set()
    victim.start()
    for turn in range(KILLS):
        rows, password = written_until_killed(victim, turn)
        assert len(rows) >= COMMITS_BEFORE_A_KILL
        acknowledged |= rows
        victim.start()
        with victim.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT writer, number FROM written")
            stored = cursor.fetchall()
        assert acknowledged - set(stored) == set()
        assert len(stored) == len(set(stored))
        assert victim.stored_password() == password


def written_until_killed(victim: Victim, turn: int) -> tuple[set[Row], str]:
    """Return the rows and the password that the server had acknowledged when it was killed."""
    acknowledged: list[Row] = []
    writers = [
        threading.Thread(target=write, args=(victim.connect, writer, turn * 1_000_000, acknowledged.append))
        for writer in range(WRITERS)
    ]
    for thread in writers:
        thread.start()
    eventually(lambda: len(acknowledged) >= COMMITS_BEFORE_A_KILL, 60)
    victim.set_password(f"password-{turn}")
    password = victim.stored_password()
    (server,) = [pid for pid, (parent, _) in living_processes().items() if parent == victim.process.pid]
    os.kill(server, signal.SIGKILL)
    for thread in writers:
        thread.join(30)
        assert not thread.is_alive()
    return set(acknowledged), password


def write(connect: Callable[[], Any], writer: int, number: int, acknowledge: Callable[[Row], None]) -> None:
    """Insert a row after the other, each in a transaction of its own, until the server is gone."""
    connection = connect()
    cursor = connection.cursor()
    while True:
        try:
            cursor.execute("INSERT INTO written (writer, number) VALUES (%s, %s)", (writer, number))
        except (psycopg.OperationalError, pymysql.err.OperationalError):  # the connection is lost
            connection.close()
            return
        acknowledge((writer, number))
        number += 1
