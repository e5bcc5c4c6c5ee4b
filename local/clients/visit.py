"""Requests to what the embedded AWS serves at its one endpoint under AWS's host names: distributions, load balancers.

    visit(cloud, "GET", "https://d111111abcdef8.cloudfront.net/health")

goes to the endpoint with that host name in its Host header; the endpoint's certificate is verified.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.cloud import EmbeddedCloud

TIMEOUT = 40.0  # seconds: longer than the longest request of the platforms' services


@dataclass(frozen=True)
class Page:
    """An answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError for another."""
        return json.loads(self.body)


def visit(
    cloud: EmbeddedCloud, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Page:
    """One request; redirects are not followed. A URL with http: counts as plain HTTP at the other end, too.

    Raises OSError where the endpoint does not answer.
    """
    wanted, there = urlsplit(url), urlsplit(cloud.endpoint)
    context = ssl.create_default_context(cafile=str(cloud.authority))
    connection = http.client.HTTPSConnection(str(there.hostname), there.port, timeout=TIMEOUT, context=context)
    target = (wanted.path or "/") + (f"?{wanted.query}" if wanted.query else "")
    try:
        connection.request(
            method,
            target,
            body=body,
            headers={"X-Forwarded-Proto": wanted.scheme, **(headers or {}), "Host": wanted.netloc},
        )
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Page(answer.status, fields, answer.read())
    finally:
        connection.close()
