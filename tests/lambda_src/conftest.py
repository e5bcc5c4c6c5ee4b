"""Servers for the session, a new database for each test that asks for one, and fakes of AWS clients."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from common import clients, database, observe
from local.testing import embedded_cloud
from migrate.migrations import load, migrate, migration_lock
from migrate.roles import ensure_roles
from tests.lambda_src.support.fakes import QUEUE_URL, FakeDynamoDB, FakeS3, FakeSQS
from tests.lambda_src.support.mariadb import mariadb, mysql_database, mysql_server
from tests.lambda_src.support.postgres import SUPERUSER, Postgres, wheel_bin

__all__ = ["embedded_cloud", "mariadb", "mysql_database", "mysql_server"]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server that has the role rds_iam, as RDS has."""
    server = Postgres(wheel_bin()).start()
    try:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute("CREATE ROLE rds_iam")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a migrated database that serves as a template, to which no connection may stay open."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    with psycopg.connect(postgres.dsn, dbname="migrated", autocommit=True) as connection, migration_lock(connection):
        migrate(connection, load())
        ensure_roles(connection, "trading_app", "trading_analyst")
    return "migrated"


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The name of a new, empty database."""
    yield from _database(postgres, "template1")


@pytest.fixture
def trading_database(postgres: Postgres, migrated: str) -> Iterator[str]:
    """The name of a migrated database without data."""
    yield from _database(postgres, migrated)


@pytest.fixture
def admin(postgres: Postgres, trading_database: str) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's connection to the migrated database."""
    with psycopg.connect(postgres.dsn, dbname=trading_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def app_database(
    postgres: Postgres, trading_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[database.Database]:
    """The functions' database, with logins as trading_app."""
    # The wheel's PostgreSQL has no TLS; that of common/test_database_tls.py has.
    monkeypatch.setenv("PGSSLMODE", "disable")
    target = database.Target("127.0.0.1", postgres.port, trading_database, "trading_app")
    app_database = database.Database(lambda: target, lambda _: "token")
    yield app_database
    app_database.close()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Everything that the functions log, as the JSON lines that CloudWatch gets."""
    stream = io.StringIO()
    monkeypatch.setattr(observe.logger.registered_handler, "stream", stream)
    return stream


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def dynamodb() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> FakeSQS:
    """The queue of ``process.handler``."""
    fake = FakeSQS()
    monkeypatch.setenv("OBJECT_QUEUE_URL", QUEUE_URL)
    monkeypatch.setattr("process.handler.client", {"sqs": fake}.__getitem__)
    return fake


@pytest.fixture
def fake_clients(monkeypatch: pytest.MonkeyPatch, s3: FakeS3, dynamodb: FakeDynamoDB) -> dict[str, Any]:
    """The clients that ``common.clients.client`` returns, by service; a test adds those that it needs."""
    clients_by_service: dict[str, Any] = {"s3": s3, "dynamodb": dynamodb}
    for name in ("ingest", "sessions", "log_alerts", "housekeeping", "migrate"):
        monkeypatch.setattr(f"{name}.handler.client", clients_by_service.__getitem__)
    monkeypatch.setattr(clients, "client", clients_by_service.__getitem__)
    return clients_by_service


def _database(server: Postgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        connection.execute(statement.format(*map(sql.Identifier, (name, template, SUPERUSER))))
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
