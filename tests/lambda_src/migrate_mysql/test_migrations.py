"""The MySQL migration on a real MariaDB: files are applied once, also by concurrent or killed runs, and rights are exact."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

import migrate_mysql.handler
from common import mysql
from common.errors import ConfigurationError, MigrationError
from common.migration_files import Migration
from migrate_mysql import migrations
from migrate_mysql.application import RIGHTS, Account, ensure_application
from migrate_mysql.migrations import migrate, migration_lock
from migrate_mysql.statements import split
from tests.lambda_src.support import killed_migration
from tests.lambda_src.support.fakes import Context
from tests.lambda_src.support.mariadb import Server

pytestmark = pytest.mark.requirement("X-DB-1", "X-SEC-1")

Connection: TypeAlias = "pymysql.connections.Connection[Any]"
FIRST = Migration(1, "first", "CREATE TABLE a (n INT); INSERT INTO a VALUES (1);")
SECOND = Migration(2, "second", "INSERT INTO a VALUES (2);")


@pytest.fixture
def connection(mariadb: Server, mysql_database: str) -> Iterator[Connection]:
    with closing(mysql.connect(mariadb.superuser(mysql_database))) as connection:
        yield connection


# -- Files ------------------------------------------------------------------------------------------------------------


def test_each_file_is_applied_once_and_in_order(connection: Connection) -> None:
    assert migrate(connection, [FIRST]) == [1]
    assert migrate(connection, [FIRST, SECOND]) == [2]
    assert migrate(connection, [FIRST, SECOND]) == []
    assert mysql.rows(connection, "SELECT n FROM a ORDER BY n") == [(1,), (2,)]


def test_concurrent_runs_apply_each_file_once(mariadb: Server, mysql_database: str) -> None:
    def work(_: int) -> list[int]:
        with (
            closing(mysql.connect(mariadb.superuser(mysql_database))) as connection,
            migration_lock(connection, mysql_database),
        ):
            return migrate(connection, [FIRST, SECOND])

    with ThreadPoolExecutor(6) as pool:
        applied = sorted(pool.map(work, range(6)))
    assert applied == [[]] * 5 + [[1, 2]]
    assert mariadb.query("SELECT n FROM a ORDER BY n", database=mysql_database) == [(1,), (2,)]


def test_the_wait_for_a_lock_that_is_never_free_is_bounded(
    mariadb: Server, mysql_database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_WAIT_SECONDS", 0)
    with (
        closing(mysql.connect(mariadb.superuser())) as other,
        migration_lock(other, mysql_database),
        pytest.raises(MigrationError, match="another migration has been running"),
        migration_lock(connection, mysql_database),
    ):
        raise AssertionError("both hold the lock")
    with migration_lock(connection, mysql_database):
        pass


def test_another_database_has_another_lock(mariadb: Server, mysql_database: str, connection: Connection) -> None:
    with (
        closing(mysql.connect(mariadb.superuser())) as other,
        migration_lock(other, "elsewhere"),
        migration_lock(connection, mysql_database),
    ):
        assert migrate(connection, [FIRST]) == [1]


def test_a_failing_statement_keeps_the_work_before_it_and_can_be_fixed(connection: Connection) -> None:
    broken = Migration(1, "first", FIRST.sql + "INSERT INTO b VALUES (1); CREATE TABLE c (n INT);")
    with pytest.raises(MigrationError, match=r"migration 0001: first: statement 3: 1146 .*doesn't exist"):
        migrate(connection, [broken])
    fixed = Migration(1, "first", FIRST.sql + "INSERT INTO a VALUES (2); CREATE TABLE c (n INT);")
    assert migrate(connection, [fixed]) == [1]
    assert mysql.rows(connection, "SELECT n FROM a ORDER BY n") == [(1,), (2,)]
    assert migrate(connection, [fixed]) == []


def test_an_executed_statement_may_not_change(connection: Connection) -> None:
    with pytest.raises(MigrationError, match="statement 3"):
        migrate(connection, [Migration(1, "first", FIRST.sql + "nonsense;")])
    edited = Migration(1, "first", FIRST.sql.replace("(1)", "(7)") + "SELECT 1;")
    with pytest.raises(MigrationError, match="statement 2 was applied and changed since"):
        migrate(connection, [edited])
    with pytest.raises(MigrationError, match="statements that were begun are missing"):
        migrate(connection, [FIRST])


def test_older_code_leaves_a_newer_schema_as_it_is(connection: Connection) -> None:
    """CloudFormation runs older code when it rolls a deployment back; an error here would break the rollback."""
    broken = Migration(3, "third", "CREATE TABLE c (n INT); nonsense;")
    migrate(connection, [FIRST, SECOND])
    with pytest.raises(MigrationError):
        migrate(connection, [FIRST, SECOND, broken])
    assert migrate(connection, [FIRST, SECOND]) == [], "nor does half of a newer file fail older code"
    assert migrate(connection, [FIRST]) == []
    assert mysql.rows(connection, "SELECT n FROM a ORDER BY n") == [(1,), (2,)]


def test_a_changed_file_is_rejected(connection: Connection) -> None:
    migrate(connection, [FIRST, SECOND])
    with pytest.raises(MigrationError, match="changed since; add a new file"):
        migrate(connection, [FIRST, Migration(2, "second", SECOND.sql + " ")])


def test_an_object_that_existed_before_is_an_error_at_the_first_attempt(connection: Connection) -> None:
    """Only a statement that was begun before may meet its own result."""
    mysql.rows(connection, "CREATE TABLE a (other TEXT)")
    with pytest.raises(MigrationError, match="statement 1: 1050"):
        migrate(connection, [FIRST])


@pytest.mark.parametrize("names", [["0002_a.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"], ["0001_A.sql"]])
def test_gaps_duplicates_and_malformed_names_are_rejected(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationError):
        migrations.load(tmp_path)


# -- Killed -----------------------------------------------------------------------------------------------------------


def content(server: Server, database: str) -> dict[str, Any]:
    """Everything that a migration creates except times."""
    tables = [name for (name,) in server.query("SHOW TABLES", database=database)]
    statements = {name: server.query(f"SHOW CREATE TABLE {name}", database=database)[0][1] for name in tables}
    rows = {name: server.query(f"SELECT * FROM {name}", database=database) for name in ("accounts", "counts", "notes")}
    ledger = server.query(
        "SELECT version, statement, sha256, done_at IS NOT NULL FROM migration_ledger", database=database
    )
    rights = [line.replace(database, "payments") for (line,) in server.query("SHOW GRANTS FOR 'payments'@'%'")]
    return {"tables": statements, "rows": rows, "ledger": sorted(ledger), "rights": sorted(rights)}


def test_a_repetition_after_a_kill_at_any_statement_has_the_result_of_one_run(
    mariadb: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[3]
    monkeypatch.setenv("PYTHONPATH", f"{root}{os.pathsep}{root / 'lambda_src'}")
    context = killed_migration.forkserver()
    with mariadb.database() as name:
        application = mariadb.login("payments", "secret", name)
        killed_migration.migrate_files(mariadb.superuser(name), application)
        clean = content(mariadb, name)
    codes = []
    for last in range(1, 80):
        with mariadb.database() as name:
            master, application = mariadb.superuser(name), mariadb.login("payments", "secret", name)
            arguments = (str(mariadb.authority), master, application, last)
            process = context.Process(target=killed_migration.migrate_files_and_die, args=arguments)
            process.start()
            process.join(60)
            codes.append(process.exitcode)
            killed_migration.migrate_files(master, application)
            assert content(mariadb, name) == clean
        if process.exitcode != killed_migration.KILLED:
            break
    assert codes[-1] == 0
    assert set(codes[:-1]) == {killed_migration.KILLED}
    assert len(codes) > 25


# -- Statements -------------------------------------------------------------------------------------------------------


def test_statements_are_split_where_sql_ends_them() -> None:
    text = """
    -- a comment; with a semicolon
    CREATE TABLE `a;b` (n INT COMMENT 'it''s; \\'so\\''); # another; one
    /* and; a
       third */ INSERT INTO t VALUES ("x;\\"y", 5--3, 4/2);;
    SELECT 1
    """
    assert split(text) == (
        "CREATE TABLE `a;b` (n INT COMMENT 'it''s; \\'so\\'')",
        'INSERT INTO t VALUES ("x;\\"y", 5--3, 4/2)',
        "SELECT 1",
    )
    assert split(" ; -- nothing") == ()


@pytest.mark.parametrize("text", ["SELECT 'a", "SELECT 1; SELECT `b", "/* open", "SELECT 1 /*! 40000 */"])
def test_a_quote_or_comment_without_an_end_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="in line 1 has no end"):
        split(text)


@pytest.mark.parametrize("text", ["DELIMITER //", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1"])
def test_stored_programs_are_rejected(text: str, connection: Connection) -> None:
    with pytest.raises(MigrationError, match="stored programs are not supported"):
        migrate(connection, [Migration(1, "program", text)])


@given(st.lists(st.sampled_from(["SELECT 1", "SELECT ';'", 'SELECT "--;"', "SELECT `#;`", "DO 1 /* ; */ + 2"])))
def test_joined_statements_are_split_again(parts: list[str]) -> None:
    expected = tuple(" ".join(split(part)[0].split()) for part in parts)
    assert tuple(" ".join(statement.split()) for statement in split("; -- x;\n".join(parts))) == expected


# -- The custom resource ----------------------------------------------------------------------------------------------


class Secrets:
    """Secrets Manager with two secrets."""

    def __init__(self, master: object, application: object) -> None:
        self.texts = {"arn:master": master, "arn:application": application}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        value = self.texts[SecretId]
        return {"SecretString": value if isinstance(value, str) else json.dumps(value)}


@pytest.fixture
def secrets(mariadb: Server, mysql_database: str, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """The environment of the function; its master has only the rights of Aurora's master user."""
    mariadb.query("CREATE USER 'payments_admin'@'%' IDENTIFIED BY 'hunter2'")
    mariadb.query("GRANT CREATE USER, PROCESS ON *.* TO 'payments_admin'@'%'")
    mariadb.query("GRANT SELECT ON mysql.* TO 'payments_admin'@'%'")
    mariadb.query(f"GRANT ALL ON {mysql_database}.* TO 'payments_admin'@'%' WITH GRANT OPTION")
    values = {"DB_HOST": mariadb.host, "DB_PORT": str(mariadb.port), "DB_NAME": mysql_database}
    for name, value in {**values, "DB_SECRET_ARN": "arn:master", "APP_SECRET_ARN": "arn:application"}.items():
        monkeypatch.setenv(name, value)
    secrets = Secrets(
        {"username": "payments_admin", "password": "hunter2"},
        {"username": "payments", "password": "first", "dbname": mysql_database},
    )
    monkeypatch.setattr(migrate_mysql.handler, "client", {"secretsmanager": secrets}.__getitem__)
    return secrets


def event(request: str, **more: Any) -> dict[str, Any]:
    base = {"RequestType": request, "ResourceType": "Custom::DatabaseMigration", "LogicalResourceId": "Migration"}
    return {**base, "StackId": "s", "RequestId": "r", "ResourceProperties": {"ArtifactKey": "abc"}, **more}


def files() -> str:
    return ",".join(str(migration.version) for migration in migrations.load())


def test_the_custom_resource_migrates_on_create_and_update_and_keeps_its_id(secrets: Secrets) -> None:
    created = migrate_mysql.handler.handler(event("Create"), Context())
    assert created["Status"] == "SUCCESS", created
    assert created["Data"]["Applied"] == files()
    assert created["Data"]["ApplicationUser"] == "created"
    update = event("Update", PhysicalResourceId=created["PhysicalResourceId"])
    updated = migrate_mysql.handler.handler(update, Context())
    assert updated["Data"] == {**created["Data"], "Applied": "", "ApplicationUser": "kept"}
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]


