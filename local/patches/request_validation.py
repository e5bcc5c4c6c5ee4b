"""Gap: gateway responses cannot say what is wrong with a body; $context.error.validationErrorString stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema

from local.patches.internals import emulator_module, require, wrap

_gateway = emulator_module("services.apigateway_v1")

_VARIABLE = b"$context.error.validationErrorString"


def install() -> None:
    """Remember what a validator found, and render it."""
    require(_gateway, "_GatewayError", "_model_schema", "_header_ci")
    wrap(_gateway, "_check_request_validation", _with_findings)
    wrap(_gateway, "_gateway_error_response", _rendered)


def _with_findings(original: Callable[..., Any]) -> Callable[..., Any]:
    def check(method: dict[str, Any], api_id: str, request: Any, headers: Any, body: Any, query: Any) -> Any:
        error = original(method, api_id, request, headers, body, query)
        if error is not None and error.response_type == "BAD_REQUEST_BODY":
            error.findings = _findings(method, api_id, headers, body)
        return error

    return check


def _rendered(original: Callable[..., Any]) -> Callable[..., Any]:
    def render(error: Any, request: Any) -> Any:
        status, headers, body = original(error, request)
        # Escaped for a JSON string, as the service does; the quotes around it are the template's.
        text = json.dumps(getattr(error, "findings", ""))[1:-1]
        return status, headers, body.replace(_VARIABLE, text.encode())

    return render


def _findings(method: dict[str, Any], api_id: str, headers: Any, body: Any) -> str:
    """The validator's findings in the service's words where they are known."""
    try:
        document = json.loads(body)
    except (TypeError, ValueError):
        return "[the body is not JSON]"
    models = method.get("requestModels") or {}
    content_type = (_gateway._header_ci(headers, "content-type") or "application/json").split(";", 1)[0].strip()
    schema = _gateway._model_schema(api_id, models.get(content_type) or models.get("application/json"))
    validator = jsonschema.Draft4Validator(schema)
    found = sorted({_worded(error) for error in validator.iter_errors(document)})
    return f"[{', '.join(found[:10])}]"


def _worded(error: Any) -> str:
    where = "".join(f"/{step}" for step in error.absolute_path)
    prefix = f"{where}: " if where else ""
    if error.validator == "required":
        missing = sorted(name for name in error.validator_value if name not in error.instance)
        return f"{prefix}object has missing required properties ({json.dumps(missing)})"
    if error.validator == "type":
        allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return (
            f"{prefix}instance type ({_json_type(error.instance)}) does not match any allowed primitive type "
            f"(allowed: {json.dumps(sorted(allowed))})"
        )
    return f"{prefix}{error.message[:200]}"


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "object")
