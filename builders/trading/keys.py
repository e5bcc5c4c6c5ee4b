"""The keys of trading: a platform of functions, tables and an API."""

from __future__ import annotations

from builders.contract.names import Names
from builders.parts.keys import KeyRow, KeyUse
from builders.tiers import key_rows


def rows(platform: str, names: Names) -> tuple[KeyRow, ...]:
    """The keys of a platform of functions, tables and an API."""
    tables = {"aws:dynamodb:tableName": names.of("AWS::DynamoDB::Table")}
    return (
        key_rows.data(
            platform,
            names,
            "Buckets and tables",
            KeyUse("Tables", through=("dynamodb",), grants=True, context=tables),
        ),
        key_rows.database(),
        key_rows.logs(names),
        key_rows.functions(names),
        key_rows.messaging(names),
    )
