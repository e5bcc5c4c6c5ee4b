"""The database users and exactly the rights that they need. It is idempotent and runs after each migration.

Both users log in only with IAM tokens. They have no password, and the role ``rds_iam`` makes RDS ask IAM. That role exists
on each RDS for PostgreSQL and Aurora PostgreSQL server ("Creating a database account using IAM authentication", Aurora
User Guide). This module does not create it: a server without it would reject each login, and a role of that name would
only hide the fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.errors import MigrationError

if TYPE_CHECKING:
    import psycopg

IAM_ROLE = "rds_iam"
APP_TABLES = ("trades", "trade_conflicts", "quotes", "bars_1m", "quote_stats_1m", "batches", "retention")
ANALYST_TABLES = ("trades", "trade_conflicts", "quotes", "bars_1m", "quote_stats_1m")
APP_SETTINGS = {
    "statement_timeout": "60s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
ANALYST_SETTINGS = {**APP_SETTINGS, "statement_timeout": "300s", "default_transaction_read_only": "on"}


def ensure_roles(connection: psycopg.Connection[Any], app_user: str, analyst_user: str) -> None:
    """Create the missing users and set the rights of both. Raises MigrationError."""
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (IAM_ROLE,)).fetchone() is None:
        raise MigrationError(0, f"the role {IAM_ROLE} is missing: this is not an RDS server")
    with connection.transaction():
        _revoke_defaults(connection)
        _ensure_user(connection, app_user, APP_SETTINGS)
        _ensure_user(connection, analyst_user, ANALYST_SETTINGS)
        _grant(connection, app_user, "SELECT, INSERT, UPDATE, DELETE", APP_TABLES)
        _grant(connection, analyst_user, "SELECT", ANALYST_TABLES)


def _revoke_defaults(connection: psycopg.Connection[Any]) -> None:
    """Revoke what PostgreSQL allows everybody by default: to connect and to create temporary tables."""
    from psycopg import sql

    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")


def _ensure_user(connection: psycopg.Connection[Any], user: str, settings: dict[str, str]) -> None:
    from psycopg import sql

    name = sql.Identifier(user)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(IAM_ROLE), name))
    for parameter, value in settings.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(parameter), sql.Literal(value))
        )


def _grant(connection: psycopg.Connection[Any], user: str, rights: str, tables: tuple[str, ...]) -> None:
    from psycopg import sql

    name, database = sql.Identifier(user), sql.Identifier(connection.info.dbname)
    # TEMPORARY, because process copies each batch into temporary tables, and analysts keep results of a session in them.
    connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, name))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA trading TO {}").format(name))
    targets = sql.SQL(", ").join(sql.Identifier("trading", table) for table in tables)
    connection.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA trading FROM {}").format(name))
    connection.execute(sql.SQL("GRANT ") + sql.SQL(rights) + sql.SQL(" ON {} TO {}").format(targets, name))
