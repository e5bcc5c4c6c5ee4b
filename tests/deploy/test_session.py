"""Whatever AWS or the network refuses becomes one clear sentence that says what to do."""

from __future__ import annotations

from typing import Any

import botocore.exceptions as faults
import pytest

from deploy.errors import AccessError
from deploy.session import Aws, explain, is_passing

from .conftest import refusal


def untyped(kind: Any, **arguments: Any) -> Exception:
    made: Exception = kind(**arguments)
    return made


@pytest.mark.parametrize(
    ("raised", "said", "do"),
    [
        (untyped(faults.NoCredentialsError), "No AWS credentials were found", "Give --profile"),
        (untyped(faults.PartialCredentialsError, provider="env", cred_var="x"), "No AWS credentials", "Give --profile"),
        (untyped(faults.ProfileNotFound, profile="desk"), "profile (desk) could not be found.", "list-profiles"),
        (untyped(faults.NoRegionError), "No usable region is set", "Give --region"),
        (untyped(faults.UnauthorizedSSOTokenError), "The SSO session has ended", "aws sso login"),
        (untyped(faults.EndpointConnectionError, endpoint_url="https://x"), "The endpoint cannot be reached", "AWS_ENDPOINT_URL"),
        (untyped(faults.SSLError, endpoint_url="https://x", error="self-signed"), "not trusted", "AWS_CA_BUNDLE"),
        (refusal("ExpiredToken"), "The credentials have expired.", "Sign in again"),
        (refusal("InvalidClientTokenId"), "AWS does not know these credentials", "--profile"),
        (refusal("AccessDenied", "User u is not authorized."), "may not call DescribeStacks: User u is not", "Ask for"),
        (refusal("Throttling", "Rate exceeded"), "AWS throttled DescribeStacks", "Wait a minute"),
        (refusal("ValidationError", "Bad."), "AWS refused DescribeStacks: Bad (ValidationError).", ""),
    ],
)  # fmt: skip
def test_every_refusal_is_one_sentence(raised: Exception, said: str, do: str) -> None:
    told = explain(raised)
    assert isinstance(told, AccessError)
    assert said in told.what
    assert do in told.do
    assert "\n" not in str(told)


@pytest.mark.parametrize(
    ("raised", "passing"),
    [
        (refusal("Throttling", "Rate exceeded"), True),
        (refusal("InternalFailure", status=500), True),
        (untyped(faults.ReadTimeoutError, endpoint_url="x"), True),
        (untyped(faults.EndpointConnectionError, endpoint_url="x"), True),
        (untyped(faults.SSLError, endpoint_url="x", error="bad"), False),
        (refusal("AccessDenied"), False),
        (untyped(faults.NoCredentialsError), False),
    ],
)
def test_what_goes_away_by_itself_is_known(raised: Exception, passing: bool) -> None:
    assert is_passing(raised) is passing


def test_endpoint_makes_s3_use_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://localhost:4566")
    assert Aws("us-east-1").client("s3").meta.config.s3["addressing_style"] == "path"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert not Aws("us-east-1").client("s3").meta.config.s3


def test_client_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    aws = Aws("us-east-1")
    assert aws.client("sts") is aws.client("sts")
