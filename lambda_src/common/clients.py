"""boto3 clients: imported on first use, made once, kept for the life of the execution environment."""

from __future__ import annotations

from functools import cache
from typing import Any

from .observe import trace_aws_calls


@cache
def client(service: str) -> Any:
    """The shared client of an AWS service, with short timeouts and standard retries.

    Endpoint, region and CA bundle come from the standard variables (AWS_ENDPOINT_URL, AWS_REGION, AWS_CA_BUNDLE).
    """
    import boto3
    from botocore.config import Config

    trace_aws_calls()
    sdk: Any = boto3  # neither package has types
    settings: Any = Config
    config = settings(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
    return sdk.client(service, config=config)


def error_code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError, or ``""`` for any other exception."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))
