"""Faults of S3 and DynamoDB are answered with 503, and the repeated request succeeds whatever took effect before."""

from __future__ import annotations

import gzip
import io
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore import exceptions

import ingest.handler
from common import entitlements
from common.clients import outage
from tests.lambda_src.support.fakes import Context, FakeDynamoDB, FakeS3, api_event, client_error, entitlement
from tests.lambda_src.support.records import T0

pytestmark = pytest.mark.requirement("T-DATA-1", "T-DATA-2")

RECORDS = [
    {"type": "trade", "trade_id": "1", "symbol": "ACME", "price": "1.5", "size": 2, "ts": T0},
    {"type": "trade", "trade_id": "2", "symbol": "ACME", "price": "-1", "size": 2, "ts": T0},
    {"type": "quote", "symbol": "ACME", "bid": "1", "ask": "2", "bid_size": 3, "ask_size": 4, "ts": T0},
]
SDK: Any = exceptions  # botocore has no types
OUTAGES: dict[str, Callable[[], Exception]] = {
    **{
        code: lambda code=code: client_error(code)  # type: ignore[misc]
        for code in ("SlowDown", "InternalError", "RequestTimeout", "ThrottlingException", "ConditionalRequestConflict")
    },
    "503": lambda: SDK.ClientError({"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "PutObject"),
    "endpoint": lambda: SDK.EndpointConnectionError(endpoint_url="https://x"),
    "connect": lambda: SDK.ConnectTimeoutError(endpoint_url="https://x"),
    "read": lambda: SDK.ReadTimeoutError(endpoint_url="https://x"),
    "closed": lambda: SDK.ConnectionClosedError(endpoint_url="https://x"),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any], dynamodb: FakeDynamoDB) -> None:
    monkeypatch.setenv("RAW_BUCKET", "raw")
    monkeypatch.setenv("API_KEYS_TABLE", "keys")
    dynamodb.tables["keys"] = {"key-1": entitlement()}
    rights = entitlements.from_table("keys")
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)


def post(headers: dict[str, str] | None = None, body: str = json.dumps({"records": RECORDS})) -> dict[str, Any]:
    answer: dict[str, Any] = ingest.handler.handler(
        api_event("POST", "/v1/market-data", body, headers=headers or {}), Context()
    )
    return answer


def stored(s3: FakeS3) -> list[str]:
    keys = s3.keys("raw", "market-data/")
    return [line for key in keys for line in gzip.decompress(s3.objects["raw", key]).decode().splitlines()]


def is_retryable(answer: dict[str, Any]) -> bool:
    code = json.loads(answer["body"])["error"]["code"]
    return (answer["statusCode"], code, answer["headers"]["Retry-After"]) == (503, "service_unavailable", "5")


@pytest.mark.parametrize("effect", ["fail_on", "fail_after"])
@pytest.mark.parametrize(("headers", "call"), [({}, 1), ({"Idempotency-Key": "k"}, 1), ({"Idempotency-Key": "k"}, 2)])
def test_the_repetition_completes_a_write_that_failed_before_or_after_its_effect(
    effect: str, headers: dict[str, str], call: int, s3: FakeS3
) -> None:
    setattr(s3, effect, call)
    assert is_retryable(post(headers))
    assert len(stored(s3)) in (0, 2), "a single call writes the whole object, so all of the batch or nothing is stored"
    repetition = post(headers)
    assert (repetition["statusCode"], json.loads(repetition["body"])["accepted"]) == (202, 2)
    assert [json.loads(line)["type"] for line in stored(s3)] == ["trade", "quote"]
    assert len(s3.keys("raw", "market-data/")) == 1


@pytest.mark.parametrize("kind", OUTAGES)
@pytest.mark.parametrize("service", ["put_object", "get_object", "get_item"])
def test_an_outage_is_a_503_that_stores_nothing_and_passes(
    kind: str, service: str, s3: FakeS3, dynamodb: FakeDynamoDB, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    headers = {"Idempotency-Key": "k"}
    if service == "get_object":
        s3.fail_on = 2  # the marker exists, so the repetition reads it
        post(headers)
        s3.fail_on = 0

    def fail(*_: Any, **__: Any) -> None:
        raise OUTAGES[kind]()

    with monkeypatch.context() as broken:
        broken.setattr(dynamodb if service == "get_item" else s3, service, fail)
        assert is_retryable(post(headers))
    assert stored(s3) == []
    assert '"service unavailable"' in log.getvalue()
    assert post(headers)["statusCode"] == 202
    assert len(stored(s3)) == 2


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "ValidationException"])
def test_an_error_that_would_repeat_is_no_outage(code: str) -> None:
    assert outage(client_error(code)) == ""
    assert outage(ValueError(code)) == ""


@pytest.mark.requirement("T-FN-1")
@pytest.mark.parametrize("fault", ["none", "outage", "unexpected", "malformed", "rejected"])
def test_no_payload_no_token_and_no_key_reaches_a_log_line(
    fault: str, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log: io.StringIO
) -> None:
    """Every value of the batch and of the headers is looked up in everything that was written."""
    secret = {
        name: f"{name}-{secrets.token_hex(6)}".upper() for name in ("trade", "venue", "bad", "key", "token", "auth")
    }
    good = {**RECORDS[0], "trade_id": secret["trade"], "venue": "V9X7Q5", "price": "8271.3364", "symbol": "ZQXJ7"}
    body = json.dumps({"records": [good, {**good, "side": secret["bad"]}, {**good, secret["venue"]: 1}]})
    headers = {"x-api-key": secret["key"], "Session-Token": secret["token"], "Authorization": secret["auth"]}
    headers |= {"Idempotency-Key": secret["token"] + "-i"}
    if fault == "malformed":
        body = body[:-1]
    if fault == "rejected":
        body = body.replace('"records"', f'"{secret["bad"]}"')

    def fail(**arguments: Any) -> None:
        if fault == "outage":
            raise client_error("SlowDown")
        try:
            raise KeyError(str(good))
        except KeyError as error:
            raise ValueError(f"{arguments} {body} {headers}") from error

    if fault in ("outage", "unexpected"):
        monkeypatch.setattr(s3, "put_object", fail)
    answer = post(headers, body)
    assert answer["statusCode"] == {"none": 202, "outage": 503, "unexpected": 500}.get(fault, 400)
    written = log.getvalue() + "".join(capsys.readouterr())
    assert log.getvalue().count('"level"') >= 1
    values = [*secret.values(), "V9X7Q5", "8271.3364", "ZQXJ7", str(T0)]
    assert [value for value in values if re.search(re.escape(value), written, re.IGNORECASE)] == []
    if fault == "unexpected":
        line = json.loads(log.getvalue().splitlines()[-1])
        assert (line["exception_name"], line["cause"]["exception_name"]) == ("ValueError", "KeyError")
        assert any("ingest/store.py" in where for where in line["where"])
