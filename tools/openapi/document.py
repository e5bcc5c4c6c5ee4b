"""The whole document and its text."""

from __future__ import annotations

from typing import Any

import yaml

from builders.trading import facts
from builders.trading.routes import ROUTES
from tools.openapi.operations import operation, path_parameters, tags
from tools.openapi.schemas import all_schemas

HEADER = "# Made by `python -m tools.openapi`; a test fails if this file is stale.\n"
DESCRIPTION = """\
Trades and quotes in, bars and analytics out.

Every route but /health needs a signature (AWS Signature Version 4, service `execute-api`) and an API key. The key's item in
the table `api-keys` has its scopes (`ingest`, `query`, `sessions`) and symbols. A key that is unknown, disabled or not
entitled gets 403 within 30 seconds. Errors are `{"error": {"code", "message"}}`. For errors of API Gateway itself the code is
its response type.

Timestamps are RFC 3339 with up to nanoseconds and no leap second, or integer nanoseconds since 1970-01-01T00:00:00Z.
Decimals are exact, never binary floating point. Requests have JSON numbers (also with an exponent) or strings of plain
digits, answers have strings. A JSON object with a duplicate name is rejected."""


def build() -> dict[str, Any]:
    """Build the OpenAPI 3.1 document as plain data."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        parameters = path_parameters(route)
        item = paths.setdefault(route.path, {"parameters": parameters} if parameters else {})
        item[route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Market data of the trading platform",
            "version": "1.0.0",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [_server()],
        "tags": tags(ROUTES),
        "security": [{"signature": [], "apiKey": []}],
        "paths": paths,
        "components": {"schemas": all_schemas(), "securitySchemes": _security()},
    }


def _server() -> dict[str, Any]:
    return {
        "url": f"https://{{apiId}}.execute-api.{{region}}.amazonaws.com/{facts.STAGE}",
        "description": "The stack's output ApiUrl",
        "variables": {
            "apiId": {"default": "example", "description": "The stack's output ApiId"},
            "region": {"default": "us-east-1"},
        },
    }


def _security() -> dict[str, Any]:
    return {
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS Signature Version 4 of a role that may call `execute-api:Invoke`",
            "x-amazon-apigateway-authtype": "awsSigv4",
        },
        "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }


class _Dumper(yaml.SafeDumper):
    """Writes every part in full. Anchors (for a part that is used twice) are hard to read, and some tools reject them."""

    def ignore_aliases(self, data: Any) -> bool:
        """Ignore all."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def render(document: dict[str, Any]) -> str:
    """Render the document as YAML, with the same bytes on every machine."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return HEADER + text
