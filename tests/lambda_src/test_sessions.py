"""Sessions: opaque, hashed, expiring, and only for the client that opened them."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest

import sessions.handler
from common.entitlements import CACHE_SECONDS, Entitlements
from common.errors import RequestError
from sessions import model
from tests.lambda_src.fakes import Context, FakeDynamoDB, api_event, entitlement

pytestmark = pytest.mark.requirement("T-FN-2", "T-DATA-5")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any], dynamodb: FakeDynamoDB) -> None:
    monkeypatch.setenv("SESSIONS_TABLE", "sessions")
    dynamodb.tables |= {"sessions": {}, "keys": {"key-1": entitlement(), "key-2": entitlement()}}
    rights = Entitlements(lambda key: dynamodb.get_item("keys", {"apiKeyId": {"S": key}}).get("Item"))
    monkeypatch.setattr(sessions.handler, "_entitlements", lambda: rights)


def call(method: str, session_id: str = "", token: str = "", body: str | None = None, key: str = "key-1") -> Any:
    event = api_event(method, "/v1/sessions", body, headers={"session-token": token})
    event["pathParameters"] = {"id": session_id} if session_id else None
    event["requestContext"]["identity"]["apiKeyId"] = key
    response = sessions.handler.handler(event, Context())
    return response["statusCode"], json.loads(response["body"] or "null")


def test_a_session_is_opened_read_and_ended() -> None:
    status, opened = call("POST", body='{"ttlSeconds": 120}')
    assert status == 201
    status, read = call("GET", opened["sessionId"], opened["token"])
    assert (status, read) == (200, {k: opened[k] for k in ("sessionId", "client", "createdAt", "expiresAt")})
    assert call("DELETE", opened["sessionId"], opened["token"]) == (204, None)
    assert call("GET", opened["sessionId"], opened["token"])[0] == 404


def test_the_token_is_kept_as_a_hash_only(dynamodb: FakeDynamoDB) -> None:
    _, opened = call("POST")
    item = dynamodb.tables["sessions"][opened["sessionId"]]
    assert opened["token"] not in json.dumps(item)
    assert len(opened["token"]) >= 43
    assert int(item[model.TTL_ATTRIBUTE]["N"]) - int(item["createdAt"]["N"]) == model.DEFAULT_TTL_S


def test_another_client_or_a_wrong_token_gets_nothing() -> None:
    _, opened = call("POST")
    assert call("GET", opened["sessionId"], opened["token"], key="key-2")[0] == 404
    assert call("GET", opened["sessionId"], "wrong")[0] == 403
    assert call("DELETE", opened["sessionId"])[0] == 403
    assert call("GET", opened["sessionId"], opened["token"])[0] == 200


def test_an_expired_session_that_is_still_stored_is_gone() -> None:
    session, token = model.open_session("key-1", "desk", 60, 1000)
    assert model.authorize(session, "key-1", token, 1059) is session
    with pytest.raises(RequestError, match="404 unknown_session"):
        model.authorize(session, "key-1", token, 1060)


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"ttl": 1}', '{"ttlSeconds": 59}', '{"ttlSeconds": 86401}', '{"ttlSeconds": 60.5}',
             '{"ttlSeconds": "60"}', '{"ttlSeconds": true}', '{"ttlSeconds": null}', '{"ttlSeconds": 1e3}',
             '{"ttlSeconds": ' + "9" * 5000 + "}", "\ud800"],
)  # fmt: skip
def test_a_bad_body_is_a_400(body: str) -> None:
    assert call("POST", body=body)[0] == 400


@pytest.mark.parametrize(("method", "session_id"), [("PUT", ""), ("GET", ""), ("POST", "x"), ("DELETE", "")])
def test_other_methods_are_a_405(method: str, session_id: str) -> None:
    assert call(method, session_id)[0] == 405


def test_a_disabled_key_is_refused_within_a_minute(dynamodb: FakeDynamoDB) -> None:
    now = [0.0]
    rights = Entitlements(lambda key: dynamodb.get_item("keys", {"apiKeyId": {"S": key}}).get("Item"), lambda: now[0])
    rights.require("key-1", "sessions")
    dynamodb.tables["keys"]["key-1"] = entitlement(enabled=False)
    now[0] = CACHE_SECONDS
    assert CACHE_SECONDS <= 60
    with pytest.raises(RequestError, match="403 key_not_entitled"):
        rights.require("key-1", "sessions")


def test_entitlements_are_read_once_while_they_are_fresh(dynamodb: FakeDynamoDB) -> None:
    rights = Entitlements(lambda key: dynamodb.get_item("keys", {"apiKeyId": {"S": key}}).get("Item"), time.monotonic)
    before = dynamodb.reads
    for _ in range(5):
        rights.require("key-1", "ingest")
    assert dynamodb.reads == before + 1


def test_a_request_without_a_key_is_refused_without_a_look_up(dynamodb: FakeDynamoDB) -> None:
    assert call("POST", key="")[0] == 403
    assert dynamodb.reads == 0


def test_no_token_reaches_the_log(capsys: pytest.CaptureFixture[str], log: io.StringIO) -> None:
    _, opened = call("POST")
    call("GET", opened["sessionId"], opened["token"])
    call("GET", opened["sessionId"], "wrong")
    assert "request refused" in log.getvalue()
    assert opened["token"] not in log.getvalue() + capsys.readouterr().out
