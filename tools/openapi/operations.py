"""The document's operations: one for each route of the builders' table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from builders.routes import Route
from builders.storage import IDEMPOTENCY_DAYS
from lambda_src.common import schema
from tools.openapi import errors, examples
from tools.openapi.functions import module
from tools.openapi.schemas import ref

Part = dict[str, Any]
JSON = "application/json"
STATUS_WORDS = {
    400: "The request is malformed",
    403: "Not allowed",
    404: "Not found",
    405: "The path does not take this method",
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
    """The operation of a route. Raises KeyError for a route that nothing is written for."""
    described = _DESCRIBED[route.method, route.path](route)
    known = {
        "operationId": route.title,
        "tags": [route.function],
        "summary": described.pop("summary"),
        "description": described.pop("description"),
        **({"security": []} if route.open else {}),
    }
    answers = described.pop("responses")
    return {**known, **described, "responses": {**answers, **_refusals(route)}}


def path_parameters(route: Route) -> list[Part]:
    """The parameters in the path."""
    known = {
        "symbol": {"schema": {"type": "string", "pattern": f"^{schema.SYMBOL_PATTERN}$"}, "example": "ACME"},
        "id": {"schema": {"type": "string"}, "example": examples.session()["sessionId"]},
    }
    return [
        {"name": name, "in": "path", "required": True, **known[name]} for name in re.findall(r"{(\w+)}", route.path)
    ]


def _refusals(route: Route) -> Part:
    """One answer for each status, with every code that it may carry."""
    answers: Part = {}
    for status, faults in groupby(errors.of(route), key=lambda fault: fault.status):
        rows = [_fault_line(fault) for fault in faults]
        text = "\n".join([f"{STATUS_WORDS[status]}. Codes:", "", *rows])
        answers[str(status)] = {"description": text, **_headers(status), "content": _json(ref("Error"))}
    return answers


def _fault_line(fault: errors.Fault) -> str:
    by = f" ({errors.GATEWAY})" if fault.function == errors.GATEWAY else ""
    return f"- `{fault.code}`{by}: {fault.meaning}"


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
    batch, validation = module("ingest.batch"), module("ingest.validation")
    unpacked = batch.MAX_UNPACKED_BYTES // 2**20
    limits = (
        f"Limits: {validation.MAX_RECORDS:,} records, {unpacked} MiB unpacked, and the event that Lambda takes, which is "
        f"{batch.LAMBDA_EVENT_BYTES:,} bytes with all headers: about 5 MiB of JSON (its quotes are escaped in the event) or "
        f"4.5 MiB of gzip (base64 there). More than {validation.MAX_REJECTED:,} invalid records refuse the whole batch."
    )
    key = {"type": "string", "minLength": 1, "maxLength": batch.IDEMPOTENCY_KEY_LIMIT, "pattern": "^[ -~]+$"}
    example = examples.batch()
    key_text = (
        f"Binds this key to this body for {IDEMPOTENCY_DAYS} days: with another body it is refused. After that it is "
        "forgotten; the same body alone is still recognised"
    )
    whole = "Either of the two, gzipped, in one member or several (`cat a.gz b.gz`). Best for large batches"
    replayed = {
        "description": "`true` where the batch was there already",
        "schema": {"type": "string", "enum": ["true"]},
    }
    return {
        "summary": "Send a batch of trades and quotes",
        "description": (
            "Each record is validated on its own; accepted ones are stored before the answer is sent. The same request "
            f"again is answered the same and changes nothing.\n\n{limits}"
        ),
        "parameters": [
            _header("Idempotency-Key", key_text, key),
            _header("Content-Encoding", "`gzip` where a JSON or NDJSON body is", {"type": "string", "enum": ["gzip"]}),
        ],
        "requestBody": {
            "required": True,
            "content": {
                **_json(ref("MarketDataBatch"), example),
                "application/x-ndjson": {
                    "schema": {"type": "string", "description": "One record of the schema Record a line"},
                    "example": examples.ndjson(),
                },
                "application/gzip": {"schema": {"type": "string", "format": "binary", "description": whole}},
            },
        },
        "responses": {
            "202": _answer(
                "Taken; the rejected records are named",
                ref("BatchAnswer"),
                examples.taken(example),
                {"Idempotency-Replayed": replayed},
            )
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
    """A query parameter of the query function."""
    request = module("query.request")
    most = ", ".join(f"{days} days with {interval}" for interval, days in request.MAX_RANGE_DAYS.items())
    moment = "RFC 3339 or epoch nanoseconds"
    known: dict[str, Part] = {
        "interval": {"schema": {"type": "string", "enum": list(request.INTERVAL_MINUTES), "default": "1m"}},
        "from": {"required": True, "description": f"{moment}; inclusive", "schema": {"type": "string"}},
        "to": {"required": True, "description": f"{moment}; exclusive. At most {most}", "schema": {"type": "string"}},
        "limit": {
            "schema": {"type": "integer", "minimum": 1, "maximum": request.MAX_LIMIT, "default": request.DEFAULT_LIMIT}
        },
        "cursor": {"description": "`nextCursor` of the page before", "schema": {"type": "string"}},
    }
    example = {"from": examples.START, "to": examples.END}.get(name)
    return {"name": name, "in": "query", "required": False, **known[name], **({"example": example} if example else {})}


def _open_session(_route: Route) -> Part:
    opened = {**examples.session(), "token": "the-token-of-43-characters-is-shown-this-once"}
    location = {"Location": {"description": "Path of the session", "schema": {"type": "string"}}}
    return {
        "summary": "Open a session",
        "description": "A body is optional. The token is returned once and kept as a hash only.",
        "requestBody": {"required": False, "content": _json(ref("SessionRequest"), {"ttlSeconds": 3600})},
        "responses": {"201": _answer("Opened", ref("OpenedSession"), opened, location)},
    }


def _show_session(_route: Route) -> Part:
    return {
        "summary": "Show a session",
        "description": "To its client only: the same API key, and the session's token.",
        "parameters": [_token()],
        "responses": {"200": _answer("The session", ref("Session"), examples.session())},
    }


def _end_session(_route: Route) -> Part:
    return {
        "summary": "End a session",
        "description": "By its client only: the same API key, and the session's token.",
        "parameters": [_token()],
        "responses": {"204": {"description": "Ended"}},
    }


def _token() -> Part:
    return _header(
        "Session-Token", "The token that was returned when the session was opened", {"type": "string"}, required=True
    )


def _health(_route: Route) -> Part:
    def state(word: str) -> Part:
        return {"status": word, "checks": {"database": word}}

    return {
        "summary": "Whether the platform answers",
        "description": "Open, without signature and key; the database is asked at most every few seconds.",
        "responses": {
            "200": _answer("It does", ref("Health"), state("ok")),
            "503": _answer("The database does not", ref("Health"), state("unavailable")),
        },
    }


def tags(routes: Iterable[Route]) -> list[Part]:
    """A tag for each function, in the order of the routes."""
    words = {"ingest": "Market data in", "query": "Bars and analytics out", "sessions": "Sessions of clients"}
    return [{"name": name, "description": words[name]} for name in dict.fromkeys(route.function for route in routes)]


_DESCRIBED: dict[tuple[str, str], Callable[[Route], Part]] = {
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
