"""The trace of analysts on a real PostgreSQL with Debian's pgAudit and the cluster parameters of the template."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from builders.trading.database import POSTGRES
from common.errors import MigrationError
from local.host import servers
from local.testing import programs_or_skip
from migrate import audit, migrations, roles
from tests.lambda_src.support.postgres import Postgres

pytestmark = [pytest.mark.requirement("T-DB-4"), pytest.mark.slow]

APP, ANALYST = "trading_app", "trading_analyst"
PARAMETERS = dict(POSTGRES.cluster_parameters)
LIBRARIES = "shared_preload_libraries"


def start(settings: dict[str, str]) -> Postgres:
    programs = programs_or_skip(servers.PGAUDIT)
    server = Postgres(programs["initdb"].parent, environment=programs.environment(), settings=settings).start()
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE rds_iam")
    return server


@pytest.fixture(scope="module")
def new() -> Iterator[Postgres]:
    """A new cluster: its instances start with the parameters of the template. It is migrated."""
    server = start(PARAMETERS)
    try:
        assert deploy(server) == audit.ON
        yield server
    finally:
        server.stop()


def connect(server: Postgres, user: str = "postgres") -> psycopg.Connection[Any]:
    return psycopg.connect(server.dsn, user=user, autocommit=True)


def deploy(server: Postgres) -> str:
    """The migration, as the function runs it."""
    with connect(server) as connection, migrations.migration_lock(connection):
        migrations.migrate(connection, migrations.load())
        roles.ensure_roles(connection, APP, ANALYST)
        return audit.ensure_audit(connection, ANALYST)


def trail(server: Postgres, user: str, *statements: str, values: tuple[object, ...] = ()) -> list[str]:
    """What pgAudit logs while a user runs statements in a session of their own."""
    before = len(server.log)
    with connect(server, user) as connection:
        for statement in statements:
            connection.execute(statement.encode(), values or None)
    return [line for line in server.log[before:].splitlines() if "AUDIT: " in line]


def test_an_existing_stack_audits_after_a_reboot_and_a_second_deployment(log: io.StringIO) -> None:
    """The update adds the library to the parameter group of a server that runs without it."""
    server = start({**PARAMETERS, LIBRARIES: "pg_stat_statements"})
    try:
        assert deploy(server) == audit.NOT_LOADED
        assert "reboot the writer and the reader" in log.getvalue()
        assert trail(server, ANALYST, "SELECT count(*) FROM trading.trades") == []
        server.restart({LIBRARIES: PARAMETERS[LIBRARIES]})
        assert trail(server, ANALYST, "SELECT count(*) FROM trading.trades") == [], "nobody has set it yet"
        assert deploy(server) == audit.ON
        assert len(trail(server, ANALYST, "SELECT count(*) FROM trading.trades")) == 1
        assert deploy(server) == audit.ON, "a later deployment changes nothing"
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("statement", "command", "relation"),
    [
        ("SELECT count(*) FROM trading.trades", "READ,SELECT", "trading.trades"),
        ("COPY (SELECT * FROM trading.quotes) TO STDOUT", "READ,SELECT", "trading.quotes"),
        ("CREATE TEMPORARY TABLE mine (n int)", "DDL,CREATE TABLE", "mine"),
        ("DO $$ BEGIN PERFORM count(*) FROM trading.bars_1m; END $$", "READ,SELECT", "trading.bars_1m"),
    ],
)
def test_what_analysts_do_is_in_the_log(new: Postgres, statement: str, command: str, relation: str) -> None:
    if statement.startswith("COPY"):
        before = len(new.log)
        with connect(new, ANALYST) as connection, connection.cursor().copy(statement.encode()) as copy:
            assert list(copy) == []
        lines = [line for line in new.log[before:].splitlines() if "AUDIT: " in line]
    else:
        lines = trail(new, ANALYST, "SET default_transaction_read_only = off", statement)
    assert any(f",{command}," in line and relation in line for line in lines), lines


def test_writes_of_analysts_are_in_the_log(new: Postgres) -> None:
    lines = trail(
        new,
        ANALYST,
        "SET default_transaction_read_only = off",
        "CREATE TEMPORARY TABLE results (n int)",
        "INSERT INTO results VALUES (1)",
        "UPDATE results SET n = 2",
        "DELETE FROM results",
    )
    assert [line.split(",")[4] for line in lines if ",WRITE," in line] == ["INSERT", "UPDATE", "DELETE"]


def test_values_of_parameters_are_not_in_the_log_but_literals_are(new: Postgres) -> None:
    (line,) = trail(new, ANALYST, "SELECT 1 FROM trading.trades WHERE symbol = %s", values=("SECRET-VALUE",))
    assert "symbol = $1" in line
    assert "SECRET-VALUE" not in new.log
    (line,) = trail(new, ANALYST, "SELECT 1 FROM trading.trades WHERE symbol = 'LITERAL'")
    assert "LITERAL" in line, "the text of a statement is logged as the analyst wrote it"


def test_what_analysts_try_in_vain_is_in_the_log(new: Postgres) -> None:
    """Unseen by pgAudit, because PostgreSQL checks the rights first. It is logged as the statement of an error."""
    before = len(new.log)
    with connect(new, ANALYST) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM trading.batches")
    assert "permission denied for table batches" in new.log[before:]
    assert "STATEMENT:  SELECT * FROM trading.batches" in new.log[before:]


def test_what_the_functions_do_is_not_in_the_log(new: Postgres) -> None:
    statements = (
        "SELECT count(*) FROM trading.trades",
        "DELETE FROM trading.bars_1m",
        "CREATE TEMPORARY TABLE t (n int)",
    )
    assert trail(new, APP, *statements) == []


def test_analysts_cannot_switch_the_audit_off(new: Postgres) -> None:
    with connect(new, ANALYST) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in (
            "SET pgaudit.log = 'none'",
            "SET pgaudit.log_level = 'debug5'",
            f"ALTER ROLE {ANALYST} SET pgaudit.log = 'none'",
            f"ALTER ROLE {ANALYST} RESET pgaudit.log",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


@pytest.fixture
def master(new: Postgres) -> Iterator[psycopg.Connection[Any]]:
    """A master without SUPERUSER, who may read the server's settings, as rds_superuser may."""
    with connect(new) as admin:
        admin.execute("CREATE ROLE master LOGIN CREATEROLE IN ROLE pg_monitor")
        admin.execute(f"GRANT {ANALYST} TO master WITH ADMIN OPTION")
        with connect(new, "master") as connection:
            yield connection
        admin.execute("DROP OWNED BY master")
        admin.execute("DROP ROLE master")


def test_the_master_needs_only_the_right_to_set_the_parameter(new: Postgres, master: psycopg.Connection[Any]) -> None:
    if master.info.server_version < 150000:
        pytest.skip("PostgreSQL grants rights on parameters since version 15")
    with connect(new) as admin:
        admin.execute("GRANT SET ON PARAMETER pgaudit.log TO master")
    assert audit.ensure_audit(master, ANALYST) == audit.ON


def test_a_master_who_may_not_set_the_parameter_fails_with_the_reason(master: psycopg.Connection[Any]) -> None:
    """A deployment that promises an audit must not succeed without one."""
    with pytest.raises(MigrationError, match=f'audit of {ANALYST} cannot be set up: .*"pgaudit.log"'):
        audit.ensure_audit(master, ANALYST)


def test_a_server_without_the_library_is_reported_and_fails_no_deployment(postgres: Postgres, log: io.StringIO) -> None:
    """That of the embedded AWS is such a server."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        assert audit.ensure_audit(connection, "anybody") == audit.NOT_LOADED
    (entry,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (entry["level"], entry["audit"]) == ("WARNING", audit.NOT_LOADED)
