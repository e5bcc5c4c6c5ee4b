"""Versions, uploads, conditions, encryption, notifications and policies of buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import (
    ACCOUNT,
    created,
    document,
    error_of,
    is_denied,
    resources,
    session,
    unique,
)
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

BUCKETS = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
  Versioned:
    Type: AWS::S3::Bucket
    DependsOn: Policy
    Properties:
      BucketName: NAME-versioned
      VersioningConfiguration: {Status: Enabled}
      OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - {BucketKeyEnabled: true, ServerSideEncryptionByDefault: {SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt Key.Arn}}
      LoggingConfiguration: {DestinationBucketName: !Ref Logs, LogFilePrefix: access/}
      LifecycleConfiguration:
        Rules:
          - {Id: old, Status: Enabled, Prefix: old/, ExpirationInDays: 1, NoncurrentVersionExpiration: {NoncurrentDays: 30}}
          - {Id: uploads, Status: Enabled, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}}
      NotificationConfiguration:
        QueueConfigurations:
          - Event: s3:ObjectCreated:*
            Queue: !GetAtt Queue.Arn
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: suffix, Value: .json}]}}
  Logs: {Type: AWS::S3::Bucket, Properties: {BucketName: NAME-logs}}
  LogsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Logs
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: logging.s3.amazonaws.com}, Action: "s3:PutObject", Resource: !Sub "${Logs.Arn}/*"}
  Queue: {Type: AWS::SQS::Queue}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: s3.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition: {ArnEquals: {"aws:SourceArn": "arn:aws:s3:::NAME-versioned"}}
"""  # noqa: E501 - a resource a line


