"""Creates AWS clients, and turns botocore's exceptions into messages.

Credentials, profiles, ``AWS_ENDPOINT_URL`` and ``AWS_CA_BUNDLE`` are botocore's own matter.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions as faults
from botocore.config import Config

from deploy.errors import AccessError

# boto3 and botocore have no annotations; these names declare that once instead of at every call.
_boto3: Any = boto3
_config: Any = Config

CONNECT_SECONDS = 10
READ_SECONDS = 60
ATTEMPTS = 8  # standard mode: botocore retries throttling and lost connections with growing pauses

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidToken"})
UNKNOWN_IDENTITY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
                              "InvalidAccessKeyId", "AuthFailure", "MissingAuthenticationToken"})  # fmt: skip
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"})
THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
                       "SlowDown", "Rate exceeded"})  # fmt: skip

EMBEDDED_STATE = Path(".local") / "state.json"
"""The file below the project in which `python -m local up` keeps its state while it runs; its settings have the port."""
PROBE_SECONDS = 0.2


@dataclass(frozen=True)
class Aws:
    """A region of an account, as the caller's credentials see it."""

    region: str
    profile: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _session(self) -> Any:
        return _boto3.Session(profile_name=self.profile, region_name=self.region)

    def client(self, service: str) -> Any:
        """The client of a service, created once. Threads may share it, as they may share botocore's clients."""
        if service not in self._clients:
            s3 = {"addressing_style": "path"} if self.endpoint else {}
            config = _config(
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                max_pool_connections=16,
                s3=s3,
            )
            self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]

    @property
    def endpoint(self) -> str | None:
        """The endpoint that replaces AWS (the embedded AWS), or None."""
        return os.environ.get("AWS_ENDPOINT_URL") or None

    @cached_property
    def identity(self) -> dict[str, str]:
        """Account, Arn and UserId of the caller (sts:GetCallerIdentity needs no permission)."""
        answer = self.client("sts").get_caller_identity()
        return {key: answer[key] for key in ("Account", "Arn", "UserId")}

    @property
    def account(self) -> str:
        """The id of the account."""
        return self.identity["Account"]

    @cached_property
    def partition(self) -> str:
        """The partition of the region, such as ``aws`` or ``aws-cn``."""
        return str(self._session.get_partition_for_region(self.region))

    @cached_property
    def url_suffix(self) -> str:
        """The DNS suffix of the partition, the value of ``AWS::URLSuffix``."""
        return {"aws-cn": "amazonaws.com.cn"}.get(self.partition, "amazonaws.com")


def code_of(error: BaseException) -> str:
    """The service's error code, or an empty string."""
    response: Any = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def message_of(error: BaseException) -> str:
    """The service's own message, or the exception's text."""
    response: Any = getattr(error, "response", None)
    text = response.get("Error", {}).get("Message", "") if isinstance(response, dict) else ""
    return str(text or error)


def is_passing(error: BaseException) -> bool:
    """Whether the error passes without a fix: throttling, a lost connection, a fault of the service."""
    if isinstance(error, (faults.HTTPClientError, faults.ConnectionError)) and not isinstance(error, faults.SSLError):
        return True
    response: Any = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(response, dict) else 0
    return code_of(error) in THROTTLED or "Rate exceeded" in message_of(error) or status >= 500


def explain(error: Exception, root: Path | None = None) -> AccessError:
    """Turn an exception of botocore into an error with one sentence and what to do next.

    Args:
        error: The exception.
        root: The project's folder. If no credentials are found and an embedded AWS runs there, the message names it,
            because the caller most likely meant that one.
    """
    if isinstance(error, faults.ClientError):
        return _explain_answer(error)
    for kinds, what, do in _WITHOUT_ANSWER:
        if isinstance(error, kinds):
            hint = _embedded(root) if kinds in (_WITHOUT_CREDENTIALS, _UNREACHABLE) else ""
            return AccessError(what.format(error=_short(error)), f"{do} {hint}".strip())
    return AccessError(f"The call to AWS failed: {_short(error)}.", "Try again; if it stays, check network and proxy.")


def _embedded(root: Path | None) -> str:
    """How to reach the embedded AWS that runs in the project, or AWS if the shell points at an embedded one that ended."""
    has_endpoint = bool(os.environ.get("AWS_ENDPOINT_URL"))
    if root is not None and _listens(root / EMBEDDED_STATE):
        runs = "runs, possibly at another port than this shell has" if has_endpoint else "runs beside this shell"
        return f'The embedded AWS {runs}: eval "$(.venv/bin/python -m local env)" points the shell at it.'
    away = 'To reach AWS again: eval "$(.venv/bin/python -m local env --unset)" takes its variables out of this shell.'
    return away if has_endpoint else ""


def _listens(state: Path) -> bool:
    """Whether a process listens at the port of the state file; an embedded AWS that was killed leaves its file."""
    try:
        port = int(json.loads(state.read_text("utf-8"))["settings"]["port"])
        with socket.create_connection(("127.0.0.1", port), PROBE_SECONDS):
            return True
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return False


def _explain_answer(error: Any) -> AccessError:
    code, operation = code_of(error), str(error.operation_name)
    if code in EXPIRED:
        what, do = "The credentials have expired.", "Sign in again (for SSO: `aws sso login`), then repeat the command."
    elif code in UNKNOWN_IDENTITY:
        what = f"AWS does not know these credentials ({code})."
        do = "Check --profile, AWS_PROFILE and the AWS_ACCESS_KEY_ID of this shell."
    elif code in DENIED:
        what = f"These credentials may not call {operation}: {_short(message_of(error))}."
        do = "Ask for that permission, or use another --profile."
    elif code in THROTTLED:
        what, do = f"AWS throttled {operation} and kept doing so.", "Wait a minute, then repeat the command."
    else:
        what, do = f"AWS rejected {operation}: {_short(message_of(error))} ({code}).", ""
    return AccessError(what, do, operation=operation, code=code)


def _short(text: object) -> str:
    """The text in one line, without its final full stop."""
    return " ".join(str(text).split()).rstrip(".")


_Kinds = tuple[type[Exception], ...]

_WITHOUT_CREDENTIALS: _Kinds = (
    faults.NoCredentialsError,
    faults.PartialCredentialsError,
    faults.CredentialRetrievalError,
)
_UNREACHABLE: _Kinds = (faults.EndpointConnectionError, faults.ConnectTimeoutError, faults.ProxyConnectionError)

_WITHOUT_ANSWER: tuple[tuple[_Kinds, str, str], ...] = (
    (
        _WITHOUT_CREDENTIALS,
        "No AWS credentials were found ({error}).",
        "Give --profile, sign in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    (
        (faults.UnauthorizedSSOTokenError, faults.SSOTokenLoadError, faults.TokenRetrievalError),
        "The SSO session has ended ({error}).",
        "Run `aws sso login` and repeat the command.",
    ),
    ((faults.ProfileNotFound,), "{error}.", "List the profiles with `aws configure list-profiles`."),
    (
        (faults.NoRegionError, faults.InvalidRegionError),
        "No usable region is set ({error}).",
        "Give --region or set Region in params/<platform>/deployment.json.",
    ),
    (
        (faults.SSLError,),
        "The TLS certificate of the endpoint is not trusted ({error}).",
        "Set AWS_CA_BUNDLE to the authority that signed it.",
    ),
    (
        _UNREACHABLE,
        "The endpoint cannot be reached ({error}).",
        "Check the network, --region and AWS_ENDPOINT_URL (`make local` starts the embedded AWS).",
    ),
)
