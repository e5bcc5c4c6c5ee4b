"""What can go wrong, as data: one row for each code of each function. A test finds every code in the functions' source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builders.routes import Route


@dataclass(frozen=True)
class Fault:
    """An error answer. ``method`` is empty where all methods of the function may give it."""

    function: str
    status: int
    code: str
    meaning: str
    method: str = ""


GATEWAY = "API Gateway"
"""In place of a function: refused before any function runs; the codes are API Gateway's response types."""

FAULTS = (
    Fault(GATEWAY, 400, "BAD_REQUEST_BODY", "a JSON body is not an object with a non-empty array `records`", "POST"),
    Fault(GATEWAY, 403, "MISSING_AUTHENTICATION_TOKEN", "no signature, or no such path"),
    Fault(GATEWAY, 403, "INVALID_SIGNATURE", "the signature does not match"),
    Fault(GATEWAY, 403, "ACCESS_DENIED", "the caller's role may not call this method"),
    Fault(GATEWAY, 403, "INVALID_API_KEY", "no API key, or none that is known"),
    Fault(GATEWAY, 413, "REQUEST_TOO_LARGE", "the body is longer than 10 MB, or its event than Lambda takes", "POST"),
    Fault(GATEWAY, 429, "THROTTLED", "more requests a second than the key's plan allows"),
    Fault(GATEWAY, 504, "INTEGRATION_TIMEOUT", "no answer within 29 seconds; the same request may be sent again"),
    Fault("ingest", 400, "empty_body", "no record"),
    Fault("ingest", 400, "malformed_body", "not base64, gzip, UTF-8 or JSON, or not a batch; the message says which"),
    Fault("ingest", 400, "bad_idempotency_key", "the header Idempotency-Key is too long or not printable ASCII"),
    Fault("ingest", 409, "idempotency_key_reused", "the key was used with another body"),
    Fault("ingest", 413, "too_large", "a limit is exceeded; the message names it"),
    Fault("ingest", 415, "unsupported_media_type", "another Content-Type"),
    Fault("ingest", 415, "unsupported_encoding", "another Content-Encoding than gzip"),
    Fault("ingest", 422, "too_many_rejected", "too many records are invalid; nothing was stored"),
    Fault("query", 400, "bad_parameter", "`parameter` names it and the message says why"),
    Fault("query", 403, "symbol_not_entitled", "the key may not read this symbol"),
    Fault("query", 404, "unknown_symbol", "there is no data of the symbol"),
    Fault("query", 404, "unknown_path", "there is no such path"),
    Fault("query", 503, "query_timeout", "the query took too long; ask for a shorter range"),
    Fault("query", 503, "database_unavailable", "try again after the seconds in Retry-After"),
    Fault("sessions", 400, "malformed_body", "not base64 or not a JSON object with at most `ttlSeconds`", "POST"),
    Fault("sessions", 400, "bad_ttl", "`ttlSeconds` is not an integer within the bounds", "POST"),
    Fault("sessions", 403, "bad_session_token", "the header Session-Token does not match", "GET"),
    Fault("sessions", 403, "bad_session_token", "the header Session-Token does not match", "DELETE"),
    Fault("sessions", 404, "unknown_session", "unknown, expired, or another client's", "GET"),
    Fault("sessions", 404, "unknown_session", "unknown, expired, or another client's", "DELETE"),
    Fault("sessions", 405, "method_not_allowed", "POST without an id; GET and DELETE with one"),
    *(
        fault
        for function in ("ingest", "query", "sessions")
        for fault in (
            Fault(function, 403, "key_not_entitled", "the API key is unknown to the platform, or disabled"),
            Fault(function, 403, "scope_not_entitled", "the API key lacks the scope of this route"),
            Fault(function, 500, "internal_error", "an unexpected error; it has been logged"),
            Fault(function, 503, "service_unavailable", "try again after the seconds in Retry-After"),
        )
    ),
)


def of(route: Route) -> Iterable[Fault]:
    """The faults of a route, by status; the open health check has answers of its own."""
    if route.open:
        return [fault for fault in FAULTS if fault.function == GATEWAY and fault.status in (429, 504)]
    mine = [f for f in FAULTS if f.function in (GATEWAY, route.function) and f.method in ("", route.method)]
    if not route.body:
        mine = [fault for fault in mine if fault.code != "BAD_REQUEST_BODY"]
    return sorted(mine, key=lambda fault: fault.status)
