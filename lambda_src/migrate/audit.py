"""The trace of analysts: pgAudit writes their statements into the server's log, without the values of parameters.

``pgaudit.log`` is set for the analysts' user alone, so pgAudit does not log what the functions do. Only the master may
change it ("Excluding users or databases from audit logging", Aurora User Guide). It applies from the next login on.

The library is loaded when the server starts (``shared_preload_libraries``, a static parameter). A server that has not
restarted since the library was added to the parameter group cannot audit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.errors import MigrationError
from common.observe import logger

if TYPE_CHECKING:
    import psycopg

LIBRARY = "pgaudit"
CLASSES = "read, write, ddl"
"""What is logged. ``read`` includes COPY TO, ``write`` includes COPY FROM ("Reference for the pgAudit extension")."""

ON = "on"
NOT_LOADED = "off: reboot the writer and the reader, then raise MigrationRun and deploy again"


def ensure_audit(connection: psycopg.Connection[Any], analyst_user: str) -> str:
    """Have pgAudit log what analysts read, write and define.

    Returns:
        ``ON``, or ``NOT_LOADED`` if the server has not loaded the library.

    Raises:
        MigrationError: The server has loaded the library, but the master may not use it.
    """
    import psycopg
    from psycopg import sql

    if not _is_loaded(connection):
        logger.warning("analysts are not audited: the server has not loaded pgAudit", extra={"audit": NOT_LOADED})
        return NOT_LOADED
    setting = sql.SQL("ALTER ROLE {} SET pgaudit.log = {}").format(sql.Identifier(analyst_user), sql.Literal(CLASSES))
    try:
        with connection.transaction():
            # The extension comes before the setting, as the README of pgAudit demands.
            connection.execute("CREATE EXTENSION IF NOT EXISTS pgaudit")
            connection.execute(setting)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(0, f"the audit of {analyst_user} cannot be set up: {error}") from error
    logger.info("analysts are audited", extra={"user": analyst_user, "audit": CLASSES})
    return ON


def _is_loaded(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server loaded the library at its start, as AWS has users check it ("Setting up the pgAudit extension")."""
    row = connection.execute("SHOW shared_preload_libraries").fetchone()
    return row is not None and LIBRARY in [name.strip() for name in row[0].split(",")]
