"""The tables tier (T-DDB-1)."""

from __future__ import annotations

import pytest

from tests.builders.support.resources import find_resource, text


@pytest.mark.requirement("T-DDB-1")
@pytest.mark.parametrize(
    ("title", "name", "key", "ttl"),
    [("UserSessionsTable", "user-sessions", "sessionId", True), ("ApiKeysTable", "api-keys", "apiKeyId", False)],
)
def test_tables_are_on_demand_recoverable_and_under_the_customer_key(
    title: str, name: str, key: str, ttl: bool
) -> None:
    table = find_resource("trading", title).properties
    assert text(table["TableName"]) == f"{name}-${{EnvironmentSuffix}}"
    assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "DataKeyArn"}}
    assert table.get("TimeToLiveSpecification", {}).get("Enabled", False) is ttl
