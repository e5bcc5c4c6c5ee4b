"""Conditions, reads, pages and settings of tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import allow, created, error_of, is_denied, resources, session, unique
from tests.local.support.stacks import change

pytestmark = pytest.mark.emulator

TABLE = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: NAME
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: n, AttributeType: N}]
      KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: n, KeyType: RANGE}]
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
"""


class Table:
    """A table with a partition and a sort key."""

    def __init__(self, cloud: EmbeddedCloud, stack: str, name: str) -> None:
        self.api, self.stack, self.name = cloud.client("dynamodb"), stack, name

    def put(self, key: str, number: int = 1, **more: Any) -> None:
        options = more.pop("options", {})
        item = {"id": {"S": key}, "n": {"N": str(number)}, **more}
        self.api.put_item(TableName=self.name, Item=item, **options)

    def key(self, key: str, number: int = 1) -> dict[str, Any]:
        return {"TableName": self.name, "Key": {"id": {"S": key}, "n": {"N": str(number)}}}

    def get(self, key: str) -> dict[str, Any]:
        return dict(self.api.get_item(**self.key(key), ConsistentRead=True))


@pytest.fixture(scope="module")
def table(cloud: EmbeddedCloud) -> Iterator[Table]:
    name = unique("conformance")
    with created(cloud, TABLE.replace("NAME", name)) as (stack, _):
        yield Table(cloud, stack, name)


def test_put_if_absent_is_conditional(table: Table) -> None:
    absent = {"ConditionExpression": "attribute_not_exists(id)"}
    table.put("absent", options=absent)
    assert error_of(table.put, key="absent", options=absent) == "ConditionalCheckFailedException"


def test_update_sets_and_returns(table: Table) -> None:
    update = {
        "UpdateExpression": "SET #o = :o, seen = if_not_exists(seen, :zero) + :one",
        "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":o": {"S": "desk"}, ":zero": {"N": "0"}, ":one": {"N": "1"}},
    }
    table.api.update_item(**table.key("updated"), **update)
    answer = table.api.update_item(**table.key("updated"), **update, ReturnValues="ALL_NEW")
    assert answer["Attributes"]["owner"] == {"S": "desk"}
    assert answer["Attributes"]["seen"] == {"N": "2"}


def test_delete_of_a_missing_item_succeeds(table: Table) -> None:
    assert table.api.delete_item(**table.key("missing"))["ResponseMetadata"]["HTTPStatusCode"] == 200
    condition = {"ConditionExpression": "attribute_exists(id)"}
    code = error_of(table.api.delete_item, **table.key("missing"), **condition)
    assert code == "ConditionalCheckFailedException"


def test_missing_item_has_no_item_key(table: Table) -> None:
    assert "Item" not in table.get("missing")


def test_consistent_read_sees_the_last_write(table: Table) -> None:
    for number in range(5):
        table.put("latest", value={"N": str(number)})
        assert table.get("latest")["Item"]["value"] == {"N": str(number)}


def test_numbers_keep_their_digits(table: Table) -> None:
    digits = "1234567890123456789012345678901234567.8"
    table.put("digits", value={"N": digits})
    assert table.get("digits")["Item"]["value"] == {"N": digits}


def test_query_is_paginated(table: Table) -> None:
    for number in range(5):
        table.put("paged", number)
    query = {
        "TableName": table.name,
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": "paged"}},
        "Limit": 2,
    }
    first = table.api.query(**query)
    assert first["LastEvaluatedKey"] == {"id": {"S": "paged"}, "n": {"N": "1"}}
    pages = list(table.api.get_paginator("query").paginate(**query))
    assert [item["n"]["N"] for page in pages for item in page["Items"]] == ["0", "1", "2", "3", "4"]


def test_wrong_key_type_is_rejected(table: Table) -> None:
    item = {"id": {"N": "1"}, "n": {"N": "1"}}
    assert error_of(table.api.put_item, TableName=table.name, Item=item) == "ValidationException"


def test_ttl_is_enabled_by_the_template(table: Table) -> None:
    described = table.api.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_expired_items_stay_readable_for_a_while(table: Table) -> None:
    table.put("expired", expires={"N": str(int(time.time()) - 60)})
    assert "Item" in table.get("expired")


def test_leading_keys_limit_a_role(cloud: EmbeddedCloud, table: Table) -> None:
    table.put("mine")
    table.put("yours")
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}
    api = cloud.client("dynamodb", session(cloud, allow("dynamodb:GetItem", "*", condition)))
    assert not is_denied(api.get_item, **table.key("mine"))
    assert is_denied(api.get_item, **table.key("yours"))


def test_point_in_time_recovery_is_enabled(table: Table) -> None:
    described = table.api.describe_continuous_backups(TableName=table.name)["ContinuousBackupsDescription"]
    assert described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_changed_key_schema_replaces_the_table(cloud: EmbeddedCloud) -> None:
    name = unique("conformance")
    template = TABLE.replace("NAME", name)
    with created(cloud, template) as (stack, _):
        changed = template.replace("AttributeName: n,", "AttributeName: m,")
        outcome = change(cloud, stack, changed)
        assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
        renamed = changed.replace(name, f"{name}-new")
        assert change(cloud, stack, renamed).status == "UPDATE_COMPLETE"
        assert resources(cloud, stack)["Table"] == f"{name}-new"
