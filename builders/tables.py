"""The tables tier: sessions and API keys in DynamoDB (requirement T-DDB-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, Ref
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    SSESpecification,
    Table,
    TimeToLiveSpecification,
)

from builders.contract import Port, TierTemplate, suffixed
from builders.keys import DATA_KEY

API_KEYS_NAME = "api-keys"
USER_SESSIONS_NAME = "user-sessions"

USER_SESSIONS_TABLE = Port("UserSessionsTableName", "Table of client sessions.")
USER_SESSIONS_ARN = Port("UserSessionsTableArn", "ARN of the table of client sessions.")
API_KEYS_TABLE = Port("ApiKeysTableName", "Table of API keys and their entitlements.")
API_KEYS_ARN = Port("ApiKeysTableArn", "ARN of the table of API keys.")


@dataclass(frozen=True)
class TableRow:
    """One table; the key is a string, ``ttl`` the attribute with the epoch second of expiry."""

    title: str
    name: str
    key: str
    ttl: str | None
    name_port: Port
    arn_port: Port


TABLES = (
    TableRow("UserSessionsTable", USER_SESSIONS_NAME, "sessionId", "expiresAt", USER_SESSIONS_TABLE, USER_SESSIONS_ARN),
    TableRow("ApiKeysTable", API_KEYS_NAME, "apiKeyId", None, API_KEYS_TABLE, API_KEYS_ARN),
)


def build(platform: str) -> TierTemplate:
    """The tables, one per row."""
    template = TierTemplate(platform, "DynamoDB tables of sessions and API keys.")
    for row in TABLES:
        table = add_table(template, row)
        template.export(row.name_port, Ref(table))
        template.export(row.arn_port, GetAtt(table, "Arn"))
    return template


def add_table(template: TierTemplate, row: TableRow) -> Table:
    """An on-demand table under the data key with point-in-time recovery."""
    expiry: dict[str, Any] = (
        {"TimeToLiveSpecification": TimeToLiveSpecification(AttributeName=row.ttl, Enabled=True)} if row.ttl else {}
    )
    return template.add(
        Table(
            row.title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            TableName=suffixed(row.name),
            AttributeDefinitions=[AttributeDefinition(AttributeName=row.key, AttributeType="S")],
            KeySchema=[KeySchema(AttributeName=row.key, KeyType="HASH")],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=template.use(DATA_KEY)),
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            DeletionProtectionEnabled=False,
            **expiry,
        )
    )
