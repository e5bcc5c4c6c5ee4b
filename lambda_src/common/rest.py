"""Requests and answers of an API Gateway REST proxy integration."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from .clients import outage
from .errors import DatabaseUnavailableError, RequestError
from .observe import count, describe, logger

Response = dict[str, Any]
RETRY_SECONDS = 5
RESUME_SECONDS = 15  # the usual time of a resume; the request that started it has waited some of them
_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
}


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A proxy response with a JSON body (no body at all for 204)."""
    text = "" if status == 204 else json.dumps(body, separators=(",", ":"))
    return {"statusCode": status, "headers": {**_HEADERS, **(headers or {})}, "body": text, "isBase64Encoded": False}


def error_answer(error: RequestError) -> Response:
    """``{"error": {"code", "message", …}}`` with the error's status."""
    return answer(
        error.status, {"error": {"code": error.code, "message": error.message, **error.details}}, error.headers
    )


def guarded(route: Callable[[dict[str, Any]], Response], event: dict[str, Any]) -> Response:
    """Run a route and turn each exception into an answer, so that the client never sees a stack trace.

    A RequestError keeps its status. A temporary failure of the database or an AWS service becomes a 503 with Retry-After,
    after which the client may send the same request again. Anything else is logged with its type and becomes a 500.
    """
    try:
        return route(event)
    except RequestError as error:
        count("ClientErrors")
        logger.info("request rejected", extra={"status": error.status, "code": error.code})
        return error_answer(error)
    except DatabaseUnavailableError as error:
        report_unavailable(error)
        if error.resuming:
            return _retry_later("database_unavailable", "The database resumes from a pause; try again", RESUME_SECONDS)
        return _retry_later("database_unavailable", "The database cannot be reached; try again")
    except Exception as error:  # noqa: BLE001 - otherwise API Gateway answers a bare 502
        reason = outage(error)
        if reason:
            count("ServiceUnavailable")
            logger.error("service unavailable", extra={"reason": reason})
            return _retry_later(
                "service_unavailable", "A service behind the API does not answer; send the request again"
            )
        count("InternalErrors")
        logger.error("unexpected error", extra=describe(error))
        return error_answer(RequestError(500, "internal_error", "An unexpected error happened; it has been logged"))


def report_unavailable(error: DatabaseUnavailableError) -> None:
    """Count and log that the database is not available. Its resume from a pause is no error, because errors cause alerts."""
    count("DatabaseUnavailable")
    if error.resuming:
        logger.warning("database resumes", extra={"reason": error.reason})
    else:
        logger.error("database unavailable", extra={"reason": error.reason})


def _retry_later(code: str, message: str, seconds: int = RETRY_SECONDS) -> Response:
    return error_answer(RequestError(503, code, message, {"Retry-After": str(seconds)}))


def header(event: Mapping[str, Any], name: str) -> str:
    """The value of a request header, in any case, or ``""``."""
    lower_name = name.lower()
    for key, value in (event.get("headers") or {}).items():
        if str(key).lower() == lower_name and value is not None:
            return str(value).strip()
    return ""


def body_bytes(event: Mapping[str, Any]) -> bytes:
    """The request body as bytes. Raises RequestError 400 for invalid base64."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(400, "malformed_body", "The body is not valid base64") from None


def api_key_id(event: Mapping[str, Any]) -> str:
    """The id (not the value) of the API key that API Gateway has verified, or ``""``."""
    identity = (event.get("requestContext") or {}).get("identity") or {}
    return str(identity.get("apiKeyId") or "")


def query_parameters(event: Mapping[str, Any]) -> dict[str, str]:
    """Query string parameters. Of a repeated one the last value counts."""
    return {str(key): str(value) for key, value in (event.get("queryStringParameters") or {}).items()}


def path_parameter(event: Mapping[str, Any], name: str) -> str:
    """A path parameter, or ``""``."""
    return str((event.get("pathParameters") or {}).get(name) or "")
