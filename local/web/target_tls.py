"""Gap: the emulator's load balancer reaches its targets by HTTP only.

Here a target group's protocol counts, for requests and for health checks. With HTTPS the balancer speaks TLS with the
targets, 1.2 or newer, and accepts any certificate: "The load balancer does not validate these certificates"
(load-balancer-target-groups.html, routing configuration).
"""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

from local.ministack.internals import emulator_module

_alb = emulator_module("services.alb")

_HOP_BY_HOP = ("content-length", "connection", "transfer-encoding")


def unverified() -> ssl.SSLContext:
    """Return the context of a client that accepts any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


_UNVERIFIED = unverified()


def connection_to(protocol: str, host: str, port: int, timeout_seconds: float) -> http.client.HTTPConnection:
    """Return a connection by the protocol of a target group or of its health check; the first request opens it."""
    if protocol == "HTTPS":
        return http.client.HTTPSConnection(host, port, timeout=timeout_seconds, context=_UNVERIFIED)
    return http.client.HTTPConnection(host, port, timeout=timeout_seconds)


async def forward(
    host: str,
    port: int,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | str | None,
    query: dict[str, Any] | None,
    raw_query: str | None = None,
) -> tuple[int, dict[str, Any], bytes]:
    """Send one request over TLS, as the emulator does over HTTP, but return the answer's body as a whole."""
    raw_query = urlencode(query or {}, doseq=True) if raw_query is None else raw_query
    target = f"{path}?{raw_query}" if raw_query else path
    request_headers = {name.lower(): value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}

    def exchange() -> tuple[int, dict[str, Any], bytes]:
        connection = connection_to("HTTPS", host, port, _alb.TARGET_IDLE_TIMEOUT)
        try:
            connection.request(method.upper(), target, body=body or None, headers=request_headers)
            answer = connection.getresponse()
            fields: dict[str, list[str]] = {}
            for name, value in answer.getheaders():
                fields.setdefault(name.lower(), []).append(value)
            plain = {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
            return answer.status, {**plain, "date": formatdate(usegmt=True)}, answer.read()
        finally:
            connection.close()

    try:
        return await asyncio.to_thread(exchange)
    except (OSError, http.client.HTTPException) as error:
        message = json.dumps({"message": f"Target {host}:{port} connect error: {error}"}).encode()
        return 502, {"Content-Type": "application/json"}, message