def test_concurrent_custom_resources_succeed(secrets: Secrets) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: migrate_mysql.handler.upsert({}), range(4)))
    assert sorted(answer["Applied"] for answer in answers) == ["", "", "", files()]


def test_the_application_has_exactly_the_services_rights_and_needs_tls(
    secrets: Secrets, mariadb: Server, mysql_database: str
) -> None:
    migrate_mysql.handler.upsert({})
    with closing(mysql.connect(mariadb.login("payments", "first", mysql_database))) as application:
        for table in RIGHTS:
            mysql.rows(application, f"SELECT COUNT(*) FROM {table}")
        for statement in (
            "DELETE FROM entries",
            "UPDATE transactions SET amount = 1",
            "SELECT * FROM migration_ledger",
            "CREATE TABLE mine (n INT)",
            "DROP TABLE entries",
            "SELECT User FROM mysql.user",
        ):
            with pytest.raises(pymysql.err.OperationalError, match=r"1142|1143|1044"):
                mysql.rows(application, statement)
    assert mariadb.query("SELECT ssl_type FROM mysql.user WHERE User = 'payments'") == [("ANY",)]


def test_creating_users_changes_neither_the_masters_login_nor_its_rights(secrets: Secrets, mariadb: Server) -> None:
    """In PostgreSQL the creator of a user becomes its member. In MySQL a login is of one account: CREATE USER grants nothing."""

    def master() -> list[tuple[Any, ...]]:
        login = mariadb.query("SELECT plugin, authentication_string FROM mysql.user WHERE User = 'payments_admin'")
        return [*login, *mariadb.query("SHOW GRANTS FOR %s@%s", "payments_admin", "%")]

    before = master()
    assert migrate_mysql.handler.upsert({})["ApplicationUser"] == "created"
    assert master() == before
    assert migrate_mysql.handler.upsert({})["ApplicationUser"] == "kept", (
        "a second deployment logs in by the same password"
    )


