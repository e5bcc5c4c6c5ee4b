"""Emptying a versioned bucket: every version, every delete marker, every incomplete upload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.clients import error_code
from common.errors import CustomResourceError

MAX_PASSES = 20
_GONE = frozenset({"NoSuchBucket", "404"})


def empty_bucket(s3: Any, bucket: str) -> int:
    """Delete everything in the bucket and return how many versions, markers and uploads that were.

    A bucket that is gone already is empty. Passes are repeated until one finds nothing, because logs may still arrive
    while the bucket is emptied. Raises CustomResourceError when S3 refuses to delete something, or when the bucket
    keeps filling up.
    """
    total = 0
    try:
        for _ in range(MAX_PASSES):
            removed = _delete_versions(s3, bucket) + _abort_uploads(s3, bucket)
            if removed == 0:
                return total
            total += removed
    except Exception as error:
        if error_code(error) in _GONE:
            return total
        raise
    raise CustomResourceError(f"bucket {bucket} keeps filling up: {total} objects deleted in {MAX_PASSES} passes")


def _delete_versions(s3: Any, bucket: str) -> int:
    removed = 0
    for page in _version_pages(s3, bucket):
        objects = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        # A page may have more than 1000 entries in all, DeleteObjects takes 1000.
        for start in range(0, len(objects), 1000):
            chunk = objects[start : start + 1000]
            reply = s3.delete_objects(Bucket=bucket, Delete={"Objects": chunk, "Quiet": True})
            _raise_for(bucket, reply.get("Errors", []))
            removed += len(chunk)
    return removed


def _version_pages(s3: Any, bucket: str) -> Iterator[Mapping[str, Any]]:
    """Always the first page: what a page shows is deleted before the next one is asked for."""
    seen: object = None
    while True:
        page = s3.list_object_versions(Bucket=bucket, MaxKeys=1000)
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        first = [(entry["Key"], entry["VersionId"]) for entry in entries]
        if not first:
            return
        if first == seen:
            raise CustomResourceError(f"bucket {bucket}: {first[0][0]} was deleted and is still listed")
        seen = first
        yield page


def _abort_uploads(s3: Any, bucket: str) -> int:
    aborted = 0
    marker: dict[str, str] = {}
    while True:
        page = s3.list_multipart_uploads(Bucket=bucket, **marker)
        for upload in page.get("Uploads", []):
            try:
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            except Exception as error:
                if error_code(error) != "NoSuchUpload":
                    raise
            aborted += 1
        if not page.get("IsTruncated"):
            return aborted
        marker = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}


def _raise_for(bucket: str, errors: list[Mapping[str, Any]]) -> None:
    if errors:
        first = errors[0]
        raise CustomResourceError(
            f"bucket {bucket}: {len(errors)} objects cannot be deleted, first {first.get('Key')}: {first.get('Code')}"
        )
