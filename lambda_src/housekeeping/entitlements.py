"""The entitlement item of an API key that the stack creates."""

from __future__ import annotations

from typing import Any

from common.clients import error_code


def put_entitlement(
    dynamodb: Any, table: str, api_key_id: str, scopes: list[str], symbols: list[str], client: str
) -> None:
    """Write the key's rights. An update of the stack keeps an operator's ``enabled = false``."""
    dynamodb.update_item(
        TableName=table,
        Key={"apiKeyId": {"S": api_key_id}},
        UpdateExpression=(
            "SET #scopes = :scopes, #symbols = :symbols, #client = :client,"
            " #enabled = if_not_exists(#enabled, :enabled)"
        ),
        ExpressionAttributeNames={
            "#scopes": "scopes",
            "#symbols": "symbols",
            "#client": "client",
            "#enabled": "enabled",
        },
        ExpressionAttributeValues={
            ":scopes": {"L": [{"S": scope} for scope in sorted(scopes)]},
            ":symbols": {"L": [{"S": symbol} for symbol in sorted(symbols)]},
            ":client": {"S": client},
            ":enabled": {"BOOL": True},
        },
    )


def delete_entitlement(dynamodb: Any, table: str, api_key_id: str) -> None:
    """Delete the item. A missing item or table is not an error."""
    try:
        dynamodb.delete_item(TableName=table, Key={"apiKeyId": {"S": api_key_id}})
    except Exception as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
