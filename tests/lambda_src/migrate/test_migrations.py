"""The migration on a real PostgreSQL: each file is applied once, also by concurrent runs, and users have exactly their rights."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

import migrate.handler
from common.database import Target
from common.errors import ConfigurationError, DatabaseUnavailableError, MigrationError
from common.migration_files import Migration
from migrate import migrations, roles
from migrate.audit import NOT_LOADED
from tests.lambda_src.support.fakes import Context, FakeSecrets
from tests.lambda_src.support.postgres import Postgres

pytestmark = pytest.mark.requirement("T-FN-2", "T-DB-3")

FIRST = Migration(1, "first", "CREATE TABLE a (n int); INSERT INTO a VALUES (1);")
SECOND = Migration(2, "second", "INSERT INTO a VALUES (2);")
ALL_VERSIONS = ",".join(str(migration.version) for migration in migrations.load())
LATEST = ALL_VERSIONS.rpartition(",")[2]


@pytest.fixture
def connection(postgres: Postgres, empty_database: str) -> Any:
    with psycopg.connect(postgres.dsn, dbname=empty_database, autocommit=True) as connection:
        yield connection


def test_each_file_is_applied_once_and_in_order(connection: psycopg.Connection[Any]) -> None:
    assert migrations.migrate(connection, [FIRST]) == [1]
    assert migrations.migrate(connection, [FIRST, SECOND]) == [2]
    assert migrations.migrate(connection, [FIRST, SECOND]) == []
    assert connection.execute("SELECT n FROM a ORDER BY n").fetchall() == [(1,), (2,)]


def test_concurrent_runs_apply_each_file_once(postgres: Postgres, empty_database: str) -> None:
    def work(_: int) -> list[int]:
        with (
            psycopg.connect(postgres.dsn, dbname=empty_database, autocommit=True) as connection,
            migrations.migration_lock(connection),
        ):
            return migrations.migrate(connection, [FIRST, SECOND])

    with ThreadPoolExecutor(6) as pool:
        applied = sorted(pool.map(work, range(6)))
    assert applied == [[]] * 5 + [[1, 2]]


def test_a_failing_file_leaves_nothing_and_can_be_fixed(connection: psycopg.Connection[Any]) -> None:
    broken = Migration(2, "second", "INSERT INTO a VALUES (2); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match="migration 0002: second: division by zero"):
        migrations.migrate(connection, [FIRST, broken])
    assert connection.execute("SELECT n FROM a").fetchall() == [(1,)]
    assert migrations.migrate(connection, [FIRST, SECOND]) == [2]


def test_older_code_leaves_a_newer_schema_as_it_is(connection: psycopg.Connection[Any]) -> None:
    """CloudFormation runs older code when it rolls a deployment back; an error here would break the rollback."""
    migrations.migrate(connection, [FIRST, SECOND])
    assert migrations.migrate(connection, [FIRST]) == []
    assert connection.execute("SELECT n FROM a ORDER BY n").fetchall() == [(1,), (2,)]
    assert migrations.migrate(connection, [FIRST, SECOND]) == []


def test_a_changed_file_is_rejected(connection: psycopg.Connection[Any]) -> None:
    migrations.migrate(connection, [FIRST, SECOND])
    changed = Migration(2, "second", "INSERT INTO a VALUES (3);")
    with pytest.raises(MigrationError, match="changed since; add a new file"):
        migrations.migrate(connection, [FIRST, changed])


@pytest.mark.parametrize("names", [["0002_a.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"], ["0001_A.sql"]])
def test_gaps_duplicates_and_malformed_names_are_rejected(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationError):
        migrations.load(tmp_path)


def as_user(postgres: Postgres, database: str, user: str) -> psycopg.Connection[Any]:
    return psycopg.connect(postgres.dsn, dbname=database, user=user, autocommit=True)


def test_the_analyst_reads_and_changes_nothing(postgres: Postgres, trading_database: str) -> None:
    with as_user(postgres, trading_database, "trading_analyst") as connection:
        assert connection.execute("SELECT count(*) FROM trading.bars_1m").fetchone() == (0,)
        # An analyst may do this, and the grants must still hold.
        connection.execute("SET default_transaction_read_only = off")
        for statement in (
            "DELETE FROM trading.bars_1m",
            "INSERT INTO trading.quotes VALUES ('A', 1, 1, 1, 1, 1)",
            "SELECT * FROM trading.batches",
            "CREATE TABLE trading.mine (n int)",
            "CREATE TABLE public.mine (n int)",
            "SELECT * FROM migrations.applied",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_the_analyst_is_read_only_by_default(postgres: Postgres, trading_database: str) -> None:
    with as_user(postgres, trading_database, "trading_analyst") as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def test_the_application_changes_rows_but_no_schema(postgres: Postgres, trading_database: str) -> None:
    with as_user(postgres, trading_database, "trading_app") as connection:
        connection.execute("DELETE FROM trading.bars_1m")
        connection.execute("CREATE TEMPORARY TABLE t (n int)")
        timeouts = [
            connection.execute(f"SHOW {name}".encode()).fetchone() for name in ("statement_timeout", "lock_timeout")
        ]
        assert timeouts == [("1min",), ("20s",)]
        for statement in (
            "DROP TABLE trading.bars_1m",
            "TRUNCATE trading.trades",
            "CREATE TABLE trading.mine (n int)",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_both_users_log_in_through_iam_and_have_no_password(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        "SELECT r.rolname, a.rolpassword, r.rolsuper, r.rolcreaterole, r.rolcreatedb, pg_has_role(r.oid, 'rds_iam', 'member')"
        " FROM pg_roles r JOIN pg_authid a USING (rolname) WHERE r.rolname LIKE 'trading_%' ORDER BY 1"
    ).fetchall()
    assert rows == [(user, None, False, False, False, True) for user in ("trading_analyst", "trading_app")]


def test_a_server_without_rds_iam_is_rejected(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "IAM_ROLE", "no_such_role")
    with pytest.raises(MigrationError, match="the role no_such_role is missing"):
        roles.ensure_roles(connection, "a", "b")


@pytest.fixture
def environment(
    postgres: Postgres, empty_database: str, monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any]
) -> dict[str, Any]:
    values = {
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(postgres.port),
        "DB_NAME": empty_database,
        "DB_SECRET_ARN": "arn:secret",
    }
    values |= {"DB_APP_USER": "trading_app", "DB_ANALYST_USER": "trading_analyst", "PGSSLMODE": "disable"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    fake_clients["secretsmanager"] = FakeSecrets(json.dumps({"username": "postgres", "password": "hunter2"}))
    return fake_clients


def event(request: str, **more: Any) -> dict[str, Any]:
    properties = {"ServiceToken": "arn", "ArtifactKey": "abc"}
    base = {"RequestType": request, "ResourceType": "Custom::DatabaseMigration", "LogicalResourceId": "Migration"}
    return {**base, "StackId": "s", "RequestId": "r", "ResourceProperties": properties, **more}


def test_the_custom_resource_migrates_on_create_and_update_and_keeps_its_id(environment: dict[str, Any]) -> None:
    created = migrate.handler.handler(event("Create"), Context())
    assert created["Status"] == "SUCCESS", created
    assert created["Data"] == {"Version": LATEST, "Applied": ALL_VERSIONS, "AnalystAudit": NOT_LOADED}
    updated = migrate.handler.handler(event("Update", PhysicalResourceId=created["PhysicalResourceId"]), Context())
    assert updated["Data"] == {"Version": LATEST, "Applied": "", "AnalystAudit": NOT_LOADED}
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]


def test_concurrent_custom_resources_succeed(environment: dict[str, Any]) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: migrate.handler.upsert({}), range(4)))
    assert sorted(answer["Applied"] for answer in answers) == ["", "", "", ALL_VERSIONS]


def test_the_wait_for_another_migration_is_bounded(
    postgres: Postgres, connection: psycopg.Connection[Any], empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_SECONDS", 0.05)
    with (
        psycopg.connect(postgres.dsn, dbname=empty_database, autocommit=True) as other,
        migrations.migration_lock(other),
        pytest.raises(MigrationError, match="another migration has been running"),
        migrations.migration_lock(connection),
    ):
        raise AssertionError("both hold the lock")


def test_the_master_of_rds_needs_no_superuser(postgres: Postgres) -> None:
    """RDS gives its master user CREATEROLE, CREATEDB and the right to grant rds_iam, but not the rights of a superuser."""
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute("CREATE ROLE master LOGIN CREATEROLE CREATEDB")
        admin.execute("GRANT rds_iam TO master WITH ADMIN OPTION")
        admin.execute("CREATE DATABASE mastered OWNER master")
        admin.execute("CREATE ROLE stranger LOGIN")
    with as_user(postgres, "mastered", "master") as connection, migrations.migration_lock(connection):
        for _ in range(2):
            migrations.migrate(connection, migrations.load())
            roles.ensure_roles(connection, "master_app", "master_analyst")
    with as_user(postgres, "mastered", "master_app") as connection:
        assert connection.execute("SELECT count(*) FROM trading.trades").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        as_user(postgres, "mastered", "stranger")


def test_delete_needs_no_database(environment: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    deleted = migrate.handler.handler(event("Delete", PhysicalResourceId="migration:x/y"), Context())
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", "migration:x/y")


def test_a_server_that_does_not_answer_fails_with_its_reason(
    environment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    monkeypatch.setattr(migrate.handler, "CONNECT_FOR_SECONDS", 0)
    created = migrate.handler.handler(event("Create"), Context())
    assert created["Status"] == "FAILED"
    assert created["Reason"].startswith("database 127.0.0.1: ")


def test_a_broken_secret_is_not_shown(environment: dict[str, Any], log: Any) -> None:
    environment["secretsmanager"] = FakeSecrets('{"password": "hunter2"')
    created = migrate.handler.handler(event("Create"), Context())
    assert created["Reason"] == str(ConfigurationError("DB_SECRET_ARN", "names a secret without username and password"))
    assert "hunter2" not in log.getvalue()


def test_the_wider_sum_of_ratios_rewrites_no_bar(connection: psycopg.Connection[Any]) -> None:
    """A rewrite would lock readers out for as long as the table is large; pg_relation_filenode shows one."""
    earlier, later = migrations.load()[:2], migrations.load()[2:]
    migrations.migrate(connection, earlier)
    columns = "'A', 60000000000, 1, 1, 1, 1, 1, 1, 1, 0.1, 0.123456789012, 1"
    connection.execute(f"INSERT INTO trading.bars_1m VALUES ({columns})".encode())
    query = "SELECT pg_relation_filenode('trading.bars_1m'), effective_relative::text FROM trading.bars_1m"
    before = connection.execute(query.encode()).fetchone()
    migrations.migrate(connection, [*earlier, *later])
    assert connection.execute(query.encode()).fetchone() == before


@pytest.mark.requirement("T-DB-5")
def test_the_migration_waits_for_the_resume_of_a_paused_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a day's pause a resume takes 30 seconds or more. Each attempt waits for ten."""
    clock, attempts = [0.0], []
    connected: Any = object()

    def connect(target: Target, password: str) -> Any:
        attempts.append(clock[0])
        clock[0] += 10
        if clock[0] < 120:
            raise DatabaseUnavailableError(target.host, "connection timeout expired")
        return connected

    monkeypatch.setattr("migrate.handler.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("migrate.handler.time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr("migrate.handler.database.connect", connect)
    monkeypatch.setattr(migrate.handler, "_master_credentials", lambda: ("admin", "x"))
    for name, value in {"DB_HOST": "db", "DB_PORT": "5432", "DB_NAME": "trading"}.items():
        monkeypatch.setenv(name, value)
    assert migrate.handler._connect() is connected
    assert len(attempts) == 11
