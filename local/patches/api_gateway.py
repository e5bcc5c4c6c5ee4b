"""Gaps of API Gateway's data plane: what a request carries to the function, and what an error reports to the client.

The id of the API key does not reach the function, and a failed function's error reaches the client, to whom AWS says
only "Internal server error".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

logger = logging.getLogger("local")

_gateway = emulator_module("services.apigateway_v1")


def install() -> None:
    """Close both gaps."""
    require(_gateway, "_resolve_api_key", "_api_key_from_request")
    wrap(_gateway, "_build_lambda_event_v1", _with_api_key)
    wrap(_gateway, "_lambda_proxy_response", _without_details)


def _with_api_key(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Add identity.apiKey and apiKeyId, "for API methods that require an API key" (apigateway mapping reference)."""

    def build(
        api_id: str,
        stage_name: str,
        stage: Any,
        resource: dict[str, Any],
        request_path: str,
        method: str,
        headers: Any,
        *arguments: Any,
        **options: Any,
    ) -> dict[str, Any]:
        event = original(api_id, stage_name, stage, resource, request_path, method, headers, *arguments, **options)
        methods = resource.get("resourceMethods", {})
        declared = methods.get(method) or methods.get("ANY") or {}
        key = _gateway._resolve_api_key(_gateway._api_key_from_request(headers))
        if declared.get("apiKeyRequired") and key is not None:
            event["requestContext"]["identity"].update(apiKey=key["value"], apiKeyId=key["id"])
        return event

    return build


def _without_details(original: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, Any]]:
    def shape(result: dict[str, Any]) -> tuple[Any, Any]:
        response, error = original(result)
        if error:
            logger.warning("API Gateway answers 502, the function failed: %s", error)
            return None, "Internal server error"
        if not _is_proxy_answer(response):  # handle-errors-in-lambda-integration.html
            logger.warning("API Gateway answers 502, the function's answer has the wrong form: %r", response)
            return None, "Internal server error"
        return response, error

    return shape


def _is_proxy_answer(response: Any) -> bool:
    """Whether an answer has the form of a proxy integration: a status that is a number, and a body that is text."""
    if not isinstance(response, dict):
        return True  # the emulator's own rules decide
    status, body = response.get("statusCode", 200), response.get("body")
    return str(status).isdigit() and isinstance(body, str | None)
