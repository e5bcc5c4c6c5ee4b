"""Calls to a deployed REST API as a client on AWS makes them: SigV4-signed, with an API key."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from local.clients.answer import Answer
from local.cloud import EmbeddedCloud
from local.host.aws import signed_headers
from local.host.settings import REGION

TIMEOUT_SECONDS = 35.0
"""API Gateway itself gives up after 29 seconds."""


def call_api(
    cloud: EmbeddedCloud,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    credentials: Mapping[str, str] | None = None,
    api_key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Call an API on ``cloud``. Every HTTP status is an answer.

    Args:
        cloud: the embedded AWS that the API is deployed to.
        method: the HTTP method.
        url: an AWS invoke URL (…execute-api.…amazonaws.com/<stage>/<path>).
        body: the request's body, None for no body.
        credentials: those of STS (AccessKeyId, SecretAccessKey, SessionToken), to sign for ``execute-api``; None leaves
            the request unsigned.
        api_key: the value of the API key, None for no key.
        headers: beside the content type, which is JSON by default.

    Raises:
        OSError: No answer came.
    """
    target = _canonical(cloud.api_url(url))
    request_headers = {"content-type": "application/json", **(headers or {})}
    if api_key is not None:
        request_headers["x-api-key"] = api_key
    if credentials is not None:
        request_headers = signed_headers(
            method, target, body, request_headers, credentials=credentials, service="execute-api", region=REGION
        )
    request = urllib.request.Request(target, data=body, headers=request_headers, method=method)
    context = ssl.create_default_context(cafile=str(cloud.authority))
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as response:
            return _answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, error.read())


def _canonical(url: str) -> str:
    """Return the URL with its query as SigV4 wants it: everything but unreserved characters percent-encoded."""
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote, safe="-_.~")
    return urlunsplit(parts._replace(query=query))


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)
