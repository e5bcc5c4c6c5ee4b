"""How the migration logs in: by password, or by IAM token if the server accepts no password of members of rds_iam."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import migrate.handler
from common import database
from common.errors import CredentialsRejectedError, DatabaseUnavailableError
from common.migration_files import Migration
from migrate import migrations
from tests.lambda_src.support.fakes import FakeSecrets
from tests.lambda_src.support.postgres import SUPERUSER, Postgres, wheel_bin

pytestmark = [pytest.mark.requirement("T-FN-2", "T-DB-3"), pytest.mark.slow]

PASSWORD, TOKEN = "of-the-secret", "signed-token"
# Where RDS asks PAM, this server asks for a password that only the token equals. All others need no password.
HBA = f"""
host all {SUPERUSER} all trust
host all +rds_iam    all {{method}}
host all all         all trust
"""
LATER = Migration(len(migrations.load()) + 1, "later", "CREATE TABLE later (n int);")


def server(method: str) -> Iterator[Postgres]:
    """A server with the roles of a new cluster."""
    postgres = Postgres(wheel_bin(), hba=HBA.format(method=method)).start()
    try:
        with psycopg.connect(postgres.dsn, autocommit=True) as connection:
            connection.execute("CREATE ROLE rds_iam")
            # A superuser, because only RDS lets its master grant rds_iam without being a member of it.
            connection.execute(f"CREATE ROLE trading_admin LOGIN SUPERUSER PASSWORD '{TOKEN}'".encode())
            connection.execute("CREATE DATABASE trading OWNER trading_admin")
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture
def rds() -> Iterator[Postgres]:
    """A server that accepts nothing but a token from members of rds_iam, as RDS does."""
    yield from server("scram-sha-256")


@pytest.fixture
def closed() -> Iterator[Postgres]:
    """A server that rejects members of rds_iam, whatever they present."""
    yield from server("reject")


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any]) -> Any:
    """Runs the migration on the server at a port."""
    fake_clients["secretsmanager"] = FakeSecrets(json.dumps({"username": "trading_admin", "password": PASSWORD}))
    monkeypatch.setattr(database, "iam_token", lambda target: TOKEN)
    monkeypatch.setattr(migrate.handler, "CONNECT_FOR_SECONDS", 0)
    values = {"DB_HOST": "127.0.0.1", "DB_NAME": "trading", "DB_SECRET_ARN": "arn:secret", "PGSSLMODE": "disable"}
    for name, value in {**values, "DB_APP_USER": "trading_app", "DB_ANALYST_USER": "trading_analyst"}.items():
        monkeypatch.setenv(name, value)

    def run(port: int) -> Any:
        monkeypatch.setenv("DB_PORT", str(port))
        return migrate.handler.upsert({})

    return run


def make_member(postgres: Postgres) -> None:
    """Grant the master what CREATE ROLE grants a creator who is no superuser."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute("GRANT trading_app TO trading_admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")


def logins(log: io.StringIO) -> list[str]:
    """How the migration logged in, as its log says."""
    return [line["login"] for line in map(json.loads, log.getvalue().splitlines()) if "login" in line]


def test_a_second_deployment_logs_in_by_token(
    rds: Postgres, deploy: Any, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first deployment makes the master an indirect member of rds_iam; each later one would fail with its password."""
    deploy(rds.port)
    assert logins(log) == ["password"]
    make_member(rds)
    files = (*migrations.load(), LATER)
    monkeypatch.setattr(migrate.handler, "load", lambda: files)
    assert deploy(rds.port)["Applied"] == str(LATER.version)
    assert logins(log) == ["password", "IAM token"]
    assert "password authentication failed" in log.getvalue(), "the reason why the password was not used"
    assert PASSWORD not in log.getvalue()
    assert TOKEN not in log.getvalue()


def test_if_the_token_is_rejected_too_the_deployment_fails_with_the_reason(
    closed: Postgres, deploy: Any, log: io.StringIO
) -> None:
    deploy(closed.port)
    make_member(closed)
    with pytest.raises(CredentialsRejectedError, match=r"pg_hba\.conf rejects connection"):
        deploy(closed.port)
    assert logins(log) == ["password"]


def test_a_server_that_is_not_there_gets_no_token(deploy: Any, log: io.StringIO) -> None:
    with pytest.raises(DatabaseUnavailableError) as error:
        deploy(1)
    assert not isinstance(error.value, CredentialsRejectedError)
    assert "IAM token" not in log.getvalue()


def test_the_creator_of_a_role_is_a_member_of_it(postgres: Postgres) -> None:
    """Since PostgreSQL 16: this is why the master of RDS becomes an indirect member of rds_iam."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE creator CREATEROLE")
        connection.execute("SET ROLE creator")
        connection.execute("CREATE ROLE created")
        assert connection.execute("SELECT pg_has_role('creator', 'created', 'MEMBER')").fetchone() == (True,)


@pytest.mark.parametrize(
    ("message", "rejected"),
    [
        ('password authentication failed for user "trading_admin"', True),
        ('PAM authentication failed for user "trading_admin"', True),
        ('pg_hba.conf rejects connection for host "10.0.0.1", user "trading_admin", database "trading"', True),
        ('no pg_hba.conf entry for host "10.0.0.1", user "trading_admin", database "trading", no encryption', True),
        ('role "trading_admin" does not exist', True),
        ("the database system is starting up", False),
        ("sorry, too many clients already", False),
        ('database "trading" does not exist', False),
    ],
)
def test_rejected_credentials_are_told_from_an_unavailable_database(
    message: str, rejected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts of SQLSTATE 28000 and 28P01, which libpq keeps to itself if a connection fails."""

    def fail(**_: Any) -> Any:
        raise psycopg.OperationalError(
            f'connection failed: connection to server at "10.0.0.1" failed: FATAL:  {message}'
        )

    monkeypatch.setattr(psycopg, "connect", fail)
    with pytest.raises(DatabaseUnavailableError) as error:
        database.connect(database.Target("db", 5432, "trading", "trading_admin"), PASSWORD)
    assert isinstance(error.value, CredentialsRejectedError) is rejected
