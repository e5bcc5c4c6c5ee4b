"""All tables, in the order of the page."""

from __future__ import annotations

from tests.local.conformance.support.row import Row, Table
from tests.local.conformance.support.rows import (
    api,
    cloudformation,
    database,
    identity,
    messaging,
    monitoring,
    network,
    secrets,
    storage,
    web,
)

TABLES: tuple[Table, ...] = (
    cloudformation.TABLE,
    identity.IAM,
    identity.KMS,
    storage.S3,
    storage.DYNAMODB,
    storage.ANALYTICS,
    messaging.SQS,
    messaging.SNS,
    messaging.LAMBDA,
    api.API_GATEWAY,
    api.WAF,
    api.ACM,
    secrets.TABLE,
    web.AUTO_SCALING,
    web.LOAD_BALANCING,
    web.CLOUDFRONT,
    database.TABLE,
    monitoring.CLOUDWATCH,
    monitoring.LOGS,
    network.NETWORK,
    network.GOVERNANCE,
)


def all_rows() -> tuple[Row, ...]:
    """Every row of every table."""
    return tuple(row for table in TABLES for row in table.rows)
