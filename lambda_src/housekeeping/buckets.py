"""Emptying a versioned bucket: every version, every delete marker, every incomplete upload.

Listing and deleting overlap: while pages of 1,000 are deleted by a few workers, the next ones are listed. How many
versions that makes in an invocation's 15 minutes: README.md of the functions.
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
# S3 takes at least 3,500 DELETE requests a second for a partitioned prefix ("Best practices design patterns: optimizing
# Amazon S3 performance") and does not say that a request for 1,000 counts as one: more workers might have to slow down.
WORKERS = 4
PAUSE_SECONDS = 2.0  # before what S3 could not delete just now is tried again
_GONE = frozenset({"NoSuchBucket", "404"})
_BUSY = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"})

Objects = list[dict[str, str]]


def empty_bucket(s3: Any, bucket: str) -> int:
    """Delete everything in the bucket and return how many versions, markers and uploads that were.

    A bucket that is gone already is empty. Passes are repeated until one finds nothing, because logs may still arrive
    while the bucket is emptied. Raises CustomResourceError when S3 refuses to delete something, or when the bucket
    keeps filling up. What it has deleted by then stays deleted: another try goes on from there.
    """
    total = 0
    try:
        for _ in range(MAX_PASSES):
            found, deleted = _delete_versions(s3, bucket)
            aborted = _abort_uploads(s3, bucket)
            total += deleted + aborted
            if found + aborted == 0:
                return total
            if deleted < found:
                time.sleep(PAUSE_SECONDS)
    except Exception as error:
        if error_code(error) in _GONE:
            return total
        raise
    reason = "keeps filling up, or S3 is too busy"
    raise CustomResourceError(f"bucket {bucket} {reason}: {total} objects deleted in {MAX_PASSES} passes")


def _delete_versions(s3: Any, bucket: str) -> tuple[int, int]:
    """One pass over the bucket: how many versions and markers it found, and how many of them it deleted."""
    found = deleted = 0
    waiting: deque[Future[int]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for objects in _pages(s3, bucket):
            found += len(objects)
            waiting.append(pool.submit(_delete, s3, bucket, objects))
            if len(waiting) > WORKERS:  # so that pages do not pile up in memory, and an error ends the pass soon
                deleted += waiting.popleft().result()
        deleted += sum(future.result() for future in waiting)
    return found, deleted


def _pages(s3: Any, bucket: str) -> Iterator[Objects]:
    """The versions and delete markers, at most 1,000 at once; a page's place does not depend on those before it."""
    place: dict[str, str] = {}
    while True:
        page = s3.list_object_versions(Bucket=bucket, MaxKeys=1000, **place)
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        # A page may have more than 1000 entries in all, DeleteObjects takes 1000.
        for start in range(0, len(objects), 1000):
            yield objects[start : start + 1000]
        if not page.get("IsTruncated"):
            return
        place = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _delete(s3: Any, bucket: str, objects: Objects) -> int:
    """How many were deleted; what S3 is too busy for is left to the next pass."""
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
