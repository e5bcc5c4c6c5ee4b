"""The document's operations, one for each route of the builders' table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from builders.trading.routes import Route
from builders.trading.storage import IDEMPOTENCY_DAYS
from lambda_src.common import schema
from tools.openapi import examples
from tools.openapi.error_answers import GATEWAY, ErrorAnswer, answers_of
from tools.openapi.functions import function_module
from tools.openapi.schemas import ref

Part = dict[str, Any]
JSON = "application/json"
STATUS_DESCRIPTIONS = {
    400: "The request is malformed",
    403: "Not allowed",
    404: "Not found",
    405: "The path does not allow this method",
    409: "In conflict with an earlier request",
    413: "Too large",
    415: "Another form of body than those above",
    422: "The batch is invalid as a whole",
    429: "Too many requests",
    500: "An unexpected error",
    503: "Try again",
    504: "No answer in time",
}


def operation(route: Route) -> Part:
    """Describe a route.

    Raises:
        KeyError: ``_DESCRIPTIONS`` lacks the route.
    """
    described = _DESCRIPTIONS[route.method, route.path](route)
    fixed = {
        "operationId": route.title,
        "tags": [route.function],
        "summary": described.pop("summary"),
        "description": described.pop("description"),
        **({"security": []} if route.open else {}),
    }
    answers = described.pop("responses")
    return {**fixed, **described, "responses": {**answers, **_error_answers(route)}}


def path_parameters(route: Route) -> list[Part]:
    """Describe the parameters in the path."""
    descriptions = {
        "symbol": {"schema": {"type": "string", "pattern": f"^{schema.SYMBOL_PATTERN}$"}, "example": "ACME"},
        "id": {"schema": {"type": "string"}, "example": examples.session()["sessionId"]},
    }
    return [
        {"name": name, "in": "path", "required": True, **descriptions[name]}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _error_answers(route: Route) -> Part:
    """Describe one answer for each status, with all codes that it may have."""
    described: Part = {}
    for status, answers_of_status in groupby(answers_of(route), key=lambda answer: answer.status):
        lines = [_error_line(answer) for answer in answers_of_status]
        text = "\n".join([f"{STATUS_DESCRIPTIONS[status]}. Codes:", "", *lines])
        described[str(status)] = {"description": text, **_headers(status), "content": _json(ref("Error"))}
    return described


def _error_line(answer: ErrorAnswer) -> str:
    source = f" ({GATEWAY})" if answer.function == GATEWAY else ""
    return f"- `{answer.code}`{source}: {answer.meaning}"


def _headers(status: int) -> Part:
    if status != 503:
        return {}
    return {"headers": {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}}


def _json(kind: Part, example: object = None) -> Part:
    return {JSON: {"schema": kind, **({"example": example} if example is not None else {})}}


def _answer(description: str, kind: Part, example: object, headers: Part | None = None) -> Part:
    return {"description": description, **({"headers": headers} if headers else {}), "content": _json(kind, example)}


def _header(name: str, description: str, kind: Part, *, required: bool = False) -> Part:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": kind}


def _market_data(_route: Route) -> Part:
    example = examples.batch()
    replayed = {
        "description": "`true` if the batch was stored already",
        "schema": {"type": "string", "enum": ["true"]},
    }
    return {
        "summary": "Send a batch of trades and quotes",
        "description": (
            "Ingest validates each record on its own, and stores the accepted ones before it answers. The same request "
            f"again gets the same answer and changes nothing.\n\n{_ingest_limits()}"
        ),
        "parameters": _ingest_headers(),
        "requestBody": _ingest_body(example),
        "responses": {
            "202": _answer(
                "Accepted. The answer names the rejected records",
                ref("BatchAnswer"),
                examples.batch_answer(example),
                {"Idempotency-Replayed": replayed},
            )
        },
    }


def _ingest_limits() -> str:
    batch, validation = function_module("ingest.batch"), function_module("ingest.validation")
    unpacked = batch.MAX_UNPACKED_BYTES // 2**20
    return (
        f"Limits: {validation.MAX_RECORDS:,} records, {unpacked} MiB unpacked, and the event that Lambda accepts, which is "
        f"{batch.LAMBDA_EVENT_BYTES:,} bytes with all headers: about 5 MiB of JSON (its quotes are escaped in the event) or "
        f"4.5 MiB of gzip (base64 there). With more than {validation.MAX_REJECTED:,} invalid records ingest rejects the whole "
        "batch."
    )


def _ingest_headers() -> list[Part]:
    limit = function_module("ingest.batch").IDEMPOTENCY_KEY_LIMIT
    key = {"type": "string", "minLength": 1, "maxLength": limit, "pattern": "^[ -~]+$"}
    key_description = (
        f"Binds this key to this body for {IDEMPOTENCY_DAYS} days, in which ingest rejects it with another body. After that "
        "ingest forgets the key, but still recognises the same body"
    )
    encoding = {"type": "string", "enum": ["gzip"]}
    return [
        _header("Idempotency-Key", key_description, key),
        _header("Content-Encoding", "`gzip` if a JSON or NDJSON body is gzipped", encoding),
    ]


def _ingest_body(example: Part) -> Part:
    gzip_description = "Either of the two, gzipped, in one member or several (`cat a.gz b.gz`). Best for large batches"
    return {
        "required": True,
        "content": {
            **_json(ref("MarketDataBatch"), example),
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "One record of the schema Record in each line"},
                "example": examples.ndjson(),
            },
            "application/gzip": {
                "schema": {"type": "string", "format": "binary", "description": gzip_description},
            },
        },
    }


def _pages(name: str, kind: str, summary: str, item: Callable[[], Part]) -> Callable[[Route], Part]:
    def describe(route: Route) -> Part:
        return {
            "summary": summary,
            "description": "Ascending, by whole intervals (UTC). Prices and sizes are exact decimals as text.",
            "parameters": [_parameter(query) for query in route.query],
            "responses": {"200": _answer("One page", ref(kind), examples.page(name, item()))},
        }

    return describe


def _parameter(name: str) -> Part:
    """Describe a parameter of the query function."""
    request = function_module("query.request")
    limits = ", ".join(f"{days} days with {interval}" for interval, days in request.MAX_RANGE_DAYS.items())
    format_ = "RFC 3339 or epoch nanoseconds"
    descriptions: dict[str, Part] = {
        "interval": {"schema": {"type": "string", "enum": list(request.INTERVAL_MINUTES), "default": "1m"}},
        "from": {"required": True, "description": f"{format_}; inclusive", "schema": {"type": "string"}},
        "to": {
            "required": True,
            "description": f"{format_}; exclusive. At most {limits}",
            "schema": {"type": "string"},
        },
        "limit": {
            "schema": {"type": "integer", "minimum": 1, "maximum": request.MAX_LIMIT, "default": request.DEFAULT_LIMIT}
        },
        "cursor": {"description": "`nextCursor` of the previous page", "schema": {"type": "string"}},
    }
    example = {"from": examples.START, "to": examples.END}.get(name)
    return {
        "name": name,
        "in": "query",
        "required": False,
        **descriptions[name],
        **({"example": example} if example else {}),
    }


def _open_session(_route: Route) -> Part:
    opened = {**examples.session(), "token": "the-token-of-43-characters-is-shown-this-once"}
    location = {"Location": {"description": "Path of the session", "schema": {"type": "string"}}}
    return {
        "summary": "Open a session",
        "description": "A body is optional. The answer shows the token once. The function stores only its hash.",
        "requestBody": {"required": False, "content": _json(ref("SessionRequest"), {"ttlSeconds": 3600})},
        "responses": {"201": _answer("Opened", ref("OpenedSession"), opened, location)},
    }


def _show_session(_route: Route) -> Part:
    return {
        "summary": "Show a session",
        "description": "Only for its client, which has the same API key and the session's token.",
        "parameters": [_token()],
        "responses": {"200": _answer("The session", ref("Session"), examples.session())},
    }


def _end_session(_route: Route) -> Part:
    return {
        "summary": "End a session",
        "description": "Only for its client, which has the same API key and the session's token.",
        "parameters": [_token()],
        "responses": {"204": {"description": "Ended"}},
    }


def _token() -> Part:
    return _header(
        "Session-Token", "The token from the answer that opened the session", {"type": "string"}, required=True
    )


def _health(_route: Route) -> Part:
    def state(word: str) -> Part:
        return {"status": word, "checks": {"database": word}}

    return {
        "summary": "Whether the platform answers",
        "description": "Open, without signature and key. The function asks the database at most every few seconds. The question "
        "resumes a database that has paused.",
        "responses": {
            "200": _answer("The platform answers", ref("Health"), state("ok")),
            "503": _answer(
                "The database does not answer", ref("Health"), state("unavailable"), _headers(503)["headers"]
            ),
        },
    }


def tags(routes: Iterable[Route]) -> list[Part]:
    """Describe a tag for each function, in the order of the routes."""
    descriptions = {"ingest": "Market data in", "query": "Bars and analytics out", "sessions": "Sessions of clients"}
    return [
        {"name": name, "description": descriptions[name]} for name in dict.fromkeys(route.function for route in routes)
    ]


_DESCRIPTIONS: dict[tuple[str, str], Callable[[Route], Part]] = {
    ("POST", "/v1/market-data"): _market_data,
    ("GET", "/v1/bars/{symbol}"): _pages("bars", "BarsPage", "Bars of a symbol", examples.bar),
    ("GET", "/v1/analytics/{symbol}"): _pages(
        "analytics", "AnalyticsPage", "Analytics of a symbol", examples.analytics
    ),
    ("POST", "/v1/sessions"): _open_session,
    ("GET", "/v1/sessions/{id}"): _show_session,
    ("DELETE", "/v1/sessions/{id}"): _end_session,
    ("GET", "/health"): _health,
}
