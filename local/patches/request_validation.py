"""Gaps of request bodies in API Gateway.

Gateway responses cannot report a fault, because $context.error.validationErrorString stays as it is, and only the template
for JSON is used; the emulator checks a body against the JSON model whatever its content type is; it does not unpack a
compressed body; and no body is too large (limits.html).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import jsonschema

from local.ministack.internals import emulator_module, require, wrap

_gateway = emulator_module("services.apigateway_v1")

LARGEST_BODY_BYTES = 10 * 1024 * 1024

_VARIABLE = b"$context.error.validationErrorString"


def install() -> None:
    """Close all of them."""
    require(_gateway, "_GatewayError", "_model_schema", "_header_ci", "_gw_error", "_rest_apis")
    require(_gateway, "_deployed_gateway_responses", "_gateway_response_for_type")
    wrap(_gateway, "_check_request_validation", _with_findings)
    wrap(_gateway, "_gateway_error_response", _rendered)
    wrap(_gateway, "_execute_in_scope", _unpacked)


def _unpacked(original: Callable[..., Any]) -> Callable[..., Any]:
    """Unpack a compressed body, unless its media type is binary: that is the integration's task.

    "By default, API Gateway supports decompression of the method request payload" (developer guide, payload compression).
    """

    async def execute(
        request: Any, api_id: str, stage: str, method: str, path: str, headers: Any, body: Any, *more: Any
    ) -> Any:
        encoding = (_gateway._header_ci(headers, "content-encoding") or "").lower()
        if body and encoding == "gzip" and _content_type(headers) not in _binary_types(api_id):
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, zlib.error):
                return _gateway._gw_error("BAD_REQUEST_BODY", "Invalid request body")
        return await original(request, api_id, stage, method, path, headers, body, *more)

    return execute


def _binary_types(api_id: str) -> list[str]:
    return (_gateway._rest_apis.get(api_id) or {}).get("binaryMediaTypes") or []


def _content_type(headers: Any) -> str:
    value: str = _gateway._header_ci(headers, "content-type") or "application/json"
    return value.split(";", 1)[0].strip()


def _model_name(method: dict[str, Any], headers: Any) -> str | None:
    """Return the model of the content type, None without a model.

    "If no matching content type is found, request validation is not performed. To use the same model regardless of the
    content type, set the content type … to $default" (developer guide, request validation).
    """
    models = method.get("requestModels") or {}
    return models.get(_content_type(headers)) or models.get("$default")


def _with_findings(original: Callable[..., Any]) -> Callable[..., Any]:
    def check(method: dict[str, Any], api_id: str, request: Any, headers: Any, body: Any, query: Any) -> Any:
        if body and len(body) > LARGEST_BODY_BYTES:
            message = f"HTTP content length exceeded {LARGEST_BODY_BYTES} bytes."
            return _gateway._gw_error("REQUEST_TOO_LARGE", message)
        name = _model_name(method, headers)
        applied = {**method, "requestModels": {_content_type(headers): name} if name else {}}
        error = original(applied, api_id, request, headers, body, query)
        if error is not None and error.response_type == "BAD_REQUEST_BODY":
            error.findings = _findings(method, api_id, headers, body)
        return error

    return check


def _rendered(original: Callable[..., Any]) -> Callable[..., Any]:
    def render(error: Any, request: Any) -> Any:
        findings = getattr(error, "findings", "").encode()
        status, headers, body = original(error, request)
        accepted = (_gateway._header_ci(request["headers"], "accept") or "").split(",", 1)[0].split(";", 1)[0].strip()
        template = _other_templates(error, request).get(accepted)
        if template is not None:
            headers, body = {**headers, "Content-Type": accepted}, template.encode()
        # Without escaping, as the service does it: in a JSON body the quotes of the findings break it.
        return status, headers, body.replace(_VARIABLE, findings)

    return render


def _other_templates(error: Any, request: Any) -> dict[str, str]:
    """Return the templates of the deployed gateway response by media type, without JSON's, which the emulator renders.

    The client's header Accept chooses, as for the templates of integrations. For gateway responses no page says how the
    service chooses.
    """
    deployed = _gateway._deployed_gateway_responses.get(request["api_id"], {})
    customized = deployed.get(request["stage"].get("deploymentId")) or {}
    templates = _gateway._gateway_response_for_type(customized, error.response_type).get("responseTemplates") or {}
    return {media_type: text for media_type, text in templates.items() if media_type != "application/json"}


def _findings(method: dict[str, Any], api_id: str, headers: Any, body: Any) -> str:
    """Return the validator's findings, in the service's words if they are known."""
    try:
        document = json.loads(body)
    except (TypeError, ValueError):
        return "[the body is not JSON]"
    schema = _gateway._model_schema(api_id, _model_name(method, headers))
    validator = jsonschema.Draft4Validator(schema)
    findings = sorted({_worded(error) for error in validator.iter_errors(document)})
    return f"[{', '.join(findings[:10])}]"


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
