"""Rejections that the worker sends on its own, for requests that never reach the application."""

from __future__ import annotations

import json
from http import HTTPStatus

from .errors import RequestError
from .model import MAX_BODY_BYTES


def malformed(message: str) -> RequestError:
    """The error for a request whose end is ambiguous."""
    return RequestError(400, "malformed_request", message)


def body_too_large() -> RequestError:
    """The error for a body, or for chunks, beyond the limit."""
    return RequestError(413, "too_large", f"The body may have at most {MAX_BODY_BYTES} bytes.")


def headers_too_large(limit_bytes: int) -> RequestError:
    """The error for a head beyond a limit."""
    return RequestError(431, "headers_too_large", f"The headers may have at most {limit_bytes} bytes.")


def timed_out(limit_seconds: float) -> RequestError:
    """The error for a request that did not arrive in time."""
    message = (
        f"The request did not arrive within {limit_seconds} seconds. Send it again, with the same Idempotency-Key."
    )
    return RequestError(408, "request_timeout", message)


def answer_bytes(error: RequestError, request_id: str) -> bytes:
    """The whole answer: an error body like the application's, and the end of the connection."""
    body = json.dumps({"error": {"code": error.code, "message": error.message}}).encode()
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"X-Request-Id: {request_id}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
