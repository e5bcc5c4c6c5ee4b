"""Buckets that are emptied, the closed default security group and entitlements, with real clients behind botocore's Stubber."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

import housekeeping.handler
from common.errors import CustomResourceError
from housekeeping import buckets
from tests.lambda_src.support.fakes import Context, client_error

pytestmark = pytest.mark.requirement("T-FN-2", "A-2")


def stub(service: str) -> tuple[Any, Any]:
    make: Any = boto3.client  # boto3 has no types
    client = make(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    make_stubber: Any = Stubber
    stubber = make_stubber(client)
    stubber.activate()
    return client, stubber


class VersionedBucket:
    """The part of S3 that empties a bucket: versions, delete markers and uploads in pages, in the order of their keys.

    Attributes:
        arrivals: How many more versions arrive, one with each deletion.
        stuck: The ids of versions that cannot be deleted.
        busy: The errors, or codes of errors, of the next deletions.
    """

    def __init__(self, versions: int, markers: int, uploads: int, page: int = 1000) -> None:
        self.versions = [{"Key": f"k{n // 3:06}", "VersionId": f"v{n:06}"} for n in range(versions)]
        self.markers = [{"Key": f"k{n:06}", "VersionId": f"m{n:06}"} for n in range(markers)]
        self.uploads = [{"Key": f"u{n}", "UploadId": f"i{n}"} for n in range(uploads)]
        self.page = page
        self.arrivals = 0
        self.stuck: set[str] = set()
        self.busy: list[str | Exception] = []
        self.lock = threading.Lock()
        self.deleting = self.most_at_once = 0

    def list_object_versions(
        self, Bucket: str, MaxKeys: int, KeyMarker: str = "", VersionIdMarker: str = ""
    ) -> dict[str, Any]:
        with self.lock:
            entries = sorted([*self.versions, *self.markers], key=_place)
            rest = [entry for entry in entries if _place(entry) > (KeyMarker, VersionIdMarker)]
            shown = rest[: min(self.page, MaxKeys)]
            return {
                "Versions": [entry for entry in shown if entry in self.versions],
                "DeleteMarkers": [entry for entry in shown if entry not in self.versions],
                "IsTruncated": len(rest) > len(shown),
                "NextKeyMarker": shown[-1]["Key"] if shown else "",
                "NextVersionIdMarker": shown[-1]["VersionId"] if shown else "",
            }

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        assert len(Delete["Objects"]) <= 1000
        with self.lock:
            self.deleting += 1
            self.most_at_once = max(self.most_at_once, self.deleting)
        time.sleep(0.001)
        with self.lock:
            self.deleting -= 1
            return self._delete({entry["VersionId"] for entry in Delete["Objects"]})

    def _delete(self, wanted: set[str]) -> dict[str, Any]:
        fault = self.busy.pop() if self.busy else ""
        if isinstance(fault, Exception):
            raise fault
        kept = wanted & self.stuck if not fault else {min(wanted)}
        self.versions = [v for v in self.versions if v["VersionId"] not in wanted - kept]
        self.markers = [m for m in self.markers if m["VersionId"] not in wanted - kept]
        if self.arrivals:
            self.arrivals -= 1
            self.versions.append({"Key": "log", "VersionId": f"late{self.arrivals}"})
        return {"Errors": [{"Key": "k", "Code": fault or "AccessDenied"} for _ in kept]}

    def list_multipart_uploads(self, Bucket: str, **marker: str) -> dict[str, Any]:
        start = int(marker.get("KeyMarker", "0"))
        end = start + self.page
        truncated = end < len(self.uploads)
        return {
            "Uploads": self.uploads[start:end],
            "IsTruncated": truncated,
            "NextKeyMarker": str(end),
            "NextUploadIdMarker": "x",
        }

    def abort_multipart_upload(self, Bucket: str, Key: str, UploadId: str) -> None:
        uploads = [upload for upload in self.uploads if upload["UploadId"] == UploadId]
        if not uploads:
            raise client_error("NoSuchUpload")
        uploads[0]["Key"] = ""


def _place(entry: dict[str, str]) -> tuple[str, str]:
    return entry["Key"], entry["VersionId"]


def event(kind: str, request: str, physical_id: str = "x", **properties: Any) -> dict[str, Any]:
    base = {"RequestType": request, "ResourceType": kind, "LogicalResourceId": "L", "StackId": "s", "RequestId": "r"}
    return {**base, "PhysicalResourceId": physical_id, "ResourceProperties": {"ServiceToken": "arn", **properties}}


def test_a_bucket_loses_all_versions_and_delete_markers() -> None:
    bucket = VersionedBucket(2345, 321, 0)
    assert buckets.empty_bucket(bucket, "b") == 2345 + 321
    assert (bucket.versions, bucket.markers) == ([], [])


def test_pages_are_deleted_side_by_side() -> None:
    bucket = VersionedBucket(3000, 0, 0, page=100)
    assert buckets.empty_bucket(bucket, "b") == 3000
    assert 1 < bucket.most_at_once <= buckets.WORKERS


@pytest.mark.parametrize("fault", ["SlowDown", "InternalError", client_error("SlowDown")], ids=str)
def test_a_deletion_for_which_s3_is_too_busy_is_retried(
    fault: str | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large bucket S3 answers with SlowDown, which once failed the whole deletion."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    bucket = VersionedBucket(2500, 10, 0)
    bucket.busy = [fault, fault]
    assert buckets.empty_bucket(bucket, "b") == 2510
    assert buckets.PAUSE_SECONDS in pauses


def test_a_bucket_for_which_s3_stays_too_busy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    bucket = VersionedBucket(1, 0, 0)
    bucket.busy = [client_error("SlowDown")] * 100
    with pytest.raises(CustomResourceError, match="S3 is too busy: 0 objects deleted in 20 passes"):
        buckets.empty_bucket(bucket, "b")


def test_objects_that_arrive_during_the_deletion_are_deleted_too() -> None:
    bucket = VersionedBucket(5, 0, 0)
    bucket.arrivals = 4
    assert buckets.empty_bucket(bucket, "b") == 9


def test_a_bucket_that_keeps_filling_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = VersionedBucket(1, 0, 0)
    monkeypatch.setattr(buckets, "_delete_versions", lambda *_: (1, 1))
    with pytest.raises(CustomResourceError, match="keeps filling up"):
        buckets.empty_bucket(bucket, "b")


def test_an_object_that_cannot_be_deleted_is_an_error_with_its_name() -> None:
    bucket = VersionedBucket(3, 0, 0)
    bucket.stuck = {"v000001"}
    with pytest.raises(CustomResourceError, match="1 objects cannot be deleted, first k: AccessDenied"):
        buckets.empty_bucket(bucket, "b")


def test_incomplete_uploads_are_aborted_on_every_page() -> None:
    client, stubber = stub("s3")
    page = {"Uploads": [{"Key": "a", "UploadId": "1"}], "IsTruncated": True}
    stubber.add_response("list_object_versions", {}, {"Bucket": "b", "MaxKeys": 1000})
    stubber.add_response(
        "list_multipart_uploads", {**page, "NextKeyMarker": "a", "NextUploadIdMarker": "1"}, {"Bucket": "b"}
    )
    stubber.add_response("abort_multipart_upload", {}, {"Bucket": "b", "Key": "a", "UploadId": "1"})
    stubber.add_response(
        "list_multipart_uploads",
        {"Uploads": [{"Key": "b", "UploadId": "2"}], "IsTruncated": False},
        {"Bucket": "b", "KeyMarker": "a", "UploadIdMarker": "1"},
    )
    stubber.add_client_error("abort_multipart_upload", "NoSuchUpload")
    stubber.add_response("list_object_versions", {}, {"Bucket": "b", "MaxKeys": 1000})
    stubber.add_response("list_multipart_uploads", {"IsTruncated": False}, {"Bucket": "b"})
    assert buckets.empty_bucket(client, "b") == 2
    stubber.assert_no_pending_responses()


def test_a_missing_bucket_is_empty() -> None:
    client, stubber = stub("s3")
    stubber.add_client_error("list_object_versions", "NoSuchBucket")
    assert buckets.empty_bucket(client, "b") == 0


def test_the_bucket_is_emptied_on_delete_only_and_its_id_is_its_name(fake_clients: dict[str, Any]) -> None:
    bucket = VersionedBucket(3, 1, 0)
    fake_clients["s3"] = bucket
    created = housekeeping.handler.handler(event("Custom::EmptyBucket", "Create", BucketName="b"), Context())
    assert (created["PhysicalResourceId"], len(bucket.versions)) == ("empty-bucket:b", 3)
    deleted = housekeeping.handler.handler(
        event("Custom::EmptyBucket", "Delete", "empty-bucket:b", BucketName="b"), Context()
    )
    assert (deleted["Status"], bucket.versions, bucket.markers) == ("SUCCESS", [], [])


RULE = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}
OPEN = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.mark.requirement("T-NET-4")
def test_the_default_security_group_is_closed_and_stays_closed(fake_clients: dict[str, Any]) -> None:
    client, stubber = stub("ec2")
    fake_clients["ec2"] = client
    group = {"GroupId": "sg-1", "GroupName": "default", "IpPermissions": [RULE], "IpPermissionsEgress": [OPEN]}
    stubber.add_response("describe_security_groups", {"SecurityGroups": [group]}, {"Filters": ANY})
    stubber.add_response(
        "revoke_security_group_ingress", {"Return": True}, {"GroupId": "sg-1", "IpPermissions": [RULE]}
    )
    stubber.add_client_error("revoke_security_group_egress", "InvalidPermission.NotFound")
    kind, properties = "Custom::ClosedDefaultSecurityGroup", {"VpcId": "vpc-1", "GroupId": "sg-1"}
    created = housekeeping.handler.handler(event(kind, "Create", **properties), Context())
    assert (created["Status"], created["PhysicalResourceId"]) == ("SUCCESS", "closed-default-group:vpc-1")
    closed = {**group, "IpPermissions": [], "IpPermissionsEgress": []}
    stubber.add_response("describe_security_groups", {"SecurityGroups": [closed]})
    updated = housekeeping.handler.handler(event(kind, "Update", **properties), Context())
    assert updated["Data"] == {"Revoked": "0"}
    assert housekeeping.handler.handler(event(kind, "Delete", **properties), Context())["Status"] == "SUCCESS"
    stubber.assert_no_pending_responses()


@pytest.mark.requirement("T-NET-4")
@pytest.mark.parametrize("groups", [[], [{"GroupId": "sg-1"}]])
def test_another_group_than_the_default_one_is_never_closed(
    groups: list[dict[str, str]], fake_clients: dict[str, Any]
) -> None:
    client, stubber = stub("ec2")
    fake_clients["ec2"] = client
    stubber.add_response("describe_security_groups", {"SecurityGroups": groups})
    properties = {"VpcId": "vpc-1", "GroupId": "sg-2"}
    created = housekeeping.handler.handler(
        event("Custom::ClosedDefaultSecurityGroup", "Create", "", **properties), Context()
    )
    assert created["Status"] == "FAILED"


@pytest.mark.requirement("T-DATA-5")
def test_an_entitlement_is_written_but_an_operators_disabling_survives(fake_clients: dict[str, Any]) -> None:
    client, stubber = stub("dynamodb")
    fake_clients["dynamodb"] = client
    expected = {
        "TableName": "api-keys-dev",
        "Key": {"apiKeyId": {"S": "k"}},
        "UpdateExpression": (
            "SET #scopes = :scopes, #symbols = :symbols, #client = :client,"
            " #enabled = if_not_exists(#enabled, :enabled)"
        ),
        "ExpressionAttributeNames": ANY,
        "ExpressionAttributeValues": {
            ":scopes": {"L": [{"S": "ingest"}, {"S": "query"}]},
            ":symbols": {"L": [{"S": "*"}]},
            ":client": {"S": "stack"},
            ":enabled": {"BOOL": True},
        },
    }
    stubber.add_response("update_item", {}, expected)
    properties: dict[str, Any] = {"TableName": "api-keys-dev", "ApiKeyId": "k"}
    properties |= {"Scopes": ["query", "ingest"], "Symbols": ["*"]}
    created = housekeeping.handler.handler(event("Custom::ApiKeyEntitlement", "Create", **properties), Context())
    assert (created["Status"], created["PhysicalResourceId"]) == ("SUCCESS", "entitlement:api-keys-dev:k")
    stubber.add_response("delete_item", {}, {"TableName": "api-keys-dev", "Key": {"apiKeyId": {"S": "k"}}})
    stubber.add_client_error("delete_item", "ResourceNotFoundException")
    for _ in range(2):
        deleted = housekeeping.handler.handler(event("Custom::ApiKeyEntitlement", "Delete", **properties), Context())
        assert deleted["Status"] == "SUCCESS"
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("Custom::EmptyBucket", {}),
        ("Custom::EmptyBucket", {"BucketName": ""}),
        ("Custom::ClosedDefaultSecurityGroup", {"GroupId": "sg-1"}),
        ("Custom::ApiKeyEntitlement", {"TableName": "t", "ApiKeyId": "k", "Scopes": "query", "Symbols": ["*"]}),
        ("Custom::ApiKeyEntitlement", {"TableName": "t", "ApiKeyId": "k", "Scopes": ["query"]}),
    ],
)
def test_missing_properties_are_named(kind: str, properties: dict[str, Any]) -> None:
    created = housekeeping.handler.handler(event(kind, "Create", "", **properties), Context())
    assert created["Status"] == "FAILED"
    assert created["Reason"].startswith("property ")
