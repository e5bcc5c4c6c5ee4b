"""``Custom::DatabaseMigration`` for Aurora MySQL: schema, user and rights on Create and Update; nothing on Delete.

The database is deleted with its cluster, so Delete has nothing to undo.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from common import custom_resource, mysql, settings
from common.clients import client
from common.errors import DatabaseUnavailableError
from common.observe import count, logger, observed

from .application import ensure_application, read_account
from .migrations import LOCK_WAIT_SECONDS, load, migrate, migration_lock

if TYPE_CHECKING:
    import pymysql

CONNECT_FOR_SECONDS = 60.0  # a new cluster may need some seconds to answer
STATEMENT_TIMEOUT_SECONDS = 300
assert STATEMENT_TIMEOUT_SECONDS > LOCK_WAIT_SECONDS  # otherwise waiting for the lock would end the connection


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the Lambda function, which sends the answer to CloudFormation itself."""
    return custom_resource.handle(event, context, PROVIDERS)


def upsert(properties: Mapping[str, Any]) -> Mapping[str, str]:
    """Bring the database to the newest version. Raises FunctionError."""
    migrations = load()
    secrets = client("secretsmanager")
    host, port, database = settings.required("DB_HOST"), settings.port("DB_PORT"), settings.required("DB_NAME")
    master = read_account(secrets, "DB_SECRET_ARN", settings.required("DB_SECRET_ARN"))
    application_arn = settings.required("APP_SECRET_ARN")
    login = mysql.Login(host, port, master.username, master.password, database)
    with closing(_connect(login)) as connection, migration_lock(connection, database):
        applied = migrate(connection, migrations)
        # Read after the wait for the lock, during which the secret may have been rotated.
        application = read_account(secrets, "APP_SECRET_ARN", application_arn)
        user = mysql.Login(host, port, application.username, application.password, database)
        outcome = ensure_application(connection, user)
    count("MigrationsApplied", len(applied))
    versions = ",".join(str(version) for version in applied)
    return {"Version": str(len(migrations)), "Applied": versions, "ApplicationUser": outcome}


def _connect(login: mysql.Login) -> pymysql.connections.Connection[Any]:
    deadline = time.monotonic() + CONNECT_FOR_SECONDS
    while True:
        try:
            return mysql.connect(login, statement_timeout_seconds=STATEMENT_TIMEOUT_SECONDS)
        except DatabaseUnavailableError as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("database does not answer yet", extra={"reason": error.reason})
            time.sleep(2)


def _physical_id(properties: Mapping[str, Any]) -> str:
    """The id of the database, not of the code, so that a new ArtifactKey is an update and never a replacement."""
    return f"migration:{settings.required('DB_HOST')}/{settings.required('DB_NAME')}"


def _delete(properties: Mapping[str, Any]) -> None:
    """Do nothing, because the database is deleted with its cluster."""


PROVIDERS = {"Custom::DatabaseMigration": custom_resource.Provider(_physical_id, upsert, _delete)}
