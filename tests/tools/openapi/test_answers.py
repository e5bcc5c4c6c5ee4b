"""The real answers of ingest and sessions, compared with the published document."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from tests.lambda_src.support.fakes import Context, FakeDynamoDB, FakeS3, api_event, client_error, entitlement
from tests.tools.openapi.support.document import DOCUMENT, validator
from tools.openapi import examples
from tools.openapi.functions import function_module

pytestmark = pytest.mark.requirement("T-DATA-1", "T-DATA-5")

clients = function_module("common.clients")
entitlements = function_module("common.entitlements")
ingest_handler, sessions_handler = function_module("ingest.handler"), function_module("sessions.handler")
GOOD = examples.batch()["records"][0]


@pytest.fixture(autouse=True)
def rights(monkeypatch: pytest.MonkeyPatch) -> FakeS3:
    """The object store of both functions, which have all stores in memory."""
    s3, dynamodb = FakeS3(), FakeDynamoDB({"sessions": {}})
    clients_by_service: dict[str, Any] = {"s3": s3, "dynamodb": dynamodb}
    monkeypatch.setenv("RAW_BUCKET", "raw")
    monkeypatch.setenv("SESSIONS_TABLE", "sessions")
    monkeypatch.setattr(clients, "client", clients_by_service.__getitem__)
    monkeypatch.setattr(entitlements, "from_environment", lambda: entitlements.Entitlements(lambda _: entitlement()))
    for function in (ingest_handler, sessions_handler):
        monkeypatch.setattr(function, "client", clients_by_service.__getitem__)
    return s3


def assert_described(answer: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    """Fail unless the document describes status, headers and body of an answer; returns the body."""
    described = DOCUMENT["paths"][path][method]["responses"][str(answer["statusCode"])]
    ordinary = {"Content-Type", "Cache-Control", "X-Content-Type-Options", "Strict-Transport-Security"}
    assert answer["headers"].keys() - ordinary <= described.get("headers", {}).keys()
    if "content" not in described:
        assert answer["body"] == ""
        return {}
    body: dict[str, Any] = json.loads(answer["body"])
    schema = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert [error.message for error in validator(schema).iter_errors(body)] == []
    if answer["statusCode"] >= 400:
        assert f"`{body['error']['code']}`" in described["description"]
    return body


def post(body: str, **headers: str) -> dict[str, Any]:
    event = api_event("POST", "/v1/market-data", body, headers=headers)
    answer: dict[str, Any] = ingest_handler.handler(event, Context())
    assert_described(answer, "/v1/market-data", "post")
    return answer


def test_the_example_is_answered_as_the_document_shows() -> None:
    answer = post(json.dumps(examples.batch()))
    shown = DOCUMENT["paths"]["/v1/market-data"]["post"]["responses"]["202"]["content"]["application/json"]["example"]
    assert {**json.loads(answer["body"]), "batchId": ""} == {**shown, "batchId": ""}


def test_the_forms_of_the_example_have_the_same_records() -> None:
    packed = base64.b64encode(gzip.compress(examples.ndjson().encode())).decode()
    event = api_event(
        "POST", "/v1/market-data", packed, headers={"Content-Type": "application/gzip"}, isBase64Encoded=True
    )
    summaries = [
        json.loads(post(json.dumps(examples.batch()))["body"]),
        json.loads(post(examples.ndjson(), **{"Content-Type": "application/x-ndjson"})["body"]),
        json.loads(ingest_handler.handler(event, Context())["body"]),
    ]
    assert summaries[0] == summaries[1] == summaries[2]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, "", {}),
        (400, "{", {}),
        (400, json.dumps({"records": [GOOD]}), {"Idempotency-Key": "é"}),
        (409, json.dumps({"records": [GOOD]}), {"Idempotency-Key": "used"}),
        (413, " " * 7_000_000, {}),
        (415, "<a/>", {"Content-Type": "text/xml"}),
        (415, "x", {"Content-Encoding": "br"}),
        (422, "5\n" * 10_001 + "{}", {"Content-Type": "application/x-ndjson"}),
    ],
)
def test_rejections_are_as_described(status: int, body: str, headers: dict[str, str]) -> None:
    post(json.dumps(examples.batch()), **{"Idempotency-Key": "used"})
    assert post(body, **headers)["statusCode"] == status


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("AccessDenied", 500)])
def test_failures_are_as_described(code: str, status: int, rights: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise client_error(code)

    monkeypatch.setattr(rights, "put_object", fail)
    assert post(json.dumps(examples.batch()))["statusCode"] == status


def test_a_session_from_its_opening_to_its_end_is_as_described() -> None:
    def call(method: str, path: str, session: str = "", token: str = "", body: str | None = None) -> Any:
        event = api_event(method, path, body, headers={"Session-Token": token})
        event["pathParameters"] = {"id": session} if session else None
        answer = sessions_handler.handler(event, Context())
        return answer["statusCode"], assert_described(answer, path, method.lower())

    path_of_session = "/v1/sessions/{id}"
    status, opened = call("POST", "/v1/sessions", body='{"ttlSeconds": 3600}')
    assert status == 201
    assert call("POST", "/v1/sessions", body='{"ttlSeconds": 1}')[0] == 400
    assert call("POST", "/v1/sessions", session="x")[0] == 405
    assert call("GET", path_of_session, opened["sessionId"], opened["token"])[0] == 200
    assert call("GET", path_of_session, opened["sessionId"], "wrong")[0] == 403
    assert call("DELETE", path_of_session, opened["sessionId"], opened["token"])[0] == 204
    assert call("DELETE", path_of_session, opened["sessionId"], opened["token"])[0] == 404
