"""Sessions are opaque, hashed, expire, and belong to the client that opened them."""

from __future__ import annotations

import base64
import hmac
import io
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

import sessions.handler
from common import entitlements
from common.entitlements import CACHE_SECONDS, Entitlements, from_table
from common.errors import RequestError
from sessions import model
from tests.lambda_src.support.entitlements import stored_entitlements
from tests.lambda_src.support.fakes import Context, FakeDynamoDB, api_event, client_error, entitlement

pytestmark = pytest.mark.requirement("T-FN-2", "T-DATA-5")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any], dynamodb: FakeDynamoDB) -> None:
    monkeypatch.setenv("SESSIONS_TABLE", "sessions")
    dynamodb.tables |= {"sessions": {}, "keys": {"key-1": entitlement(), "key-2": entitlement()}}
    rights = stored_entitlements(dynamodb)
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)


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
    assert int(item[model.TTL_ATTRIBUTE]["N"]) - int(item["createdAt"]["N"]) == model.DEFAULT_TTL_SECONDS


def test_another_client_or_a_wrong_token_gets_nothing() -> None:
    _, opened = call("POST")
    assert call("GET", opened["sessionId"], opened["token"], key="key-2")[0] == 404
    assert call("GET", opened["sessionId"], "wrong")[0] == 403
    assert call("DELETE", opened["sessionId"])[0] == 403
    assert call("GET", opened["sessionId"], opened["token"])[0] == 200


def test_an_expired_session_that_is_still_stored_is_a_404() -> None:
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


def test_a_disabled_key_is_rejected_within_a_minute(dynamodb: FakeDynamoDB) -> None:
    now = [0.0]
    rights = stored_entitlements(dynamodb, lambda: now[0])
    rights.require("key-1", "sessions")
    dynamodb.tables["keys"]["key-1"] = entitlement(enabled=False)
    now[0] = CACHE_SECONDS
    assert CACHE_SECONDS <= 60
    with pytest.raises(RequestError, match="403 key_not_entitled"):
        rights.require("key-1", "sessions")


def test_entitlements_are_read_once_while_they_are_fresh(dynamodb: FakeDynamoDB) -> None:
    rights = stored_entitlements(dynamodb, time.monotonic)
    before = dynamodb.reads
    for _ in range(5):
        rights.require("key-1", "ingest")
    assert dynamodb.reads == before + 1


def test_a_request_without_a_key_is_rejected_without_a_read(dynamodb: FakeDynamoDB) -> None:
    assert call("POST", key="")[0] == 403
    assert dynamodb.reads == 0


