"""The document's schemas (JSON Schema 2020-12)."""

from __future__ import annotations

import inspect
import re
from typing import Any

from lambda_src.common import schema
from openapi import examples
from openapi.functions import module

Schema = dict[str, Any]

DECIMAL: Schema = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
_FORMULAS = {"bar": "ohlcv", "quotes": "quote_count"}
"""Analytics whose function has another name than the member."""


def ref(name: str) -> Schema:
    """A reference to one of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed(properties: Schema, *, optional: tuple[str, ...] = (), description: str = "") -> Schema:
    """An object with exactly these properties."""
    words = {"description": description} if description else {}
    return {
        **words,
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": False,
    }


def said(kind: Schema, description: str) -> Schema:
    """A type with what it means here."""
    return {**kind, "description": description}


def all_schemas() -> dict[str, Schema]:
    """The schemas by name."""
    records = {kind.name.capitalize(): schema.record_json_schema(kind) for kind in schema.RECORD_TYPES.values()}
    return {**records, **_ingest(), **_query(), **_sessions(), "Health": _health(), "Error": _error()}


def _ingest() -> dict[str, Schema]:
    validation = module("ingest.validation")
    names = {kind: ref(kind.capitalize()) for kind in schema.RECORD_TYPES}
    beyond = "; ".join(schema.BEYOND_JSON_SCHEMA)
    record = {
        "description": f"What this schema takes is taken, but for what a JSON Schema cannot say: {beyond}.",
        "oneOf": list(names.values()),
        "discriminator": {"propertyName": "type", "mapping": {kind: name["$ref"] for kind, name in names.items()}},
    }
    count: Schema = {"type": "integer", "minimum": 0}
    return {
        "Record": record,
        "MarketDataBatch": closed(
            {"records": {"type": "array", "minItems": 1, "maxItems": validation.MAX_RECORDS, "items": ref("Record")}},
            description="Each record is validated on its own: one that is invalid is reported and the others are taken.",
        ),
        "RejectedRecord": closed(
            {
                "index": said(count, "Position in the batch, from 0; blank lines do not count"),
                "field": {"type": ["string", "null"], "description": "The field at fault; null: the whole record"},
                "reason": {"type": "string"},
            }
        ),
        "BatchAnswer": closed(
            {
                "batchId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "received": said(count, "Records in the body"),
                "accepted": said(count, "Stored before this answer was sent"),
                "rejected": said(count, "Not stored"),
                "rejectedRecords": {
                    "type": "array",
                    "maxItems": validation.MAX_REJECTED,
                    "items": ref("RejectedRecord"),
                },
            }
        ),
    }


def _query() -> dict[str, Schema]:
    return {
        "Bar": closed(_members(examples.bar(), {"vwap": _formula("vwap")})),
        "BarsPage": _page("bars", "Bar"),
        "Analytics": closed(
            _members(examples.analytics(), {name: _formula(name) for name in examples.analytics() if name != "start"}),
            description="null where there is nothing to compute from; formulas and sources: docs/analytics.md",
        ),
        "AnalyticsPage": _page("analytics", "Analytics"),
    }


def _page(name: str, item: str) -> Schema:
    request = module("query.request")
    return closed(
        {
            "symbol": {"type": "string", "pattern": f"^{schema.SYMBOL_PATTERN}$"},
            "interval": {"type": "string", "enum": list(request.INTERVAL_MINUTES)},
            "from": said(MOMENT, "Moved down to the interval's grid"),
            "to": said(MOMENT, "Moved up to the interval's grid; exclusive"),
            name: {"type": "array", "maxItems": request.MAX_LIMIT, "items": ref(item)},
            "nextCursor": {
                "type": ["string", "null"],
                "description": "`cursor` of the next page; null: this is the last",
            },
        }
    )


def _members(example: Schema, descriptions: dict[str, str]) -> Schema:
    """Properties with the types that the functions' own answer has; whatever is computed may be null."""
    return {name: _member(name, value, descriptions.get(name, "")) for name, value in example.items()}


def _member(name: str, value: object, description: str) -> Schema:
    words = {"description": description} if description else {}
    if name == "start":
        return said(MOMENT, "Begin of the interval, UTC")
    if isinstance(value, dict):
        return {**words, "oneOf": [closed(_members(value, {})), {"type": "null"}]}
    if isinstance(value, int):
        return {**words, "type": "integer", "minimum": 0}
    if isinstance(value, float):
        return {**words, "type": ["number", "null"]}
    nullable = {"type": ["string", "null"]} if description else {}
    return {**words, **DECIMAL, **nullable}


def _formula(member: str) -> str:
    """What the analytics' docstring says before it names its source."""
    name = _FORMULAS.get(member, re.sub("([A-Z])", lambda match: "_" + match[1].lower(), member))
    text = inspect.getdoc(getattr(module("query.analytics"), name)) or ""
    return " ".join(text.partition("Source:")[0].split())


def _sessions() -> dict[str, Schema]:
    model = module("sessions.model")
    ttl = {
        "type": "integer",
        "minimum": model.MIN_TTL_SECONDS,
        "maximum": model.MAX_TTL_SECONDS,
        "default": model.DEFAULT_TTL_SECONDS,
    }
    session = {
        "sessionId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "client": said({"type": "string"}, "Name of the API key's owner"),
        "createdAt": MOMENT,
        "expiresAt": MOMENT,
    }
    token = said({"type": "string"}, "For the header Session-Token; shown this once, and kept as a hash only")
    return {
        "SessionRequest": closed({"ttlSeconds": said(ttl, "How long the session lives")}, optional=("ttlSeconds",)),
        "Session": closed(session),
        "OpenedSession": closed({**session, "token": token}),
    }


def _health() -> Schema:
    state: Schema = {"type": "string", "enum": ["ok", "unavailable"]}
    return closed({"status": state, "checks": closed({"database": state})})


def _error() -> Schema:
    error = closed(
        {
            "code": {"type": "string"},
            "message": said({"type": "string"}, "For people; may change"),
            "parameter": said({"type": "string"}, "With bad_parameter: which"),
            "firstRejected": {
                "description": "With too_many_rejected: the first of them",
                "type": "array",
                "items": ref("RejectedRecord"),
            },
        },
        optional=("parameter", "firstRejected"),
    )
    return closed({"error": error})
