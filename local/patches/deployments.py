"""Gaps of API Gateway: deployments, timeouts, the values of keys, client certificates.

- A changed method is served at once. Here a stage serves what its deployment found (how-to-deploy-api.html).
- No integration ends at its timeout.
- GetApiKey gives the value without being asked, and a client certificate exists only as a record. Here it has a PEM.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.ministack.internals import emulator_module, require, wrap
from local.ministack.records import records

_gateway = emulator_module("services.apigateway_v1")
_router = emulator_module("services.apigateway")

CERTIFICATE_DAYS = 365

Execute = Callable[..., Awaitable[Any]]

_snapshots: dict[tuple[str, str], dict[str, Any]] = {}
"""(API, deployment) → its resources. A restart forgets them; then the stage serves the resources as they are."""
_certificates: dict[str, tuple[str, dt.datetime]] = {}
_deployment: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar("deployment", default=None)


def install() -> None:
    """Keep the resources of each deployment, and wrap the data plane and two answers."""
    require(_gateway, "_resources", "_stages_v1", "_match_recursive", "_gw_error", "_v1_response")
    wrap(_gateway, "_create_deployment", _keeping_resources)
    wrap(_gateway, "handle_execute", _of_the_deployment)
    for name in ("_match_resource_tree", "_match_greedy_fallback"):
        wrap(_gateway, name, _in_the_snapshot)
    wrap(_gateway, "_invoke_lambda_proxy_v1", _within_the_timeout)
    wrap(_router, "handle_request", _with_values_and_certificates)


# -- deployments ------------------------------------------------------------------------------------------------------


def _keeping_resources(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(api: str, data: dict[str, Any]) -> Any:
        before = set(_gateway._deployments_v1.get(api, {}))
        answer = original(api, data)
        for deployment in set(_gateway._deployments_v1.get(api, {})) - before:
            _snapshots[(api, deployment)] = copy.deepcopy(dict(_gateway._resources.get(api, {})))
        return answer

    return create


def _of_the_deployment(original: Execute) -> Execute:
    async def execute(api: str, stage_name: str, *arguments: Any, **options: Any) -> Any:
        stage = _gateway._stages_v1.get(api, {}).get(stage_name) or {}
        token = _deployment.set((api, str(stage.get("deploymentId"))))
        try:
            return await original(api, stage_name, *arguments, **options)
        finally:
            _deployment.reset(token)

    return execute


def _in_the_snapshot(original: Callable[..., Any]) -> Callable[..., Any]:
    def match(api: str, *arguments: Any) -> Any:
        snapshot = _snapshots.get(_deployment.get() or ("", ""))
        if snapshot is None:
            return original(api, *arguments)
        current = _gateway._resources.get(api)
        _gateway._resources[api] = snapshot
        try:  # the emulator's loop runs nothing else in between
            return original(api, *arguments)
        finally:
            if current is None:
                _gateway._resources.pop(api, None)
            else:
                _gateway._resources[api] = current

    return match


# -- timeouts ---------------------------------------------------------------------------------------------------------


def _within_the_timeout(original: Execute) -> Execute:
    async def invoke(integration: dict[str, Any], *arguments: Any, **options: Any) -> Any:
        seconds = float(integration.get("timeoutInMillis") or 29_000) / 1000
        try:
            return await asyncio.wait_for(original(integration, *arguments, **options), seconds)
        except TimeoutError:
            return _gateway._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")

    return invoke


# -- answers ----------------------------------------------------------------------------------------------------------


def _with_values_and_certificates(original: Execute) -> Execute:
    async def handle(method: str, path: str, headers: Any, body: Any, query: dict[str, Any]) -> Any:
        parts = [part for part in path.strip("/").split("/") if part]
        if method == "GET" and parts[:1] == ["clientcertificates"] and len(parts) == 2:
            record = records.get(parts[1])
            return _certificate(parts[1], record) if record else await original(method, path, headers, body, query)
        answer = await original(method, path, headers, body, query)
        if method == "GET" and parts[:1] == ["apikeys"] and len(parts) == 2 and not _asks_for_value(query):
            key = _gateway._api_keys.get(parts[1])
            return _gateway._v1_response({**key, "value": None}) if key else answer
        return answer

    return handle


def _asks_for_value(query: dict[str, Any]) -> bool:
    value = query.get("includeValue")
    return str(value[0] if isinstance(value, list) and value else value).lower() == "true"


def _certificate(identifier: str, record: dict[str, Any]) -> Any:
    if identifier not in _certificates:
        _certificates[identifier] = _self_signed(identifier)
    pem, created = _certificates[identifier]
    expires = created + dt.timedelta(days=CERTIFICATE_DAYS)
    return _gateway._v1_response(
        {
            "clientCertificateId": identifier,
            "description": record["Properties"].get("Description", ""),
            "pemEncodedCertificate": pem,
            "createdDate": created.timestamp(),
            "expirationDate": expires.timestamp(),
        }
    )


def _self_signed(identifier: str) -> tuple[str, dt.datetime]:
    key, created = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"ApiGateway {identifier}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(created)
        .not_valid_after(created + dt.timedelta(days=CERTIFICATE_DAYS))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), created
