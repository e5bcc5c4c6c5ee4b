"""Routing by host name: requests for distributions and load balancers, at the emulator's own endpoint.

The emulator's data planes serve a request to https://<endpoint>/ whose Host is ``<label>.cloudfront.net``, a
distribution's alias or ``<name>.<region>.elb.amazonaws.com``. The emulator finds them itself, but only after its own paths
(/health is one). The distribution adds its custom headers, reads S3 as the service principal that the bucket policy must
allow, and applies its policies; the load balancer evaluates its listeners' rules. Neither caches, and WAF's rules filter
nothing.

The endpoint speaks TLS only: a viewer counts as an HTTPS viewer unless it sends ``X-Forwarded-Proto: http``. The port in
the Host header chooses the balancer's listener; without a port it is 80.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require, wrap
from local.web import edge_logs

_alb = emulator_module("services.alb")
_cloudfront = emulator_module("services.cloudfront")
_core = emulator_module("core.responses")
_evaluator = emulator_module("core.iam_evaluator")

_OWN_NAMES = ("127.0.0.1", "localhost")
_LONGEST_BODY_BYTES = 20_000_000  # CloudFront accepts 20 GB (cloudfront-limits), nothing here needs that
_TIMEOUT_SECONDS = 30.0  # for an answer's body
_HEADER_NAME = re.compile(r"[-A-Za-z0-9]+")

Answer = tuple[int, dict[str, Any], bytes]
Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
Asgi = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def with_host_routing(emulator: Asgi) -> Asgi:
    """Return the emulator with the routing in front of it."""
    require(
        _cloudfront, "_distributions", "_get_distribution_aliases", "handle_viewer_request", "_collect_streaming_body"
    )
    require(_alb, "find_lb_for_host", "_lb_attr")
    require(_evaluator, "_request_origin")
    edge_logs.install()
    wrap(_alb, "dispatch_request", _without_invalid_headers)

    async def asgi(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        host = host_of(scope)
        if host is None:
            await emulator(scope, receive, send)
        else:
            await serve(host, scope, receive, send)

    return asgi


def host_of(scope: dict[str, Any]) -> str | None:
    """Return the host name of a distribution or load balancer that a request is for; None for other requests."""
    if scope["type"] != "http":
        return None
    for name, value in scope["headers"]:
        if name == b"host":
            host: str = value.decode("latin-1").lower()
            plain = host.split(":")[0]
            if plain in _OWN_NAMES:
                return None
            is_served = plain.endswith((".cloudfront.net", ".elb.amazonaws.com")) or _distribution(plain) is not None
            return host if is_served else None
    return None


def _distribution(name: str) -> dict[str, Any] | None:
    """Return the distribution with a domain name or alias; None if no distribution has it."""
    with _core.request_scope(ACCOUNT, REGION):
        for distribution in list(_cloudfront._distributions.values()):
            aliases = _cloudfront._get_distribution_aliases(distribution)
            if name == distribution["DomainName"] or name in aliases:
                match: dict[str, Any] = distribution
                return match
    return None


async def serve(host: str, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > _LONGEST_BODY_BYTES:
            break
    with _core.request_scope(ACCOUNT, REGION):
        _evaluator._request_origin.set((_client_of(scope), True))  # for aws:SecureTransport
        status, headers, content = await _answer(host, scope, body)
    fields = [
        (name.lower().encode("latin-1"), str(value).encode("latin-1"))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
        if name.lower() not in ("content-length", "transfer-encoding", "connection")
    ]
    fields.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


async def _answer(host: str, scope: dict[str, Any], body: bytes) -> Answer:
    name = host.partition(":")[0]
    distribution = _distribution(name)
    if distribution is not None:
        status, headers, content = await _by_distribution(distribution, scope, body)
    else:
        balancer = _alb.find_lb_for_host(name)
        if balancer is None:
            return 404, {"content-type": "text/plain"}, f"Nothing here has the name {name}.\n".encode()
        status, headers, content = await _by_balancer(balancer, int(host.partition(":")[2] or 80), scope, body)
    if not isinstance(content, bytes):
        content = await _cloudfront._collect_streaming_body(content, _TIMEOUT_SECONDS)
    return int(status), headers, content


async def _by_distribution(distribution: dict[str, Any], scope: dict[str, Any], body: bytes) -> Any:
    headers, query, raw_path, client = _headers_of(scope), _query_of(scope), _raw_path_of(scope), _client_of(scope)
    headers.setdefault("x-forwarded-proto", "https")
    begun = time.time()
    status, answered, content = await _cloudfront.handle_viewer_request(
        distribution,
        scope["method"],
        scope["path"],
        raw_path,
        query,
        headers,
        body,
        parse_qs(query, keep_blank_values=True),
        client,
    )
    size = len(content) if isinstance(content, bytes) else 0
    request = edge_logs.EdgeRequest(
        distribution, scope["method"], raw_path, query, headers, len(body), client, status, answered, size, begun
    )
    await asyncio.to_thread(edge_logs.record, request)
    return status, answered, content


async def _by_balancer(balancer: dict[str, Any], port: int, scope: dict[str, Any], body: bytes) -> Any:
    query = _query_of(scope)
    return await _alb.dispatch_request(
        balancer,
        scope["method"],
        scope["path"],
        _headers_of(scope),
        body,
        parse_qs(query, keep_blank_values=True),
        port,
        client_ip=_client_of(scope),
        raw_query_string=query,
        raw_path=_raw_path_of(scope),
    )


def _headers_of(scope: dict[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _query_of(scope: dict[str, Any]) -> str:
    return str(scope.get("query_string", b"").decode("latin-1"))


def _raw_path_of(scope: dict[str, Any]) -> str:
    return str((scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0])


def _client_of(scope: dict[str, Any]) -> str:
    return str((scope.get("client") or ("127.0.0.1", 0))[0])


def _without_invalid_headers(original: Callable[..., Any]) -> Callable[..., Any]:
    """Drop invalid header fields if the load balancer's attribute says so.

    The attribute is routing.http.drop_invalid_header_fields.enabled (application-load-balancers.html, load balancer
    attributes).
    """

    async def dispatch(
        balancer: Any, method: str, path: str, headers: dict[str, str], *more: Any, **keywords: Any
    ) -> Any:
        if _alb._lb_attr(balancer["LoadBalancerArn"], "routing.http.drop_invalid_header_fields.enabled", "") == "true":
            headers = {name: value for name, value in headers.items() if _HEADER_NAME.fullmatch(name)}
        return await original(balancer, method, path, headers, *more, **keywords)

    return dispatch
