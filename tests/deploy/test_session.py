"""Each error of AWS or the network becomes one sentence and what to do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions as faults
import pytest

from deploy.errors import AccessError
from deploy.session import EMBEDDED_STATE, Aws, explain, is_passing
from local.host.project import STATE_FILE
from tests.deploy.support.aws import refusal


def untyped(kind: Any, **arguments: Any) -> Exception:
    raised: Exception = kind(**arguments)
    return raised


@pytest.mark.parametrize(
    ("raised", "message", "do"),
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
        (refusal("ValidationError", "Bad."), "AWS rejected DescribeStacks: Bad (ValidationError).", ""),
    ],
)  # fmt: skip
def test_every_error_is_one_sentence(raised: Exception, message: str, do: str) -> None:
    error = explain(raised)
    assert isinstance(error, AccessError)
    assert message in error.what
    assert do in error.do
    assert "\n" not in str(error)


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
def test_passing_errors_are_known(raised: Exception, passing: bool) -> None:
    assert is_passing(raised) is passing


def test_endpoint_makes_s3_use_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://localhost:4566")
    assert Aws("us-east-1").client("s3").meta.config.s3["addressing_style"] == "path"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert not Aws("us-east-1").client("s3").meta.config.s3


def test_client_is_created_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    aws = Aws("us-east-1")
    assert aws.client("sts") is aws.client("sts")


NO_CREDENTIALS = untyped(faults.NoCredentialsError)
UNREACHABLE = untyped(faults.EndpointConnectionError, endpoint_url="https://127.0.0.1:1")
TO_IT = 'eval "$(.venv/bin/python -m local env)" points the shell at it.'
AWAY = 'eval "$(.venv/bin/python -m local env --unset)" takes its variables out of this shell.'


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    """A project with the state file of an embedded AWS, with a process that listens at its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        leave_state(tmp_path, json.dumps({"settings": {"port": server.getsockname()[1]}}))
        yield tmp_path


def leave_state(project: Path, content: str) -> None:
    (project / ".local").mkdir()
    (project / ".local" / "state.json").write_text(content)


def test_missing_credentials_name_the_embedded_aws_that_runs(listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make outputs` after `make demo`, without the eval, named AWS only."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert explain(NO_CREDENTIALS, listening).do.endswith(f" The embedded AWS runs beside this shell: {TO_IT}")
    assert TO_IT not in explain(NO_CREDENTIALS).do
    assert TO_IT not in explain(refusal("AccessDenied"), listening).do


def test_embedded_aws_that_has_ended_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    leave_state(tmp_path, json.dumps({"settings": {"port": port}}))
    assert "embedded" not in explain(NO_CREDENTIALS, tmp_path).do


@pytest.mark.parametrize(
    "content", [None, "", '{"settings', "[]", '{"settings": {"port": "x"}}', '{"settings": {"port": 99999}}']
)
def test_unusable_state_file_is_ignored(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if content is not None:
        leave_state(tmp_path, content)
    assert "embedded" not in explain(NO_CREDENTIALS, tmp_path).do


def test_missing_endpoint_is_reported_with_the_way_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `make down` only closing the shell undid the eval."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")
    assert explain(UNREACHABLE, tmp_path).do.endswith(AWAY)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert AWAY not in explain(UNREACHABLE, tmp_path).do


def test_shell_that_points_at_an_earlier_embedded_aws_is_pointed_at_the_running_one(
    listening: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")
    assert explain(UNREACHABLE, listening).do.endswith(TO_IT)


def test_state_file_is_where_the_embedded_aws_leaves_it() -> None:
    """The deployer does not import the embedded AWS; this path is all that the two share."""
    assert Path(__file__).parents[2] / EMBEDDED_STATE == STATE_FILE
