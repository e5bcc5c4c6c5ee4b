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

from builders.contract import ports
from builders.contract.template import Port, TierTemplate, suffixed
from builders.parts import pack_rules
from builders.parts.suppressions import suppress
from builders.trading import facts

USER_SESSIONS_NAME = "user-sessions"


@dataclass(frozen=True)
class TableRow:
    """One table.

    Attributes:
        title: logical id.
        name: the name without suffix.
        key: the attribute that is the key, a string.
        ttl: the attribute with the epoch second of expiry, or None.
        name_port: the port of the table's name.
        arn_port: the port of the table's ARN.
    """

    title: str
    name: str
    key: str
    ttl: str | None
    name_port: Port
    arn_port: Port


TABLES = (
    TableRow(
        "UserSessionsTable",
        USER_SESSIONS_NAME,
        "sessionId",
        "expiresAt",
        ports.USER_SESSIONS_TABLE,
        ports.USER_SESSIONS_ARN,
    ),
    TableRow("ApiKeysTable", facts.API_KEYS_NAME, "apiKeyId", None, ports.API_KEYS_TABLE, ports.API_KEYS_ARN),
)


def build(platform: str) -> TierTemplate:
    """Builds the tables, one for each row."""
    template = TierTemplate(platform, "DynamoDB tables of sessions and API keys.")
    for row in TABLES:
        table = add_table(template, row)
        template.export(row.name_port, Ref(table))
        template.export(row.arn_port, GetAtt(table, "Arn"))
    return template


def add_table(template: TierTemplate, row: TableRow) -> Table:
    """Adds an on-demand table under the data key, with point-in-time recovery."""
    expiry: dict[str, Any] = (
        {"TimeToLiveSpecification": TimeToLiveSpecification(AttributeName=row.ttl, Enabled=True)} if row.ttl else {}
    )
    table = template.add(
        Table(
            row.title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            TableName=suffixed(row.name),
            AttributeDefinitions=[AttributeDefinition(AttributeName=row.key, AttributeType="S")],
            KeySchema=[KeySchema(AttributeName=row.key, KeyType="HASH")],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification=SSESpecification(
                SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=template.use(ports.DATA_KEY)
            ),
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            DeletionProtectionEnabled=False,
            **expiry,
        )
    )
    suppress(
        table,
        "Point-in-time recovery is on; recovery points of a backup plan would outlive destroy (requirement A-2)",
        **pack_rules.TABLE_BACKUP_PLAN,
    )
    return table