def test_rights_beyond_the_services_are_revoked_from_both_users(
    secrets: Secrets, mariadb: Server, mysql_database: str
) -> None:
    migrate_mysql.handler.upsert({})
    mariadb.query("CREATE USER 'payments_clone'@'%' IDENTIFIED BY 'second' REQUIRE SSL")
    mariadb.query(f"GRANT ALL PRIVILEGES ON {mysql_database}.entries TO 'payments_clone'@'%' WITH GRANT OPTION")
    mariadb.query(f"GRANT DELETE, UPDATE (amount) ON {mysql_database}.entries TO 'payments'@'%'")
    mariadb.query(f"GRANT SELECT ON {mysql_database}.migration_ledger TO 'payments'@'%'")
    migrate_mysql.handler.upsert({})
    shown = {
        user: sorted(line.split(" TO ")[0] for (line,) in mariadb.query("SHOW GRANTS FOR %s@%s", user, "%"))
        for user in ("payments", "payments_clone")
    }
    assert shown["payments"] == shown["payments_clone"]
    assert shown["payments"] == sorted(
        ["GRANT USAGE ON *.*", *(f"GRANT SELECT, INSERT ON `{mysql_database}`.`{table}`" for table in RIGHTS)]
    )


def test_after_a_rotation_no_password_changes(secrets: Secrets, mariadb: Server) -> None:
    migrate_mysql.handler.upsert({})
    mariadb.query("CREATE USER 'payments_clone'@'%' IDENTIFIED BY 'second' REQUIRE SSL")
    secrets.texts["arn:application"] = {"username": "payments_clone", "password": "second"}
    assert migrate_mysql.handler.upsert({})["ApplicationUser"] == "kept"
    for user, password in (("payments", "first"), ("payments_clone", "second")):
        mysql.connect(mariadb.login(user, password)).close()


