"""boto3 clients: imported on first use, made once, kept for the life of the execution environment."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from .observe import trace_aws_calls

# Errors that pass, by their codes where the status does not tell. "Error handling with DynamoDB", "Error responses" of
# S3 and KMS: throttling is a 400 there.
_PASSING = frozenset(
    {
        *(
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
        ),
        *("ProvisionedThroughputExceededException", "SlowDown", "RequestTimeout", "KMS.ThrottlingException"),
        *("ConditionalRequestConflict", "OperationAborted", "TransactionInProgressException", "InternalError"),
    }
)


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


def outage(error: Exception) -> str:
    """What ails an AWS service, where the same call may succeed later: an error code, or a class of botocore's.

    ``""`` for everything that would fail again (a missing right, a wrong name) and for errors of other origin.
    """
    code = error_code(error)
    if code:
        status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code if status >= 500 or code in _PASSING else ""
    # Where botocore has raised, it is imported; where it is not, importing it to ask would be slow.
    known = sys.modules.get("botocore.exceptions")
    if known is not None and isinstance(error, (known.HTTPClientError, known.ConnectionError)):
        return type(error).__name__
    return ""
