"""The document's schemas (JSON Schema 2020-12)."""

from __future__ import annotations

import inspect
import re
from typing import Any

from lambda_src.common import schema
from tools.openapi import examples
from tools.openapi.functions import function_module

Schema = dict[str, Any]

DECIMAL: Schema = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
TIMESTAMP: Schema = {"type": "string", "format": "date-time"}
_FORMULAS = {"bar": "ohlcv", "quotes": "quote_count"}
"""The analytics whose function and member have different names."""


def ref(name: str) -> Schema:
    """A reference to one of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed_object(properties: Schema, *, optional: tuple[str, ...] = (), description: str = "") -> Schema:
    """An object with exactly these properties."""
    described = {"description": description} if description else {}
    return {
        **described,
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": False,
    }


def with_description(kind: Schema, description: str) -> Schema:
    """A type with its meaning."""
    return {**kind, "description": description}


def all_schemas() -> dict[str, Schema]:
    """The schemas by name."""
    records = {kind.name.capitalize(): schema.record_json_schema(kind) for kind in schema.RECORD_TYPES.values()}
    return {**records, **_ingest(), **_query(), **_sessions(), "Health": _health(), "Error": _error()}


def _ingest() -> dict[str, Schema]:
    validation = function_module("ingest.validation")
    names = {kind: ref(kind.capitalize()) for kind in schema.RECORD_TYPES}
    beyond = "; ".join(schema.BEYOND_JSON_SCHEMA)
    record = {
        "description": f"A matching record is accepted unless it breaks a rule that a JSON Schema cannot express: {beyond}.",
        "oneOf": list(names.values()),
        "discriminator": {"propertyName": "type", "mapping": {kind: name["$ref"] for kind, name in names.items()}},
    }
    count: Schema = {"type": "integer", "minimum": 0}
    return {
        "Record": record,
        "MarketDataBatch": closed_object(
            {"records": {"type": "array", "minItems": 1, "maxItems": validation.MAX_RECORDS, "items": ref("Record")}},
            description="Ingest validates each record on its own. It reports invalid records and accepts the others.",
        ),
        "RejectedRecord": closed_object(
            {
                "index": with_description(count, "Position in the batch, from 0; blank lines do not count"),
                "field": {"type": ["string", "null"], "description": "The field at fault; null: the whole record"},
                "reason": {"type": "string"},
            }
        ),
        "BatchAnswer": closed_object(
            {
                "batchId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "received": with_description(count, "Records in the body"),
                "accepted": with_description(count, "Stored before this answer was sent"),
                "rejected": with_description(count, "Not stored"),
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
        "Bar": closed_object(_members(examples.bar(), {"vwap": _formula("vwap")})),
        "BarsPage": _page("bars", "Bar"),
        "Analytics": closed_object(
            _members(examples.analytics(), {name: _formula(name) for name in examples.analytics() if name != "start"}),
            description="null if there is nothing to compute from; formulas and sources: docs/analytics.md",
        ),
        "AnalyticsPage": _page("analytics", "Analytics"),
    }


def _page(name: str, item: str) -> Schema:
    request = function_module("query.request")
    return closed_object(
        {
            "symbol": {"type": "string", "pattern": f"^{schema.SYMBOL_PATTERN}$"},
            "interval": {"type": "string", "enum": list(request.INTERVAL_MINUTES)},
            "from": with_description(TIMESTAMP, "Moved down to the interval's grid"),
            "to": with_description(TIMESTAMP, "Moved up to the interval's grid; exclusive"),
            name: {"type": "array", "maxItems": request.MAX_LIMIT, "items": ref(item)},
            "nextCursor": {
                "type": ["string", "null"],
                "description": "`cursor` of the next page; null: this is the last",
            },
        }
    )


def _members(example: Schema, descriptions: dict[str, str]) -> Schema:
    """Properties with the types of the functions' own answer. Computed values may be null."""
    return {name: _member(name, value, descriptions.get(name, "")) for name, value in example.items()}


def _member(name: str, value: object, description: str) -> Schema:
    described = {"description": description} if description else {}
    if name == "start":
        return with_description(TIMESTAMP, "Begin of the interval, UTC")
    if isinstance(value, dict):
        return {**described, "oneOf": [closed_object(_members(value, {})), {"type": "null"}]}
    if isinstance(value, int):
        return {**described, "type": "integer", "minimum": 0}
    if isinstance(value, float):
        return {**described, "type": ["number", "null"]}
    nullable = {"type": ["string", "null"]} if description else {}
    return {**described, **DECIMAL, **nullable}


def _formula(member: str) -> str:
    """The docstring of an analytics function up to its source."""
    name = _FORMULAS.get(member, re.sub("([A-Z])", lambda match: "_" + match[1].lower(), member))
    text = inspect.getdoc(getattr(function_module("query.analytics"), name)) or ""
    return " ".join(text.partition("Source:")[0].split())


def _sessions() -> dict[str, Schema]:
    model = function_module("sessions.model")
    ttl = {
        "type": "integer",
        "minimum": model.MIN_TTL_SECONDS,
        "maximum": model.MAX_TTL_SECONDS,
        "default": model.DEFAULT_TTL_SECONDS,
    }
    session = {
        "sessionId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "client": with_description({"type": "string"}, "Name of the API key's owner"),
        "createdAt": TIMESTAMP,
        "expiresAt": TIMESTAMP,
    }
    token = with_description(
        {"type": "string"}, "For the header Session-Token. Shown only here; the function stores only its hash"
    )
    return {
        "SessionRequest": closed_object(
            {"ttlSeconds": with_description(ttl, "How long the session lives")}, optional=("ttlSeconds",)
        ),
        "Session": closed_object(session),
        "OpenedSession": closed_object({**session, "token": token}),
    }


def _health() -> Schema:
    state: Schema = {"type": "string", "enum": ["ok", "unavailable"]}
    return closed_object({"status": state, "checks": closed_object({"database": state})})


def _error() -> Schema:
    error = closed_object(
        {
            "code": {"type": "string"},
            "message": with_description({"type": "string"}, "For people; may change"),
            "parameter": with_description({"type": "string"}, "With bad_parameter: which"),
            "firstRejected": {
                "description": "With too_many_rejected: the first of them",
                "type": "array",
                "items": ref("RejectedRecord"),
            },
        },
        optional=("parameter", "firstRejected"),
    )
    return closed_object({"error": error})
