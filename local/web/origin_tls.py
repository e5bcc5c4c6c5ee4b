"""Gap: the emulator's CloudFront reaches a load balancer by HTTP only.

Here an HTTPS listener answers, too, if its certificate holds the origin's domain name or, if the distribution forwards
the viewer's Host, that name: "the certificate must include a domain name that matches" one of them
(using-https-cloudfront-to-custom-origin.html). Otherwise CloudFront answers 502. No handshake takes place.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from local.ministack.internals import emulator_module, require, wrap

_acm = emulator_module("services.acm")
_alb = emulator_module("services.alb")
_cloudfront = emulator_module("services.cloudfront")

_TIMEOUT_SECONDS = 30.0  # for an answer's body


def install() -> None:
    """Wrap the request from a distribution to a load balancer."""
    require(_acm, "_certificates")
    require(
        _cloudfront, "_origin_connect_target", "_origin_request_headers", "_collect_streaming_body", "OriginUnreachable"
    )
    wrap(_cloudfront, "_fetch_from_alb_origin", _also_by_https)


def _also_by_https(original: Callable[..., Any]) -> Callable[..., Any]:
    async def fetch(
        balancer: dict[str, Any],
        origin: dict[str, Any],
        method: str,
        uri: str,
        query: str,
        headers: dict[str, Any],
        body: bytes,
        viewer_is_https: bool,
        client: str,
        forwarded_for: str,
    ) -> Any:
        domain, port, by_https = _cloudfront._origin_connect_target(origin, viewer_is_https)
        arguments = (method, uri, query, headers, body, viewer_is_https, client, forwarded_for)
        listener = _listener(balancer, port)
        if not by_https or listener is None:
            return await original(balancer, origin, *arguments)
        request_headers = _cloudfront._origin_request_headers(origin, headers, client, forwarded_for)
        request_headers = {name.lower(): value for name, value in request_headers.items()}
        if not any(_names(listener, name) for name in (domain, request_headers["host"].split(":")[0])):
            raise _cloudfront.OriginUnreachable(f"the certificate of {balancer['DNSName']} holds another name")
        status, answered, content = await _alb.dispatch_request(
            balancer,
            method,
            uri,
            request_headers,
            body or b"",
            parse_qs(query, keep_blank_values=True),
            port,
            client_ip="127.0.0.1",
            raw_query_string=query,
        )
        if not isinstance(content, bytes):
            content = await _cloudfront._collect_streaming_body(content, _TIMEOUT_SECONDS)
        return status, http.client.responses.get(status, ""), _pairs(answered), content

    return fetch


def _pairs(headers: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, value)
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def _listener(balancer: dict[str, Any], port: int) -> dict[str, Any] | None:
    for listener in list(_alb._listeners.values()):
        if listener["LoadBalancerArn"] == balancer["LoadBalancerArn"] and listener["Port"] == port:
            return listener if listener["Protocol"] == "HTTPS" else None
    return None


def _names(listener: dict[str, Any], host: str) -> bool:
    """Return whether a certificate of the listener holds the host name, itself or by a wildcard for its first label."""
    for certificate in (_acm._certificates.get(arn) or {} for arn in listener.get("Certificates") or []):
        names = {certificate.get("DomainName", ""), *(certificate.get("SubjectAlternativeNames") or [])}
        if host in names or f"*.{host.partition('.')[2]}" in names:
            return True
    return False
