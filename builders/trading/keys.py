"""The keys of trading: a platform of functions, tables and an API."""

from __future__ import annotations

from builders.contract.names import SUFFIX
from builders.parts.keys import KeyRow, KeyUse
from builders.tiers import key_rows


def rows(platform: str) -> tuple[KeyRow, ...]:
    """The keys of a platform of functions, tables and an API."""
    tables = KeyUse("Tables", through=("dynamodb",), grants=True, context={"aws:dynamodb:tableName": (f"*-{SUFFIX}",)})
    return (
        key_rows.data(platform, "Buckets and tables", tables),
        key_rows.database(),
        key_rows.logs(
            platform,
            "API-Gateway-Execution-Logs_*/*",
            "/aws/apigateway/welcome",
        ),
        key_rows.functions(platform),
        key_rows.messaging(platform),
    )
