"""Clients of AWS that answer from a script, and the errors that they raise."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from deploy.session import Aws

# botocore carries no annotations
_boto3: Any = boto3
_stubber: Any = Stubber
_client_error: Any = ClientError
_unreachable: Any = EndpointConnectionError

ACCOUNT = "111122223333"


def refusal(code: str, message: str = "no", status: int = 400, operation: str = "DescribeStacks") -> Exception:
    """The exception of a client when the service rejects a call."""
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    raised: Exception = _client_error(answer, operation)
    return raised


def unreachable() -> Exception:
    """The exception of a client when the service cannot be reached."""
    raised: Exception = _unreachable(endpoint_url="https://cloudformation")
    return raised


@functools.cache
def real_client(service: str) -> Any:
    """One client for all tests: botocore takes a tenth of a second to create it, a stub no time."""
    return _boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


class Scripted:
    """An ``Aws`` whose clients are real botocore clients that answer from the test's script; nothing is sent."""

    def __init__(self) -> None:
        self.stubs: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        for service in ("cloudformation", "s3", "sqs", "sts", "logs", "kms", "resourcegroupstaggingapi"):
            self._add(service)
        self.aws = Aws("us-east-1", None, self._clients)
        self.aws.__dict__["identity"] = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/u", "UserId": "U"}

    def _add(self, service: str) -> None:
        self._clients[service] = real_client(service)
        self.stubs[service] = _stubber(self._clients[service])
        self.stubs[service].activate()

    def __getitem__(self, service: str) -> Any:
        if service not in self.stubs:
            self._add(service)
        return self.stubs[service]