class Bucket:
    """A versioned bucket with everything, and its queue."""

    def __init__(self, cloud: EmbeddedCloud, name: str, ids: dict[str, str]) -> None:
        self.api, self.sqs, self.name, self.ids = cloud.client("s3"), cloud.client("sqs"), name, ids

    def put(self, key: str, body: bytes = b"x", **options: Any) -> dict[str, Any]:
        return dict(self.api.put_object(Bucket=self.name, Key=key, Body=body, **options))

    def read(self, key: str, **options: Any) -> bytes:
        return bytes(self.api.get_object(Bucket=self.name, Key=key, **options)["Body"].read())

    def messages(self) -> list[dict[str, Any]]:
        """The notifications that the queue holds now."""
        answer = self.sqs.receive_message(QueueUrl=self.ids["Queue"], MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def empty(self, bucket: str) -> None:
        for page in self.api.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                self.api.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


@pytest.fixture(scope="module")
def bucket(cloud: EmbeddedCloud) -> Iterator[Bucket]:
    name = unique("conformance")
    with created(cloud, BUCKETS.replace("NAME", name)) as (stack, _):
        made = Bucket(cloud, f"{name}-versioned", resources(cloud, stack))
        yield made
        made.empty(made.name)
        made.empty(f"{name}-logs")


def test_versioning_keeps_old_versions(bucket: Bucket) -> None:
    first, second = bucket.put("versions", b"one"), bucket.put("versions", b"two")
    assert first["VersionId"] != second["VersionId"]
    assert bucket.read("versions") == b"two"
    assert bucket.read("versions", VersionId=first["VersionId"]) == b"one"


def test_deletion_leaves_a_marker(bucket: Bucket) -> None:
    version = bucket.put("marked")["VersionId"]
    answer = bucket.api.delete_object(Bucket=bucket.name, Key="marked")
    assert answer["DeleteMarker"] is True
    assert error_of(bucket.read, key="marked") == "NoSuchKey"
    assert bucket.read("marked", VersionId=version) == b"x"


def test_deletion_by_version_id_is_final(bucket: Bucket) -> None:
    version = bucket.put("final")["VersionId"]
    marker = bucket.api.delete_object(Bucket=bucket.name, Key="final")["VersionId"]
    bucket.api.delete_object(Bucket=bucket.name, Key="final", VersionId=marker)
    assert bucket.read("final") == b"x"
    bucket.api.delete_object(Bucket=bucket.name, Key="final", VersionId=version)
    assert error_of(bucket.read, key="final", VersionId=version) == "NoSuchVersion"


def test_delete_objects_removes_versions_in_one_call(bucket: Bucket) -> None:
    entries = [{"Key": f"many/{n}", "VersionId": bucket.put(f"many/{n}")["VersionId"]} for n in range(3)]
    answer = bucket.api.delete_objects(Bucket=bucket.name, Delete={"Objects": entries, "Quiet": True})
    assert "Deleted" not in answer
    assert "Errors" not in answer
    assert "Versions" not in bucket.api.list_object_versions(Bucket=bucket.name, Prefix="many/")


def test_versions_are_listed_in_pages(bucket: Bucket) -> None:
    versions = [bucket.put("paged/a")["VersionId"] for _ in range(3)]
    bucket.put("paged/b")
    bucket.api.delete_object(Bucket=bucket.name, Key="paged/b")
    pages = list(
        bucket.api.get_paginator("list_object_versions").paginate(
            Bucket=bucket.name, Prefix="paged/", PaginationConfig={"PageSize": 2}
        )
    )
    found = [entry["VersionId"] for page in pages for entry in page.get("Versions", []) if entry["Key"] == "paged/a"]
    assert found == versions[::-1]
    assert [entry["Key"] for page in pages for entry in page.get("DeleteMarkers", [])] == ["paged/b"]
    assert len(pages) > 1


def test_keys_are_listed_in_pages(bucket: Bucket) -> None:
    for key in ("list/b", "list/a", "list/B", "list/ä"):
        bucket.put(key)
    first = bucket.api.list_objects_v2(Bucket=bucket.name, Prefix="list/", MaxKeys=2)
    assert first["IsTruncated"] is True
    second = bucket.api.list_objects_v2(
        Bucket=bucket.name, Prefix="list/", MaxKeys=2, ContinuationToken=first["NextContinuationToken"]
    )
    keys = [entry["Key"] for page in (first, second) for entry in page["Contents"]]
    assert keys == ["list/B", "list/a", "list/b", "list/ä"]


def test_multipart_object_appears_when_complete(bucket: Bucket) -> None:
    target = {"Bucket": bucket.name, "Key": "parts"}
    upload = {**target, "UploadId": bucket.api.create_multipart_upload(**target)["UploadId"]}
    bodies = [b"a" * 5 * 1024 * 1024, b"b"]
    parts = [
        {"PartNumber": n, "ETag": bucket.api.upload_part(**upload, PartNumber=n, Body=body)["ETag"]}
        for n, body in enumerate(bodies, 1)
    ]
    assert error_of(bucket.read, key="parts") == "NoSuchKey"
    answer = bucket.api.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert answer["ETag"].strip('"').endswith("-2")
    assert bucket.read("parts") == b"".join(bodies)


def test_aborted_upload_disappears(bucket: Bucket) -> None:
    target = {"Bucket": bucket.name, "Key": "aborted"}
    upload = bucket.api.create_multipart_upload(**target)["UploadId"]
    listed = bucket.api.list_multipart_uploads(Bucket=bucket.name)["Uploads"]
    assert upload in [entry["UploadId"] for entry in listed]
    bucket.api.abort_multipart_upload(**target, UploadId=upload)
    left = bucket.api.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
    assert upload not in [entry["UploadId"] for entry in left]


def test_put_if_absent_fails_for_an_existing_key(bucket: Bucket) -> None:
    bucket.put("absent", b"one", IfNoneMatch="*")
    assert error_of(bucket.put, key="absent", body=b"two", IfNoneMatch="*") == "PreconditionFailed"
    assert bucket.read("absent") == b"one"


def test_get_if_match_fails_for_another_etag(bucket: Bucket) -> None:
    tag = bucket.put("matched")["ETag"]
    assert bucket.read("matched", IfMatch=tag) == b"x"
    assert error_of(bucket.read, key="matched", IfMatch='"other"') == "PreconditionFailed"


def test_get_by_range_is_partial(bucket: Bucket) -> None:
    bucket.put("range", b"0123456789")
    answer = bucket.api.get_object(Bucket=bucket.name, Key="range", Range="bytes=2-4")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"234", "bytes 2-4/10")


def test_copy_keeps_metadata_unless_replaced(bucket: Bucket) -> None:
    bucket.put("origin", Metadata={"batch": "one"})
    source = {"Bucket": bucket.name, "Key": "origin"}

    def copied(key: str, **options: Any) -> dict[str, str]:
        bucket.api.copy_object(Bucket=bucket.name, Key=key, CopySource=source, **options)
        return dict(bucket.api.head_object(Bucket=bucket.name, Key=key)["Metadata"])

    assert copied("kept") == {"batch": "one"}
    assert copied("replaced", Metadata={"batch": "two"}, MetadataDirective="REPLACE") == {"batch": "two"}


def test_put_keeps_encoding_and_metadata(bucket: Bucket) -> None:
    bucket.put("described", ContentType="application/x-ndjson", ContentEncoding="gzip", Metadata={"batch": "one"})
    head = bucket.api.head_object(Bucket=bucket.name, Key="described")
    assert (head["ContentType"], head["ContentEncoding"]) == ("application/x-ndjson", "gzip")
    assert head["Metadata"] == {"batch": "one"}


