"""Empties a versioned bucket of its versions, delete markers and incomplete uploads.

Listing and deleting overlap: a few workers delete pages of 1,000 while the next pages are listed. README.md of the
functions has the number of versions that one invocation of 15 minutes can delete.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from common.clients import error_code, outage
from common.errors import CustomResourceError

MAX_PASSES = 20
# S3 accepts at least 3,500 DELETE requests a second for a partitioned prefix ("Best practices design patterns: optimizing
# Amazon S3 performance"). It does not say that a request for 1,000 counts as one, so S3 might throttle more workers.
WORKERS = 4
PAUSE_SECONDS = 2.0  # before retrying what S3 was too busy to delete
_GONE = frozenset({"NoSuchBucket", "404"})
_BUSY = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"})

Objects = list[dict[str, str]]


def empty_bucket(s3: Any, bucket: str) -> int:
    """Delete everything in the bucket. A deleted bucket counts as empty.

    Passes repeat until one finds nothing, because logs may still arrive meanwhile.

    Returns:
        The number of deleted versions, markers and uploads.

    Raises:
        CustomResourceError: S3 rejects a deletion, or the bucket keeps filling up. A retry continues with what remains.
    """
    total = 0
    try:
        for _ in range(MAX_PASSES):
            listed, deleted = _delete_versions(s3, bucket)
            aborted = _abort_uploads(s3, bucket)
            total += deleted + aborted
            if listed + aborted == 0:
                return total
            if deleted < listed:
                time.sleep(PAUSE_SECONDS)
    except Exception as error:
        if error_code(error) in _GONE:
            return total
        raise
    reason = "keeps filling up, or S3 is too busy"
    raise CustomResourceError(f"bucket {bucket} {reason}: {total} objects deleted in {MAX_PASSES} passes")


def _delete_versions(s3: Any, bucket: str) -> tuple[int, int]:
    """Run one pass over the bucket; returns the number of listed versions and markers, and of deleted ones."""
    listed = deleted = 0
    waiting: deque[Future[int]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for objects in _pages(s3, bucket):
            listed += len(objects)
            waiting.append(pool.submit(_delete, s3, bucket, objects))
            if len(waiting) > WORKERS:  # so that few pages are in memory and an error ends the pass soon
                deleted += waiting.popleft().result()
        deleted += sum(future.result() for future in waiting)
    return listed, deleted


def _pages(s3: Any, bucket: str) -> Iterator[Objects]:
    """The versions and delete markers, at most 1,000 at once. Deleting one page does not move the next."""
    position: dict[str, str] = {}
    while True:
        page = s3.list_object_versions(Bucket=bucket, MaxKeys=1000, **position)
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        # A page may have more than 1,000 entries in all. DeleteObjects accepts 1,000.
        for start in range(0, len(objects), 1000):
            yield objects[start : start + 1000]
        if not page.get("IsTruncated"):
            return
        position = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _delete(s3: Any, bucket: str, objects: Objects) -> int:
    """Delete one page; returns the number of deleted versions. The next pass retries what S3 was too busy for."""
    try:
        reply = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    except Exception as error:
        if outage(error):
            return 0
        raise
    errors = reply.get("Errors", [])
    _raise_for(bucket, [error for error in errors if error.get("Code") not in _BUSY])
    return len(objects) - len(errors)


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
