"""Gaps of S3: a request with another expected bucket owner, and the bucket key of the default encryption."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from local.host.settings import ACCOUNT
from local.ministack.internals import emulator_module, require, wrap

_s3 = emulator_module("services.s3")

_OWNER = "x-amz-expected-bucket-owner"
_BUCKET_KEY = "x-amz-server-side-encryption-bucket-key-enabled"
_ENABLED = re.compile(r"<BucketKeyEnabled>\s*true\s*</BucketKeyEnabled>", re.IGNORECASE)

Handle = Callable[..., Awaitable[Any]]


def install() -> None:
    """Wrap the dispatcher of S3."""
    require(_s3, "_bucket_encryption", "_error", "_parse_bucket_key")
    wrap(_s3, "handle_request", _as_declared)


def _as_declared(original: Handle) -> Handle:
    async def handle(method: str, path: str, headers: Any, *arguments: Any, **options: Any) -> Any:
        owner = next((value for name, value in headers.items() if name.lower() == _OWNER), ACCOUNT)
        if owner != ACCOUNT:  # bucket-owner-condition.html
            return _s3._error("AccessDenied", "Access Denied", 403)
        answer = await original(method, path, headers, *arguments, **options)
        if method not in ("GET", "HEAD", "PUT") or not isinstance(answer, tuple):
            return answer
        status, answered, *rest = answer
        bucket, key = _s3._parse_bucket_key(path, headers)
        if key and dict(answered).get("x-amz-server-side-encryption") == "aws:kms" and _uses_bucket_key(bucket):
            answered = {**answered, _BUCKET_KEY: "true"}
        return (status, answered, *rest)

    return handle


def _uses_bucket_key(bucket: str) -> bool:
    """Whether the bucket's default encryption has a bucket key (bucket-key.html)."""
    return bool(_ENABLED.search(_s3._bucket_encryption.get(bucket) or ""))