def test_wrong_checksum_is_rejected(bucket: Bucket) -> None:
    wrong = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # SHA-256 of nothing
    assert error_of(bucket.put, key="sum", ChecksumSHA256=wrong) == "BadDigest"
    assert error_of(bucket.put, key="sum", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == "BadDigest"


def test_head_of_a_missing_object_is_404(bucket: Bucket) -> None:
    assert error_of(bucket.api.head_object, Bucket=bucket.name, Key="nothing") == "404"


def test_head_bucket_tells_missing_from_forbidden(cloud: EmbeddedCloud, bucket: Bucket) -> None:
    assert error_of(bucket.api.head_bucket, Bucket=unique("no-such-bucket")) == "404"
    assert error_of(cloud.client("s3", session(cloud)).head_bucket, Bucket=bucket.name) == "403"


def test_default_encryption_applies(bucket: Bucket) -> None:
    bucket.put("sealed")
    head = bucket.api.head_object(Bucket=bucket.name, Key="sealed")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"].endswith(bucket.ids["Key"])
    assert head["BucketKeyEnabled"] is True


def test_bucket_policy_may_demand_encryption_headers(cloud: EmbeddedCloud) -> None:
    s3, name = cloud.client("s3"), unique("demanding")
    s3.create_bucket(Bucket=name)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {
            "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
            "Null": {"s3:x-amz-server-side-encryption": "false"},
        },
    }
    s3.put_bucket_policy(Bucket=name, Policy=document(statement))
    writer = cloud.client("s3", session(cloud, {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}))
    assert not is_denied(writer.put_object, Bucket=name, Key="k")
    assert is_denied(writer.put_object, Bucket=name, Key="k", ServerSideEncryption="AES256")


def test_bucket_policy_may_demand_its_key(cloud: EmbeddedCloud) -> None:
    s3, kms, name = cloud.client("s3"), cloud.client("kms"), unique("keyed")
    right, wrong = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    s3.create_bucket(Bucket=name)
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {"StringNotEqualsIfExists": {header: right}},
    }
    s3.put_bucket_policy(Bucket=name, Policy=document(statement))
    writer = cloud.client("s3", session(cloud, {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}))
    for key, is_stopped in ((right, False), (wrong, True)):
        sealed = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
        assert is_denied(writer.put_object, Bucket=name, Key="k", **sealed) is is_stopped


def test_public_policy_is_blocked(bucket: Bucket) -> None:
    public = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket.name}/*",
    }
    code = error_of(bucket.api.put_bucket_policy, Bucket=bucket.name, Policy=document(public))
    assert code == "AccessDenied"


def test_acls_are_disabled(bucket: Bucket) -> None:
    assert error_of(bucket.put, key="acl", ACL="public-read") == "AccessControlListNotSupported"
    bucket.put("acl", ACL="bucket-owner-full-control")


def test_expected_owner_is_checked(bucket: Bucket) -> None:
    bucket.put("owned", ExpectedBucketOwner=ACCOUNT)
    assert error_of(bucket.put, key="owned", ExpectedBucketOwner="999999999999") == "AccessDenied"
    assert error_of(bucket.read, key="owned", ExpectedBucketOwner="999999999999") == "AccessDenied"


def test_lifecycle_is_stored_as_declared(bucket: Bucket) -> None:
    rules = bucket.api.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
    found = {rule["ID"]: rule for rule in rules}
    assert found["old"]["Expiration"] == {"Days": 1}
    assert found["old"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert found["uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_notification_has_encoded_key(bucket: Bucket) -> None:
    (configured,) = bucket.api.get_bucket_notification_configuration(Bucket=bucket.name)["QueueConfigurations"]
    assert configured["QueueArn"].endswith(bucket.ids["Queue"].rsplit("/", 1)[1])
    bucket.put("in/a b+c=1.json", b"four")

    def record() -> dict[str, Any] | None:
        records = [record for message in bucket.messages() for record in message.get("Records", [])]
        return next((entry for entry in records if entry["s3"]["object"]["key"].startswith("in/a")), None)

    found = eventually(record)
    assert found["eventName"] == "ObjectCreated:Put"
    assert found["s3"]["bucket"]["name"] == bucket.name
    assert found["s3"]["object"]["key"] == "in/a+b%2Bc%3D1.json"
    assert found["s3"]["object"]["size"] == 4


def test_notification_filters_by_prefix_and_suffix(bucket: Bucket) -> None:
    bucket.put("out/no.json")
    bucket.put("in/no.txt")
    bucket.put("in/yes.json")
    keys: list[str] = []

    def arrived() -> bool:
        records = [record for message in bucket.messages() for record in message.get("Records", [])]
        keys.extend(record["s3"]["object"]["key"] for record in records)
        return "in/yes.json" in keys

    eventually(arrived)
    assert not {"out/no.json", "in/no.txt"} & set(keys)


def test_access_logs_reach_their_bucket(bucket: Bucket) -> None:
    """On AWS they take hours; a few seconds show whether the emulator writes any."""
    bucket.put("logged")
    eventually(lambda: bucket.api.list_objects_v2(Bucket=bucket.ids["Logs"], Prefix="access/").get("Contents"), 2)
