"""Calls to a deployed REST API as a client on AWS makes them: SigV4-signed, with an API key."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from local.cloud import EmbeddedCloud
from local.host.settings import REGION

TIMEOUT = 35.0  # seconds; API Gateway itself gives up after 29

_AwsRequest: Any = botocore.awsrequest.AWSRequest  # untyped, like all of botocore
_Credentials: Any = botocore.credentials.Credentials
_SigV4: Any = botocore.auth.SigV4Auth


@dataclass(frozen=True)
class ApiAnswer:
    """Status, headers (lower case) and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def call_api(
    cloud: EmbeddedCloud,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    credentials: Mapping[str, str] | None = None,
    api_key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiAnswer:
    """Call `url`, an AWS invoke URL (…execute-api.…amazonaws.com/<stage>/<path>), on `cloud`.

    With `credentials` (STS: AccessKeyId, SecretAccessKey, SessionToken) the request is signed for `execute-api`.
    Every HTTP status is an answer; raises OSError when there is none.
    """
    target = _canonical(cloud.api_url(url))
    sent = {"content-type": "application/json", **(headers or {})}
    if api_key is not None:
        sent["x-api-key"] = api_key
    request = _AwsRequest(method=method, url=target, data=body, headers=sent)
    if credentials is not None:
        signer = _Credentials(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken")
        )
        _SigV4(signer, "execute-api", REGION).add_auth(request)
    plain = urllib.request.Request(target, data=body, headers=dict(request.headers.items()), method=method)
    context = ssl.create_default_context(cafile=str(cloud.authority))
    try:
        with urllib.request.urlopen(plain, timeout=TIMEOUT, context=context) as answer:
            return _answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, error.read())


def _canonical(url: str) -> str:
    """The URL with its query as SigV4 wants it: everything but unreserved characters percent-encoded."""
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote, safe="-_.~")
    return urlunsplit(parts._replace(query=query))


def _answer(status: int, headers: Any, body: bytes) -> ApiAnswer:
    return ApiAnswer(status, {name.lower(): value for name, value in headers.items()}, body)
