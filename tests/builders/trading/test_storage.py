"""The storage tier (T-S3-*)."""

from __future__ import annotations

import json

import pytest

from builders.contract.functions import TIMEOUT_SECONDS
from tests.builders.support.policies import statements
from tests.builders.support.resources import Resource, find_resource, resources, text

BUCKETS = list(resources("trading", "AWS::S3::Bucket"))
DATA_BUCKETS = [resource for resource in BUCKETS if resource.title in ("RawBucket", "ProcessedBucket", "ArchiveBucket")]


def policy_of(bucket: Resource) -> dict[str, dict[str, object]]:
    resource = find_resource("trading", f"{bucket.title}Policy")
    return {str(s["Sid"]): dict(s) for s in statements(resource.properties["PolicyDocument"])}


@pytest.mark.requirement("T-S3-1")
def test_the_three_data_buckets_exist() -> None:
    assert len(DATA_BUCKETS) == 3


@pytest.mark.requirement("T-S3-1")
@pytest.mark.parametrize("bucket", BUCKETS, ids=str)
def test_buckets_are_versioned_private_and_without_acls(bucket: Resource) -> None:
    assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket.properties["PublicAccessBlockConfiguration"]) == 4
    assert bucket.properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.requirement("T-S3-1")
@pytest.mark.parametrize("bucket", DATA_BUCKETS, ids=str)
def test_uploads_under_another_key_are_denied(bucket: Resource) -> None:
    (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    header = "s3:x-amz-server-side-encryption"
    policy = policy_of(bucket)
    assert policy["DenyOtherKey"]["Condition"] == {
        "Null": {f"{header}-aws-kms-key-id": "false"},
        "StringNotEquals": {f"{header}-aws-kms-key-id": {"Ref": "DataKeyArn"}},
    }
    assert policy["DenyOtherEncryption"]["Condition"]["StringNotEquals"] == {header: "aws:kms"}  # type: ignore[index]
    assert policy["DenyCustomerProvidedKey"]["Effect"] == "Deny"


@pytest.mark.requirement("T-S3-1")
@pytest.mark.parametrize("bucket", BUCKETS, ids=str)
def test_buckets_deny_plain_and_old_transport(bucket: Resource) -> None:
    policy = policy_of(bucket)
    assert policy["DenyPlainTransport"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert policy["DenyOldTransport"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


@pytest.mark.requirement("T-S3-1")
def test_access_is_logged_to_the_log_bucket_under_a_prefix_of_its_own() -> None:
    prefixes = [b.properties["LoggingConfiguration"]["LogFilePrefix"] for b in BUCKETS if b.title != "AccessLogBucket"]
    assert len(prefixes) == len(set(prefixes)) == len(BUCKETS) - 1
    assert "LoggingConfiguration" not in find_resource("trading", "AccessLogBucket").properties


@pytest.mark.requirement("T-S3-2")
@pytest.mark.parametrize("bucket", BUCKETS, ids=str)
def test_every_object_of_any_size_goes_to_glacier_after_ninety_days(bucket: Resource) -> None:
    lifecycle = bucket.properties["LifecycleConfiguration"]
    assert lifecycle["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    aging, *_, cleaning = lifecycle["Rules"]
    assert {"StorageClass": "GLACIER", "TransitionInDays": 90} in aging["Transitions"]
    assert "Prefix" not in aging
    assert cleaning["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert cleaning["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


@pytest.mark.requirement("T-S3-2")
def test_only_the_archive_goes_on_to_deep_archive() -> None:
    deep = {bucket.title for bucket in BUCKETS if "DEEP_ARCHIVE" in json.dumps(bucket.properties)}
    assert deep == {"ArchiveBucket"}


@pytest.mark.requirement("T-FN-1")
def test_new_raw_objects_reach_the_queue_and_only_from_that_bucket() -> None:
    raw = find_resource("trading", "RawBucket")
    (notification,) = raw.properties["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "market-data/"}]
    assert raw.body["DependsOn"] == "ObjectQueuePolicy"
    allow, deny = statements(find_resource("trading", "ObjectQueuePolicy").properties["PolicyDocument"])
    assert [text(arn) for arn in allow["Condition"]["ArnLike"]["aws:SourceArn"]] == [
        "arn:${AWS::Partition}:s3:::trading-raw-${EnvironmentSuffix}-${AWS::AccountId}"
    ]
    assert deny["Effect"] == "Deny"


@pytest.mark.requirement("T-FN-1")
def test_a_failed_object_is_hidden_long_enough_and_ends_in_the_dead_letters() -> None:
    queue = find_resource("trading", "ObjectQueue").properties
    assert queue["VisibilityTimeout"] >= 6 * TIMEOUT_SECONDS["process"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["ObjectDeadLetters", "Arn"]}
