"""Stores a batch exactly once, by conditional writes to S3, without a lock or a table."""

from __future__ import annotations

import json
from typing import Any

from common.clients import error_code
from common.errors import RequestError

from .batch import Batch

PUT_ATTEMPTS = 4
_EXISTS = frozenset({"PreconditionFailed", "412"})


def store_batch(s3: Any, bucket: str, batch: Batch) -> bool:
    """Store the batch's object.

    With an idempotency key, a small marker object first binds the key to the content.

    Returns:
        False if the object existed already, because the request is a repetition.

    Raises:
        RequestError: 409, if the key was used for other content.
        ClientError: botocore's, if S3 fails. The caller then reports no record as accepted.
    """
    if batch.marker:
        _bind_key(s3, bucket, batch)
    return _put_once(
        s3,
        bucket,
        batch.object_key,
        batch.stored_bytes(),
        "application/x-ndjson",
        {"batch-id": batch.batch_id, "content-sha256": batch.content_sha256, "records": str(batch.accepted)},
    )


def _bind_key(s3: Any, bucket: str, batch: Batch) -> None:
    key = f"idempotency/{batch.marker}.json"
    body = json.dumps({"contentSha256": batch.content_sha256}).encode()
    if _put_once(s3, bucket, key, body, "application/json", {}):
        return
    bound = _read_marker(s3, bucket, key)
    if bound.get("contentSha256") != batch.content_sha256:
        raise RequestError(409, "idempotency_key_reused", "This Idempotency-Key was used with another body")


def _read_marker(s3: Any, bucket: str, key: str) -> dict[str, str]:
    try:
        marker: dict[str, str] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except Exception as error:
        if error_code(error) != "InvalidObjectState":
            raise
        # The bucket's lifecycle has archived the marker, so its content cannot be compared.
        raise RequestError(409, "idempotency_key_reused", "This Idempotency-Key was used long ago") from None
    return marker


def _put_once(
    s3: Any,
    bucket: str,
    key: str,
    body: bytes,
    content_type: str,
    metadata: dict[str, str],
    attempts: int = PUT_ATTEMPTS,
) -> bool:
    """Write the object unless the key has one; False if it has."""
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, Metadata=metadata, IfNoneMatch="*")
    except Exception as error:
        code = error_code(error)
        if code in _EXISTS:
            return False
        if code == "ConditionalRequestConflict" and attempts > 1:
            # Another conditional write of the same key is running. Its result decides.
            return _put_once(s3, bucket, key, body, content_type, metadata, attempts - 1)
        raise
    return True