# --- Entitlements ----------------------------------------------------------------------------------------------------
def test_a_disabled_key_that_is_in_use_gets_403_within_a_minute(
    dynamodb: FakeDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test controls the clock and calls the handler every second; a key in use is rejected after half a minute."""
    now = [0.0]
    rights = stored_entitlements(dynamodb, lambda: now[0])
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)
    assert call("POST")[0] == 201
    dynamodb.tables["keys"]["key-1"] = entitlement(enabled=False)
    answers = {}
    for second in range(1, 61):
        now[0] = float(second)
        answers[second] = call("POST")[0]
    rejected_at = min(second for second, status in answers.items() if status == 403)
    assert rejected_at <= 60
    assert {status for second, status in answers.items() if second >= rejected_at} == {403}
    dynamodb.tables["keys"]["key-1"] = entitlement()
    now[0] += CACHE_SECONDS
    assert call("POST")[0] == 201, "a key that is enabled again works within the same time"


def test_the_cache_uses_the_wall_clock() -> None:
    """Between invocations Lambda freezes the environment, and a monotonic clock may stand still for hours."""
    assert from_table("keys").clock is time.time


def test_a_clock_that_was_set_back_does_not_keep_a_disabled_key(dynamodb: FakeDynamoDB) -> None:
    now = [1_000_000.0]
    rights = stored_entitlements(dynamodb, lambda: now[0])
    rights.require("key-1", "sessions")
    dynamodb.tables["keys"]["key-1"] = entitlement(enabled=False)
    now[0] -= 3600
    with pytest.raises(RequestError, match="403 key_not_entitled"):
        rights.require("key-1", "sessions")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (None, "key_not_entitled"),
        (entitlement(enabled=False), "key_not_entitled"),
        ({**entitlement(), "enabled": {"S": "true"}}, "key_not_entitled"),
        ({name: value for name, value in entitlement().items() if name != "enabled"}, "key_not_entitled"),
        (entitlement(scopes=("ingest", "query")), "scope_not_entitled"),
        ({name: value for name, value in entitlement().items() if name != "scopes"}, "scope_not_entitled"),
    ],
)
def test_only_an_enabled_key_with_the_scope_is_accepted(
    item: dict[str, Any] | None, code: str, dynamodb: FakeDynamoDB
) -> None:
    dynamodb.tables["keys"] = {} if item is None else {"key-1": item}
    status, body = call("POST")
    assert (status, body["error"]["code"]) == (403, code)


def test_malformed_ids_are_a_404_without_a_read(dynamodb: FakeDynamoDB) -> None:
    """DynamoDB rejects a key of more than 2,048 bytes or one that is not text, which once was a 500."""
    call("POST")
    before = dynamodb.reads
    for malformed in ("x" * 3000, "\ud800", "0" * 31, "G" * 32, "A" * 32):
        assert call("GET", malformed, "token")[0] == 404
    assert dynamodb.reads == before


# --- Tokens ----------------------------------------------------------------------------------------------------------
def test_tokens_are_opaque_differ_and_are_compared_as_hashes_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []
    original = hmac.compare_digest

    def recording(first: str, second: str) -> bool:
        compared.append((first, second))
        return original(first, second)

    monkeypatch.setattr(hmac, "compare_digest", recording)
    opened = [model.open_session("key-1", "desk", 60, 1000) for _ in range(50)]
    assert len({token for _, token in opened}) == len({session.session_id for session, _ in opened}) == 50
    assert all(len(base64.urlsafe_b64decode(token + "=")) == 32 for _, token in opened), "256 random bits"
    session, token = opened[0]
    model.authorize(session, "key-1", token, 1000)
    with pytest.raises(RequestError, match="403 bad_session_token"):
        model.authorize(session, "key-1", opened[1][1], 1000)
    assert [len(first) for first, _ in compared] == [len(second) for _, second in compared] == [64, 64]
    assert token not in str(compared)


# --- Faults of DynamoDB ----------------------------------------------------------------------------------------------
class Faulty(FakeDynamoDB):
    """DynamoDB with a call that fails before its effect, or after it, as when the answer is lost. It checks conditions."""

    def __init__(self, tables: dict[str, Any], call_: str, error: Exception, *, after: bool = False) -> None:
        super().__init__(tables)
        self.call, self.error, self.after = call_, error, after

    def _fail(self, name: str, effect: Any) -> Any:
        if name == self.call and not self.after:
            raise self.error
        result = effect()
        if name == self.call:
            self.call = ""
            raise self.error
        return result

    def get_item(self, TableName: str, Key: dict[str, Any], ConsistentRead: bool = False) -> dict[str, Any]:
        return dict(self._fail("get", lambda: FakeDynamoDB.get_item(self, TableName, Key, ConsistentRead)))

    def put_item(self, TableName: str, Item: dict[str, Any], ConditionExpression: str = "") -> None:
        if ConditionExpression and Item["sessionId"]["S"] in self.tables[TableName]:
            raise client_error("ConditionalCheckFailedException", "PutItem")
        self._fail("put", lambda: FakeDynamoDB.put_item(self, TableName, Item, ConditionExpression))

    def delete_item(self, TableName: str, Key: dict[str, Any]) -> None:
        self._fail("delete", lambda: FakeDynamoDB.delete_item(self, TableName, Key))


class Repeating(Faulty):
    """DynamoDB behind an SDK that repeats a put whose answer is lost."""

    def put_item(self, TableName: str, Item: dict[str, Any], ConditionExpression: str = "") -> None:
        try:
            super().put_item(TableName, Item, ConditionExpression)
        except ReadTimeoutError:
            super().put_item(TableName, Item, ConditionExpression)


def lost() -> Exception:
    untyped: Any = ReadTimeoutError
    error: Exception = untyped(endpoint_url="https://dynamodb")
    return error


TEMPORARY_ERRORS = [client_error("ThrottlingException"), client_error("ProvisionedThroughputExceededException"), lost()]


@pytest.mark.parametrize("error", TEMPORARY_ERRORS, ids=repr)
@pytest.mark.parametrize(("name", "method"), [("put", "POST"), ("get", "GET"), ("delete", "DELETE")])
def test_an_outage_of_dynamodb_is_a_503_that_changes_nothing_and_passes(
    name: str, method: str, error: Exception, dynamodb: FakeDynamoDB, fake_clients: dict[str, Any]
) -> None:
    _, opened = call("POST")
    before = dict(dynamodb.tables["sessions"])
    fake_clients["dynamodb"] = Faulty(dynamodb.tables, name, error)
    session = ("", "") if method == "POST" else (opened["sessionId"], opened["token"])
    status, body = call(method, *session)
    assert (status, body["error"]["code"]) == (503, "service_unavailable")
    assert dynamodb.tables["sessions"] == before
    fake_clients["dynamodb"] = dynamodb
    assert call(method, *session)[0] in (200, 201, 204)


def test_a_denial_of_dynamodb_is_a_500_without_details(
    dynamodb: FakeDynamoDB, fake_clients: dict[str, Any], log: io.StringIO
) -> None:
    fake_clients["dynamodb"] = Faulty(dynamodb.tables, "put", client_error("AccessDeniedException"))
    status, body = call("POST")
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert "AccessDenied" not in json.dumps(body)
    assert "unexpected error" in log.getvalue()


def test_a_session_is_opened_although_an_answer_of_dynamodb_is_lost(
    dynamodb: FakeDynamoDB, fake_clients: dict[str, Any]
) -> None:
    """The repetition met the item of the first attempt and was a 500, with a session whose token no client had."""
    fake_clients["dynamodb"] = Repeating(dynamodb.tables, "put", lost(), after=True)
    status, opened = call("POST")
    assert status == 201
    assert call("GET", opened["sessionId"], opened["token"])[0] == 200


def test_an_end_whose_answer_is_lost_can_be_repeated(dynamodb: FakeDynamoDB, fake_clients: dict[str, Any]) -> None:
    _, opened = call("POST")
    fake_clients["dynamodb"] = Faulty(dynamodb.tables, "delete", lost(), after=True)
    assert call("DELETE", opened["sessionId"], opened["token"])[0] == 503
    assert call("DELETE", opened["sessionId"], opened["token"])[0] == 404, "the session no longer exists"


def test_without_dynamodb_an_expired_entitlement_is_not_accepted(
    dynamodb: FakeDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, down = [0.0], [False]

    def fetch(key: str) -> Any:
        if down[0]:
            raise client_error("ThrottlingException")
        return dynamodb.get_item("keys", {"apiKeyId": {"S": key}}).get("Item")

    rights = Entitlements(fetch, lambda: now[0])
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)
    assert call("POST")[0] == 201
    down[0] = True
    assert call("POST")[0] == 201, "still fresh"
    now[0] = CACHE_SECONDS
    assert call("POST")[0] == 503
    down[0] = False
    assert call("POST")[0] == 201


def test_no_token_reaches_the_log(capsys: pytest.CaptureFixture[str], log: io.StringIO) -> None:
    _, opened = call("POST")
    call("GET", opened["sessionId"], opened["token"])
    call("GET", opened["sessionId"], "wrong")
    assert "request rejected" in log.getvalue()
    assert opened["token"] not in log.getvalue() + capsys.readouterr().out
