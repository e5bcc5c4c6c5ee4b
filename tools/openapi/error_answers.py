"""The error answers of the API as data, one row for each code of each function.

A test compares the rows with the codes in the functions' source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builders.trading.routes import Route


@dataclass(frozen=True)
class ErrorAnswer:
    """An error answer.

    Attributes:
        function: The function that answers, or ``GATEWAY``.
        status: The HTTP status.
        code: The code in the body.
        meaning: The explanation in the document.
        method: The HTTP method; empty if all methods of the function may have this answer.
    """

    function: str
    status: int
    code: str
    meaning: str
    method: str = ""


GATEWAY = "API Gateway"
"""In place of a function, for requests that API Gateway rejects before a function runs. The codes are its response types."""

ERROR_ANSWERS = (
    ErrorAnswer(
        GATEWAY,
        400,
        "BAD_REQUEST_BODY",
        "a JSON body is no object with a non-empty array `records`; the header `Accept: text/plain` asks for the fault as text",
        "POST",
    ),
    ErrorAnswer(GATEWAY, 403, "MISSING_AUTHENTICATION_TOKEN", "no signature, or no such path"),
    ErrorAnswer(GATEWAY, 403, "INVALID_SIGNATURE", "the signature does not match"),
    ErrorAnswer(GATEWAY, 403, "ACCESS_DENIED", "the caller's role may not call this method"),
    ErrorAnswer(GATEWAY, 403, "INVALID_API_KEY", "no API key, or an unknown one"),
    ErrorAnswer(GATEWAY, 413, "REQUEST_TOO_LARGE", "the body exceeds 10 MB, or its event Lambda's limit", "POST"),
    ErrorAnswer(GATEWAY, 429, "THROTTLED", "more requests a second than the key's plan allows"),
    ErrorAnswer(GATEWAY, 504, "INTEGRATION_TIMEOUT", "no answer within 29 seconds; the same request may be sent again"),
    ErrorAnswer("ingest", 400, "empty_body", "no record"),
    ErrorAnswer("ingest", 400, "malformed_body", "not base64, gzip, UTF-8, JSON or not a batch; see the message"),
    ErrorAnswer("ingest", 400, "bad_idempotency_key", "the header Idempotency-Key is too long or not printable ASCII"),
    ErrorAnswer("ingest", 409, "idempotency_key_reused", "the key was used with another body"),
    ErrorAnswer("ingest", 413, "too_large", "a limit is exceeded; the message names it"),
    ErrorAnswer("ingest", 415, "unsupported_media_type", "another Content-Type"),
    ErrorAnswer("ingest", 415, "unsupported_encoding", "another Content-Encoding than gzip"),
    ErrorAnswer("ingest", 422, "too_many_rejected", "too many records are invalid; nothing was stored"),
    ErrorAnswer("query", 400, "bad_parameter", "`parameter` names it and the message says why"),
    ErrorAnswer("query", 403, "symbol_not_entitled", "the key may not read this symbol"),
    ErrorAnswer("query", 404, "unknown_symbol", "no data of the symbol exists"),
    ErrorAnswer("query", 404, "unknown_path", "no such path exists"),
    ErrorAnswer("query", 503, "query_timeout", "the query took too long; ask for a shorter range"),
    ErrorAnswer("query", 503, "database_unavailable", "try again after the seconds in Retry-After"),
    ErrorAnswer("sessions", 400, "malformed_body", "not base64 or not a JSON object with at most `ttlSeconds`", "POST"),
    ErrorAnswer("sessions", 400, "bad_ttl", "`ttlSeconds` is not an integer within the bounds", "POST"),
    ErrorAnswer("sessions", 403, "bad_session_token", "the header Session-Token does not match", "GET"),
    ErrorAnswer("sessions", 403, "bad_session_token", "the header Session-Token does not match", "DELETE"),
    ErrorAnswer("sessions", 404, "unknown_session", "unknown, expired, or another client's", "GET"),
    ErrorAnswer("sessions", 404, "unknown_session", "unknown, expired, or another client's", "DELETE"),
    ErrorAnswer("sessions", 405, "method_not_allowed", "POST without an id; GET and DELETE with one"),
    *(
        error
        for function in ("ingest", "query", "sessions")
        for error in (
            ErrorAnswer(function, 403, "key_not_entitled", "the API key is unknown to the platform, or disabled"),
            ErrorAnswer(function, 403, "scope_not_entitled", "the API key lacks the scope of this route"),
            ErrorAnswer(function, 500, "internal_error", "an unexpected error; it has been logged"),
            ErrorAnswer(function, 503, "service_unavailable", "try again after the seconds in Retry-After"),
        )
    ),
)


def answers_of(route: Route) -> Iterable[ErrorAnswer]:
    """The errors of a route, by status. The open health check has its own answers."""
    if route.open:
        return [error for error in ERROR_ANSWERS if error.function == GATEWAY and error.status in (429, 504)]
    errors = [
        error
        for error in ERROR_ANSWERS
        if error.function in (GATEWAY, route.function)
        and error.method in ("", route.method)
        and (route.body or error.code != "BAD_REQUEST_BODY")
    ]
    return sorted(errors, key=lambda error: error.status)
