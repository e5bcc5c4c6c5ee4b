"""``Custom::EmptyBucket``, ``Custom::ClosedDefaultSecurityGroup`` and ``Custom::ApiKeyEntitlement``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.clients import client
from common.custom_resource import Provider, handle, list_property, text_property
from common.observe import count, observed

from . import buckets, entitlements, security_groups

Properties = Mapping[str, Any]


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the Lambda function, which sends the answer to CloudFormation itself."""
    return handle(event, context, PROVIDERS)


def _bucket_id(properties: Properties) -> str:
    return f"empty-bucket:{text_property(properties, 'BucketName')}"


def _keep_bucket(properties: Properties) -> Mapping[str, str]:
    """Do nothing until the resource is deleted, which CloudFormation does before it deletes the bucket."""
    return {"BucketName": text_property(properties, "BucketName")}


def _empty_bucket(properties: Properties) -> None:
    count("ObjectsDeleted", buckets.empty_bucket(client("s3"), text_property(properties, "BucketName")))


def _group_id(properties: Properties) -> str:
    return f"closed-default-group:{text_property(properties, 'VpcId')}"


def _close_group(properties: Properties) -> Mapping[str, str]:
    group_id = str(properties.get("GroupId") or "")
    vpc_id = text_property(properties, "VpcId")
    revoked = security_groups.close_default_group(client("ec2"), vpc_id, group_id)
    return {"Revoked": str(revoked)}


def _leave_closed(properties: Properties) -> None:
    """Leave the group closed, because it is deleted with its VPC."""


def _entitlement_id(properties: Properties) -> str:
    return f"entitlement:{text_property(properties, 'TableName')}:{text_property(properties, 'ApiKeyId')}"


def _put_entitlement(properties: Properties) -> Mapping[str, str]:
    table, api_key_id = text_property(properties, "TableName"), text_property(properties, "ApiKeyId")
    scopes, symbols = list_property(properties, "Scopes"), list_property(properties, "Symbols")
    owner = str(properties.get("Client") or "stack")
    entitlements.put_entitlement(client("dynamodb"), table, api_key_id, scopes, symbols, owner)
    return {"ApiKeyId": api_key_id}


def _delete_entitlement(properties: Properties) -> None:
    table, api_key_id = text_property(properties, "TableName"), text_property(properties, "ApiKeyId")
    entitlements.delete_entitlement(client("dynamodb"), table, api_key_id)


PROVIDERS = {
    "Custom::EmptyBucket": Provider(_bucket_id, _keep_bucket, _empty_bucket),
    "Custom::ClosedDefaultSecurityGroup": Provider(_group_id, _close_group, _leave_closed),
    "Custom::ApiKeyEntitlement": Provider(_entitlement_id, _put_entitlement, _delete_entitlement),
}
