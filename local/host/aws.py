"""What local takes from boto3 and botocore. Neither carries annotations, so this is the one place that says ``Any``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3.session
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

_Session: Any = boto3.session.Session
_Config: Any = botocore.config.Config
_AwsRequest: Any = botocore.awsrequest.AWSRequest
_Credentials: Any = botocore.credentials.Credentials
_SigV4: Any = botocore.auth.SigV4Auth


def new_session() -> Any:
    """Return a new boto3 session. To use its clients is thread-safe, to create them is not."""
    return _Session()


def client_config(attempts: int) -> Any:
    """Return the configuration of a client that gives up after so many attempts; the bucket is part of the path."""
    return _Config(retries={"total_max_attempts": attempts}, s3={"addressing_style": "path"})


def client_credentials(credentials: Mapping[str, str]) -> dict[str, str | None]:
    """Return STS credentials (AccessKeyId, SecretAccessKey, SessionToken) as the arguments of a boto3 client."""
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials.get("SessionToken"),
    }


def signed_headers(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    credentials: Mapping[str, str],
    service: str,
    region: str,
) -> dict[str, str]:
    """Return the headers of a request with its signature (SigV4).

    Args:
        method: the HTTP method.
        url: the URL, its query percent-encoded as SigV4 wants it.
        body: the request's body.
        headers: the headers to sign.
        credentials: those of STS (AccessKeyId, SecretAccessKey, SessionToken).
        service: the service that is called.
        region: the service's region.
    """
    request = _AwsRequest(method=method, url=url, data=body, headers=dict(headers))
    signer = _Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken"))
    _SigV4(signer, service, region).add_auth(request)
    return dict(request.headers.items())
