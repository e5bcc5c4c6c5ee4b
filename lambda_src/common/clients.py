"""boto3 clients. Each is imported on first use, created once and kept for the life of the execution environment."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from .observe import trace_aws_calls

# Codes of temporary errors that the HTTP status does not identify: throttling is a 400 in DynamoDB, S3 and KMS ("Error
# handling with DynamoDB", "Error responses" of S3 and KMS).
_TEMPORARY = frozenset(
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
    untyped_boto3: Any = boto3  # neither package has types
    untyped_config: Any = Config
    config = untyped_config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
    return untyped_boto3.client(service, config=config)


def error_code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError, or ``""`` for any other exception."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def outage(error: Exception) -> str:
    """The error code or botocore class of a temporary failure of an AWS service, after which the call may be retried.

    Returns:
        ``""`` for an error that a retry would meet again (a missing permission, a wrong name) and for an error of other
        origin.
    """
    code = error_code(error)
    if code:
        status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code if status >= 500 or code in _TEMPORARY else ""
    # If botocore raised the error, it is imported. If not, importing it for this question would be slow.
    exceptions = sys.modules.get("botocore.exceptions")
    if exceptions is not None and isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
        return type(error).__name__
    return ""
