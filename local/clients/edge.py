"""Requests to what the embedded AWS serves at its one endpoint under AWS's host names: distributions, load balancers.

    visit(cloud, "GET", "https://d111111abcdef8.cloudfront.net/health")

goes to the endpoint with that host name in its Host header. The client verifies the endpoint's certificate.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from local.clients.answer import Answer
from local.cloud import EmbeddedCloud

TIMEOUT_SECONDS = 40.0
"""Longer than the longest request of the platforms' services."""


def visit(
    cloud: EmbeddedCloud, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request and follow no redirect. The other end takes a URL with ``http:`` for plain HTTP.

    Raises:
        OSError: The endpoint does not answer.
    """
    address, endpoint = urlsplit(url), urlsplit(cloud.endpoint)
    context = ssl.create_default_context(cafile=str(cloud.authority))
    connection = http.client.HTTPSConnection(
        str(endpoint.hostname), endpoint.port, timeout=TIMEOUT_SECONDS, context=context
    )
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request(
            method,
            target,
            body=body,
            headers={"X-Forwarded-Proto": address.scheme, **(headers or {}), "Host": address.netloc},
        )
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, fields, response.read())
    finally:
        connection.close()
