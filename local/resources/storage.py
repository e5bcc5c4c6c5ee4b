"""S3 and DynamoDB: properties that the emulator's CloudFormation drops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module
from local.ministack.properties import Attributes, Props, changed, tag_list, truth
from local.ministack.resource_types import Delete, Supplement

_handlers = emulator_module("services.cloudformation.provisioners")
_dynamodb = emulator_module("services.dynamodb")

# -- S3 ---------------------------------------------------------------------------------------------------------------


def _complete_bucket(bucket: str, old: Props, new: Props) -> Attributes | None:
    """Set encryption, versioning, lifecycle, access logs, ownership and tags."""
    s3 = aws("s3")
    for name, put, clear in _BUCKET_SETTINGS:
        if not changed(old, new, name):
            continue
        if new.get(name):
            put(s3, bucket, new[name])
        else:
            clear(s3, bucket)
    if changed(old, new, "Tags"):
        if tag_list(new):
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(new)})
        else:
            s3.delete_bucket_tagging(Bucket=bucket)
    return None


def _put_encryption(s3: Any, bucket: str, value: Props) -> None:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": truth(rule.get("BucketKeyEnabled", False)),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_versioning(s3: Any, bucket: str, value: Props) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": value["Status"]})


def _put_lifecycle(s3: Any, bucket: str, value: Props) -> None:
    rules = [_lifecycle_rule(number, rule) for number, rule in enumerate(value["Rules"])]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(number: int, rule: Props) -> dict[str, Any]:
    """Return CloudFormation's rule in the API's words; many names differ."""
    result: dict[str, Any] = {
        "ID": rule.get("Id", f"rule-{number}"),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if truth(rule.get("ExpiredObjectDeleteMarker", False)):
        expiration["ExpiredObjectDeleteMarker"] = True
    if expiration:
        result["Expiration"] = expiration
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        result["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    transitions = rule.get("Transitions") or ([rule["Transition"]] if "Transition" in rule else [])
    if transitions:
        result["Transitions"] = [_transition(step, "Days") for step in transitions]
    return result | _noncurrent_versions(rule)


def _noncurrent_versions(rule: Props) -> dict[str, Any]:
    """Return what a rule says about noncurrent versions."""
    result: dict[str, Any] = {}
    expiration = rule.get("NoncurrentVersionExpiration")
    if expiration is None and "NoncurrentVersionExpirationInDays" in rule:
        expiration = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if expiration:
        result["NoncurrentVersionExpiration"] = {key: int(value) for key, value in expiration.items()}
    transitions = rule.get("NoncurrentVersionTransitions") or []
    if transitions:
        result["NoncurrentVersionTransitions"] = [_transition(step, "NoncurrentDays") for step in transitions]
    return result


def _transition(step: Props, days: str) -> dict[str, Any]:
    return {days: int(step["TransitionInDays"]), "StorageClass": step["StorageClass"]}


def _put_logging(s3: Any, bucket: str, value: Props) -> None:
    target: dict[str, Any] = {
        "TargetBucket": value.get("DestinationBucketName", bucket),
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }
    if "TargetObjectKeyFormat" in value:
        target["TargetObjectKeyFormat"] = value["TargetObjectKeyFormat"]
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})


def _put_ownership(s3: Any, bucket: str, value: Props) -> None:
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": value["Rules"]})


_BUCKET_SETTINGS: tuple[tuple[str, Callable[[Any, str, Props], None], Callable[[Any, str], object]], ...] = (
    ("BucketEncryption", _put_encryption, lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket)),
    (
        "VersioningConfiguration",
        _put_versioning,
        lambda s3, bucket: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
    ),
    ("LifecycleConfiguration", _put_lifecycle, lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket)),
    (
        "LoggingConfiguration",
        _put_logging,
        lambda s3, bucket: s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={}),
    ),
    (
        "OwnershipControls",
        _put_ownership,
        lambda s3, bucket: s3.delete_bucket_ownership_controls(Bucket=bucket),
    ),
)


_delete_bucket_record: Delete = _handlers._s3_delete


def _delete_bucket(bucket: str, props: Props) -> None:
    """Keep a bucket that is not empty, as the service does; the emulator's handler drops it with all its objects."""
    s3 = aws("s3")
    if bucket in {entry["Name"] for entry in s3.list_buckets()["Buckets"]}:
        s3.delete_bucket(Bucket=bucket)
    _delete_bucket_record(bucket, props)


# -- DynamoDB ---------------------------------------------------------------------------------------------------------


def _complete_table(table: str, old: Props, new: Props) -> Attributes | None:
    """Set encryption, point-in-time recovery and time to live."""
    dynamodb = aws("dynamodb")
    if changed(old, new, "SSESpecification"):
        dynamodb.update_table(TableName=table, SSESpecification=_sse(new.get("SSESpecification") or {}))
    if changed(old, new, "PointInTimeRecoverySpecification"):
        setting = new.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
        specification: dict[str, Any] = {
            "PointInTimeRecoveryEnabled": truth(setting.get("PointInTimeRecoveryEnabled", False))
        }
        if "RecoveryPeriodInDays" in setting:
            specification["RecoveryPeriodInDays"] = int(setting["RecoveryPeriodInDays"])
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=specification)
    if changed(old, new, "TimeToLiveSpecification"):
        setting = new.get("TimeToLiveSpecification") or {**old["TimeToLiveSpecification"], "Enabled": False}
        dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "Enabled": truth(setting["Enabled"]),
                "AttributeName": setting["AttributeName"],
            },
        )
    return None


def _sse(value: Props) -> dict[str, Any]:
    specification: dict[str, Any] = {"Enabled": truth(value.get("SSEEnabled", False))}
    if specification["Enabled"]:
        specification["SSEType"] = value.get("SSEType", "KMS")
        if "KMSMasterKeyId" in value:
            specification["KMSMasterKeyId"] = value["KMSMasterKeyId"]
    return specification


_delete_table_record: Delete = _handlers._ddb_delete


def _delete_table(table: str, props: Props) -> None:
    """Delete through the API, which also drops what belongs to the table (the emulator's handler leaves the settings)."""
    with ignoring("ResourceNotFoundException"):
        arn = aws("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
        aws("dynamodb").delete_table(TableName=table)
        _dynamodb._tags.pop(arn, None)
    _delete_table_record(table, props)
    for settings in (_dynamodb._pitr_settings, _dynamodb._ttl_settings):
        settings.pop(table, None)


SUPPLEMENTS = {
    "AWS::S3::Bucket": Supplement(_complete_bucket, _delete_bucket),
    "AWS::DynamoDB::Table": Supplement(_complete_table, _delete_table),
}
