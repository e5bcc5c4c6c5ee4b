"""Uses a deployed trading platform as its clients do: signed calls with an API key, and nothing behind the API's back.

The demo shows what these steps return; the end-to-end tests assert on it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.clients.api_client import ApiAnswer, call_api
from local.cloud import EmbeddedCloud
from local.host.errors import PlatformError

PROCESSED_WITHIN = 60.0
"""Seconds after which a posted batch must show in the answers of query."""


class SmokeError(PlatformError):
    """The deployed platform does not do what its clients rely on."""

    def __init__(self, step: str, answer: ApiAnswer | None, expected: str) -> None:
        self.step, self.answer, self.expected = step, answer, expected
        got = f"{answer.status} {answer.body[:300]!r}" if answer is not None else "no answer in time"
        super().__init__(f"{step}: expected {expected}, got {got}")


@dataclass(frozen=True)
class Client:
    """A client of one deployment: the role it assumed, its key, and the API's address.

    Attributes:
        outputs: the root stack's outputs by name.
        credentials: of the assumed client role, as STS gives them.
        api_key: the key's value.
    """

    cloud: EmbeddedCloud
    outputs: Mapping[str, str]
    credentials: Mapping[str, str]
    api_key: str

    @classmethod
    def of(cls, cloud: EmbeddedCloud, stack: str) -> Client:
        """Assumes the client role of a stack and reads its API key; raises botocore's ClientError where that is denied."""
        (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
        assumed = cloud.client("sts").assume_role(RoleArn=outputs["ApiClientRoleArn"], RoleSessionName="client")
        key = cloud.client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)
        return cls(cloud, outputs, assumed["Credentials"], key["value"])

    def call(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> ApiAnswer:
        """A signed call with the API key; ``body`` is sent as JSON, bytes as they are."""
        payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return call_api(
            self.cloud,
            method,
            self.outputs["ApiUrl"] + path,
            body=payload,
            credentials=self.credentials,
            api_key=self.api_key,
            headers=headers,
        )

    def unsigned(self, method: str, path: str) -> ApiAnswer:
        """A call with neither signature nor key."""
        return call_api(self.cloud, method, self.outputs["ApiUrl"] + path)

    def without_key(self, method: str, path: str) -> ApiAnswer:
        """A signed call that brings no API key."""
        return call_api(self.cloud, method, self.outputs["ApiUrl"] + path, credentials=self.credentials)


def post_batch(client: Client, body: bytes) -> dict[str, Any]:
    """Posts a batch and returns the summary: counts, batch id, rejected records."""
    return _expect("POST /v1/market-data", client.call("POST", "/v1/market-data", body=body), 202)


def wait_for_bars(client: Client, symbol: str, first: datetime, minutes: int) -> list[dict[str, Any]]:
    """One-minute bars of a symbol once they are there; raises `SmokeError` after `PROCESSED_WITHIN` seconds."""
    deadline = time.monotonic() + PROCESSED_WITHIN
    path = f"/v1/bars/{symbol}?{_range(first, minutes)}&interval=1m"
    while True:
        answer = client.call("GET", path)
        if answer.status == 200 and answer.json()["bars"]:
            return list(answer.json()["bars"])
        if answer.status not in (200, 404) or time.monotonic() > deadline:
            raise SmokeError(f"GET {path}", answer, f"bars within {PROCESSED_WITHIN:.0f} seconds")
        time.sleep(0.3)


def read_analytics(client: Client, symbol: str, first: datetime, minutes: int, interval: str) -> list[dict[str, Any]]:
    """Analytics of a symbol for each interval of the range."""
    path = f"/v1/analytics/{symbol}?{_range(first, minutes)}&interval={interval}"
    return list(_expect(f"GET {path}", client.call("GET", path), 200)["analytics"])


def open_and_end_session(client: Client) -> dict[str, Any]:
    """Opens a session, reads it back, ends it, and sees that it is gone; returns the session as it was opened."""
    opened = _expect("POST /v1/sessions", client.call("POST", "/v1/sessions", body={}), 201)
    path = f"/v1/sessions/{opened['sessionId']}"
    headers = {"Session-Token": opened["token"]}
    _expect(f"GET {path}", client.call("GET", path, headers=headers), 200)
    ended = client.call("DELETE", path, headers=headers)
    if ended.status not in (200, 204):
        raise SmokeError(f"DELETE {path}", ended, "204")
    gone = client.call("GET", path, headers=headers)
    if gone.status != 404:
        raise SmokeError(f"GET {path} after its end", gone, "404")
    return opened


def refusals(client: Client) -> dict[str, ApiAnswer]:
    """What the API answers to those who may not: by what is missing."""
    path = "/v1/bars/ACME?from=2026-01-05T14:30:00Z&to=2026-01-05T14:31:00Z"
    return {
        "no signature": client.unsigned("GET", path),
        "no API key": client.without_key("GET", path),
        "a path that is not granted": client.call("GET", "/v1/nothing"),
    }


def _range(first: datetime, minutes: int) -> str:
    begin, end = first, first + timedelta(minutes=minutes)
    return f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"


def _expect(step: str, answer: ApiAnswer, status: int) -> dict[str, Any]:
    if answer.status != status:
        raise SmokeError(step, answer, str(status))
    return dict(answer.json())
