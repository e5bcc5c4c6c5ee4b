"""A client of a deployed trading platform: signed calls with an API key.

The demo shows what these steps return; the end-to-end tests assert on it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.clients import principals
from local.clients.answer import Answer, UnexpectedAnswerError, expect, payload, stack_outputs, stack_parameters
from local.clients.api import call_api
from local.cloud import EmbeddedCloud
from local.host.errors import LocalError

PROCESSED_WITHIN_SECONDS = 60.0
"""How soon the answers of query must show a posted batch."""


ANALYSTS, CLIENTS = "AnalystPrincipalArns", "ApiClientPrincipalArns"
"""The parameters that list who may assume the platform's roles for people and clients."""


class NoClientsError(LocalError):
    """Nobody may call the API of a deployment.

    Attributes:
        stack: the root stack's name.
    """

    def __init__(self, stack: str) -> None:
        self.stack = stack
        super().__init__(f"{stack} has no clients: name one in {CLIENTS} of its parameter file, and deploy again")


@dataclass(frozen=True)
class TradingClient:
    """A client of one deployment: the role that it assumed, its key, and the API's address.

    Attributes:
        cloud: the embedded AWS that the platform is deployed to.
        outputs: the root stack's outputs by name.
        credentials: of the assumed client role, as STS returns them.
        api_key: the key's value.
    """

    cloud: EmbeddedCloud
    outputs: Mapping[str, str]
    credentials: Mapping[str, str]
    api_key: str

    @classmethod
    def of(cls, cloud: EmbeddedCloud, stack: str) -> TradingClient:
        """Assume the client role of a stack as its first client, and read its API key.

        Raises:
            NoClientsError: The stack has no clients.
            botocore.exceptions.ClientError: The stack or the client does not exist, or the role or the key is denied.
        """
        outputs = stack_outputs(cloud, stack)
        clients = principals.listed(stack_parameters(cloud, stack)[CLIENTS])
        if not clients:
            raise NoClientsError(stack)
        credentials = principals.assume(cloud, outputs["ApiClientRoleArn"], clients[0])
        key = cloud.client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)
        return cls(cloud, outputs, credentials, key["value"])

    def call(self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a signed call with the API key; ``body`` goes as JSON, bytes as they are."""
        return call_api(
            self.cloud,
            method,
            self.outputs["ApiUrl"] + path,
            body=payload(body),
            credentials=self.credentials,
            api_key=self.api_key,
            headers=headers,
        )

    def unsigned(self, method: str, path: str) -> Answer:
        """Send a call with neither signature nor key."""
        return call_api(self.cloud, method, self.outputs["ApiUrl"] + path)

    def without_key(self, method: str, path: str) -> Answer:
        """Send a signed call without an API key."""
        return call_api(self.cloud, method, self.outputs["ApiUrl"] + path, credentials=self.credentials)


def create_principals(cloud: EmbeddedCloud, parameters: Mapping[str, str]) -> list[str]:
    """Create the roles that a parameter file names as clients and analysts, before the deployment; return their ARNs."""
    arns = [arn for name in (CLIENTS, ANALYSTS) for arn in principals.listed(parameters.get(name, principals.NOBODY))]
    for arn in arns:
        principals.create_role(cloud, arn)
    return arns


def post_batch(client: TradingClient, body: bytes) -> dict[str, Any]:
    """Post a batch and return the summary: counts, batch id, rejected records."""
    answer = expect("POST /v1/market-data", client.call("POST", "/v1/market-data", body=body), 202)
    return dict(answer.json())


def wait_for_bars(client: TradingClient, symbol: str, first: datetime, minutes: int) -> list[dict[str, Any]]:
    """Return the one-minute bars of a symbol as soon as the platform has them.

    Raises:
        UnexpectedAnswerError: No bars came within ``PROCESSED_WITHIN_SECONDS``.
    """
    deadline = time.monotonic() + PROCESSED_WITHIN_SECONDS
    path = f"/v1/bars/{symbol}?{_range(first, minutes)}&interval=1m"
    while True:
        answer = client.call("GET", path)
        if answer.status == 200 and answer.json()["bars"]:
            return list(answer.json()["bars"])
        if answer.status not in (200, 404) or time.monotonic() > deadline:
            raise UnexpectedAnswerError(f"GET {path}", answer, f"bars within {PROCESSED_WITHIN_SECONDS:.0f} seconds")
        time.sleep(0.3)


def read_analytics(
    client: TradingClient, symbol: str, first: datetime, minutes: int, interval: str
) -> list[dict[str, Any]]:
    """Return the analytics of a symbol for each interval of the range."""
    path = f"/v1/analytics/{symbol}?{_range(first, minutes)}&interval={interval}"
    return list(expect(f"GET {path}", client.call("GET", path), 200).json()["analytics"])


def open_and_end_session(client: TradingClient) -> dict[str, Any]:
    """Open a session, read it, end it, and check that it no longer exists; return the session as it was opened."""
    session = dict(expect("POST /v1/sessions", client.call("POST", "/v1/sessions", body={}), 201).json())
    path = f"/v1/sessions/{session['sessionId']}"
    headers = {"Session-Token": session["token"]}
    expect(f"GET {path}", client.call("GET", path, headers=headers), 200)
    deletion = client.call("DELETE", path, headers=headers)
    if deletion.status not in (200, 204):
        raise UnexpectedAnswerError(f"DELETE {path}", deletion, "204")
    expect(f"GET {path} after its end", client.call("GET", path, headers=headers), 404)
    return session


def rejections(client: TradingClient) -> dict[str, Answer]:
    """Return the API's answers to callers without the right, by what they lack."""
    path = "/v1/bars/ACME?from=2026-01-05T14:30:00Z&to=2026-01-05T14:31:00Z"
    return {
        "no signature": client.unsigned("GET", path),
        "no API key": client.without_key("GET", path),
        "a path that is not granted": client.call("GET", "/v1/nothing"),
    }


def _range(first: datetime, minutes: int) -> str:
    begin, end = first, first + timedelta(minutes=minutes)
    return f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