def test_a_password_that_differs_from_the_secrets_is_altered(secrets: Secrets, mariadb: Server) -> None:
    """A secret that was created anew for a database that stayed."""
    migrate_mysql.handler.upsert({})
    secrets.texts["arn:application"] = {"username": "payments", "password": "another"}
    assert migrate_mysql.handler.upsert({})["ApplicationUser"] == "altered"
    mysql.connect(mariadb.login("payments", "another")).close()


def test_delete_needs_no_database(secrets: Secrets, monkeypatch: pytest.MonkeyPatch, mariadb: Server) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    deleted = migrate_mysql.handler.handler(event("Delete", PhysicalResourceId="migration:x/y"), Context())
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", "migration:x/y")


def test_a_server_that_does_not_answer_fails_with_its_reason(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    monkeypatch.setattr(migrate_mysql.handler, "CONNECT_FOR_SECONDS", 0)
    created = migrate_mysql.handler.handler(event("Create"), Context())
    assert created["Status"] == "FAILED"
    assert created["Reason"].startswith("database localhost: 2003")


@pytest.mark.parametrize(("arn", "variable"), [("arn:master", "DB_SECRET_ARN"), ("arn:application", "APP_SECRET_ARN")])
@pytest.mark.parametrize(
    "text", ['{"password": "hunter2"', {"username": "a'b", "password": "hunter2"}, {"username": "a"}]
)
def test_a_broken_secret_is_not_shown(text: object, arn: str, variable: str, secrets: Secrets, log: Any) -> None:
    secrets.texts[arn] = text
    created = migrate_mysql.handler.handler(event("Create"), Context())
    assert created["Reason"] == str(
        ConfigurationError(variable, "names a secret without a usable username and password")
    )
    assert "hunter2" not in log.getvalue()
    assert "hunter2" not in repr(Account("a", "hunter2"))


def test_the_sql_of_the_service_can_be_run_again(secrets: Secrets, mysql_database: str, mariadb: Server) -> None:
    """Every statement of every file runs twice, as after a death between a statement and its mark in the ledger."""
    with closing(mysql.connect(mariadb.superuser(mysql_database))) as connection:
        migrate(connection, [])
        for migration in migrations.load():
            for statement in split(migration.sql):
                for again in (False, True):
                    migrations._run(connection, migration, 1, statement, again=again)
        assert ensure_application(connection, mariadb.login("payments", "x", mysql_database)) == "created"
