"""``Custom::DatabaseMigration``: schema, users and rights on Create and Update; nothing on Delete.

The database is deleted with its cluster, so Delete has nothing to undo.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from common import custom_resource, database, settings
from common.clients import client
from common.errors import ConfigurationError, CredentialsRejectedError, DatabaseUnavailableError
from common.observe import count, logger, observed

from .audit import ensure_audit
from .migrations import load, migrate, migration_lock
from .roles import ensure_roles

if TYPE_CHECKING:
    import psycopg

CONNECT_FOR_SECONDS = 180.0  # a new Serverless v2 writer needs some seconds to answer, a paused one up to a minute


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the Lambda function, which sends the answer to CloudFormation itself."""
    return custom_resource.handle(event, context, PROVIDERS)


def upsert(properties: Mapping[str, Any]) -> Mapping[str, str]:
    """Bring the database to the newest version. Raises MigrationError and DatabaseUnavailableError."""
    migrations = load()
    app_user, analyst_user = settings.required("DB_APP_USER"), settings.required("DB_ANALYST_USER")
    with _connect() as connection, migration_lock(connection):
        applied = migrate(connection, migrations)
        ensure_roles(connection, app_user, analyst_user)
        audit = ensure_audit(connection, analyst_user)
    count("MigrationsApplied", len(applied))
    versions = ",".join(str(version) for version in applied)
    return {"Version": str(len(migrations)), "Applied": versions, "AnalystAudit": audit}


def _connect() -> psycopg.Connection[Any]:
    user, password = _master_credentials()
    target = database.Target(settings.required("DB_HOST"), settings.port("DB_PORT"), settings.required("DB_NAME"), user)
    deadline = time.monotonic() + CONNECT_FOR_SECONDS
    while True:
        try:
            return _log_in(target, password)
        except DatabaseUnavailableError as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("database does not answer yet", extra={"reason": error.reason})
            time.sleep(2)


def _log_in(target: database.Target, password: str) -> psycopg.Connection[Any]:
    """A connection of the master user, by password, or by IAM token if the server rejects the password.

    From a member of rds_iam, also from an indirect one, RDS accepts only a token ("Database authentication", Aurora User
    Guide). Since PostgreSQL 16 ``CREATE ROLE`` makes the creator a member of the new role (CREATE ROLE, PostgreSQL
    documentation), so the first ``ensure_roles`` makes the master an indirect member. AWS does not document whether such
    a membership counts. Reports from RDS for PostgreSQL 16 differ.
    """
    try:
        connection, login = database.connect(target, password), "password"
    except CredentialsRejectedError as error:
        logger.warning("the master's password was rejected; an IAM token follows", extra={"reason": error.reason})
        connection, login = database.connect(target, database.iam_token(target)), "IAM token"
    logger.info("logged in to the database", extra={"user": target.user, "login": login})
    return connection


def _master_credentials() -> tuple[str, str]:
    reply = client("secretsmanager").get_secret_value(SecretId=settings.required("DB_SECRET_ARN"))
    try:
        secret = json.loads(reply["SecretString"])
        return str(secret["username"]), str(secret["password"])
    except (KeyError, TypeError, ValueError):
        # Without the cause, whose text could contain a part of the secret.
        raise ConfigurationError("DB_SECRET_ARN", "names a secret without username and password") from None


def _physical_id(properties: Mapping[str, Any]) -> str:
    """The id of the database, not of the code, so that a new ArtifactKey is an update and never a replacement."""
    return f"migration:{settings.required('DB_HOST')}/{settings.required('DB_NAME')}"


def _delete(properties: Mapping[str, Any]) -> None:
    """Do nothing, because the database is deleted with its cluster."""


PROVIDERS = {"Custom::DatabaseMigration": custom_resource.Provider(_physical_id, upsert, _delete)}
