"""``POST /v1/market-data``: counts, reasons, limits and idempotency, and no 5xx for anything that a client can send."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ingest.handler
from common import entitlements
from ingest import batch, validation
from tests.lambda_src.support.entitlements import stored_entitlements
from tests.lambda_src.support.fakes import Context, FakeDynamoDB, FakeS3, api_event, client_error, entitlement
from tests.lambda_src.support.records import T0

pytestmark = pytest.mark.requirement("T-FN-2", "T-DATA-1")

GOOD = {"type": "trade", "trade_id": "1", "symbol": "ACME", "price": "1.5", "size": 2, "ts": T0}
BAD = {**GOOD, "price": -1}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any], dynamodb: FakeDynamoDB) -> None:
    monkeypatch.setenv("RAW_BUCKET", "raw")
    dynamodb.tables["keys"] = {"key-1": entitlement()}
    rights = stored_entitlements(dynamodb)
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)


def post(body: object, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    event = api_event("POST", "/v1/market-data", text, headers=headers or {}, **more)
    response: dict[str, Any] = ingest.handler.handler(event, Context())
    return {**response, "json": json.loads(response["body"])}


def binary(content: bytes, content_type: str, **headers: str) -> dict[str, Any]:
    event_headers = {"content-type": content_type, **headers}
    return post(base64.b64encode(content).decode(), event_headers, isBase64Encoded=True)


def stored(s3: FakeS3) -> list[dict[str, Any]]:
    keys = s3.keys("raw", "market-data/")
    return [json.loads(line) for key in keys for line in gzip.decompress(s3.objects["raw", key]).splitlines()]


def test_a_batch_is_answered_with_counts_and_every_rejected_record(s3: FakeS3) -> None:
    response = post({"records": [GOOD, BAD, 5, {**GOOD, "trade_id": "2"}]})
    assert response["statusCode"] == 202
    body = response["json"]
    assert (body["received"], body["accepted"], body["rejected"]) == (4, 2, 2)
    assert body["rejectedRecords"] == [
        {"index": 1, "field": "price", "reason": "must be above zero"},
        {"index": 2, "field": None, "reason": "is not a JSON object"},
    ]
    assert s3.keys("raw") == [f"market-data/date=2026-01-02/hour=10/{body['batchId']}.ndjson.gz"]
    assert [record["trade_id"] for record in stored(s3)] == ["1", "2"]


@pytest.mark.parametrize(
    "response",
    [
        lambda: post("\n".join([json.dumps(GOOD), "{", "", json.dumps(BAD)]), {"Content-Type": "application/x-ndjson"}),
        lambda: binary(gzip.compress(f"{json.dumps(GOOD)}\n{{\n{json.dumps(BAD)}".encode()), "application/gzip"),
        lambda: binary(gzip.compress(json.dumps({"records": [GOOD, 5, BAD]}).encode()), "application/gzip"),
        lambda: binary(
            gzip.compress(json.dumps({"records": [GOOD, 5, BAD]}).encode()),
            "application/json; charset=utf-8",
            **{"Content-Encoding": "gzip"},
        ),
        # API Gateway has unpacked the body and kept the header.
        lambda: post({"records": [GOOD, 5, BAD]}, {"Content-Encoding": "gzip", "Content-Type": "application/json"}),
    ],
)
def test_every_form_of_a_batch_is_accepted(response: Any, s3: FakeS3) -> None:
    answer = response()
    assert (answer["statusCode"], answer["json"]["accepted"]) == (202, 1)
    assert [entry["index"] for entry in answer["json"]["rejectedRecords"]] == [1, 2]
    assert len(stored(s3)) == 1


def test_gzip_of_one_ndjson_line_is_one_record() -> None:
    assert binary(gzip.compress(json.dumps(GOOD).encode()), "application/gzip")["json"]["accepted"] == 1


def test_a_batch_without_a_valid_record_is_answered_and_stores_nothing(s3: FakeS3) -> None:
    response = post({"records": [BAD]})
    assert (response["statusCode"], response["json"]["accepted"], s3.objects) == (202, 0, {})


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ("", {}, 400, "empty_body"),
        (" \n", {}, 400, "empty_body"),
        ('{"records": []}', {}, 400, "empty_body"),
        ("{", {}, 400, "malformed_body"),
        ("[" * 100_000, {}, 400, "malformed_body"),
        ("[]", {}, 400, "malformed_body"),
        ('{"records": {}}', {}, 400, "malformed_body"),
        ('{"records": [1], "x": 1}', {}, 400, "malformed_body"),
        ("nope\nnope", {"Content-Type": "application/x-ndjson"}, 400, "malformed_body"),
        ("<xml/>", {"Content-Type": "text/xml"}, 415, "unsupported_media_type"),
        ("x", {"Content-Encoding": "br"}, 415, "unsupported_encoding"),
        ("x" * (batch.MAX_RECEIVED_BYTES + 1), {}, 413, "too_large"),
        ("1\n" * (validation.MAX_RECORDS + 1), {"Content-Type": "application/x-ndjson"}, 413, "too_large"),
        ("1\n" * (validation.MAX_REJECTED + 1), {"Content-Type": "application/x-ndjson"}, 422, "too_many_rejected"),
        ('{"records": [1]}', {"Idempotency-Key": "x" * 256}, 400, "bad_idempotency_key"),
        ('{"records": [1]}', {"Idempotency-Key": "é"}, 400, "bad_idempotency_key"),
    ],
)
def test_a_body_that_cannot_be_accepted_is_a_4xx_that_says_why(
    body: str, headers: dict[str, str], status: int, code: str, s3: FakeS3
) -> None:
    response = post(body, headers)
    assert (response["statusCode"], response["json"]["error"]["code"]) == (status, code)
    assert len(response["json"]["error"]["message"]) > 10
    assert s3.objects == {}


def lines_of(count: int) -> bytes:
    """Trades that compress about as badly as real ones, because each id, price and time is new."""
    chance = random.Random(count)
    trades = (
        f'{{"type":"trade","trade_id":"{chance.randrange(10**12)}","symbol":"ACME","price":"{chance.randrange(1, 10**6) / 100}",'
        f'"size":{chance.randrange(1, 999)},"ts":{T0 + chance.randrange(10**12)},"side":"buy","venue":"XNYS"}}\n'
        for _ in range(count)
    )
    return "".join(trades).encode()


@pytest.mark.slow
@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/gzip"])
def test_the_largest_body_that_fits_into_a_lambda_event_is_accepted(content_type: str, s3: FakeS3) -> None:
    """Lambda accepts events of 6 MiB, in which quotes are escaped and bytes are base64."""
    pack: Callable[[bytes], bytes] = gzip.compress if content_type == "application/gzip" else bytes

    def event_of(lines: bytes) -> dict[str, Any]:
        is_binary = content_type == "application/gzip"
        body = base64.b64encode(pack(lines)).decode() if is_binary else lines.decode()
        headers = {"Content-Type": content_type, "Other": "x" * 10_000}  # API Gateway accepts 10,240 bytes of headers
        return api_event("POST", "/v1/market-data", body, headers=headers, isBase64Encoded=is_binary)

    size_of_0, size_of_5000 = (len(json.dumps(event_of(lines_of(count)))) for count in (0, 5_000))
    count = int((batch.LAMBDA_EVENT_BYTES - size_of_0) / (size_of_5000 - size_of_0) * 5_000 * 0.99)
    event = event_of(lines_of(count))
    assert 0.95 * batch.LAMBDA_EVENT_BYTES < len(json.dumps(event)) <= batch.LAMBDA_EVENT_BYTES
    response = ingest.handler.handler(event, Context())
    assert (response["statusCode"], json.loads(response["body"])["accepted"]) == (202, count)
    assert len(stored(s3)) == count


@pytest.mark.parametrize(
    ("limit", "content_type", "body"),
    [
        (batch.MAX_RECEIVED_BYTES, "application/json", b"x" * (batch.MAX_RECEIVED_BYTES + 1)),
        (batch.MAX_UNPACKED_BYTES, "application/gzip", gzip.compress(b"\0" * (batch.MAX_UNPACKED_BYTES + 1), 1)),
        (validation.MAX_RECORDS, "application/gzip", gzip.compress(b"{}\n" * (validation.MAX_RECORDS + 1), 1)),
        (validation.MAX_COMMAS, "application/gzip", gzip.compress(b"[" + b"1," * (validation.MAX_COMMAS + 1), 1)),
    ],
    ids=["received", "unpacked", "records", "commas"],
)
def test_a_body_beyond_a_limit_is_a_413_that_names_the_limit(limit: int, content_type: str, body: bytes) -> None:
    response = binary(body, content_type)
    assert (response["statusCode"], response["json"]["error"]["code"]) == (413, "too_large")
    assert str(limit) in response["json"]["error"]["message"]


def test_broken_and_endless_gzip_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    member = gzip.compress(b"x" * 1000)
    for content in (member[:-1], member + b"x", b"\x1f\x8bnope", member + member[:-1], member + b"\0x"):
        assert binary(content, "application/gzip")["statusCode"] == 400
    monkeypatch.setattr(batch, "MAX_UNPACKED_BYTES", 999)
    assert binary(member, "application/gzip")["json"]["error"]["code"] == "too_large"


@pytest.mark.parametrize("padding", [b"", b"\0", bytes(70_000)])
def test_gzip_in_several_members_is_one_body(padding: bytes, s3: FakeS3) -> None:
    """Incident: the output of `cat a.gz b.gz` got 400, though RFC 1952 (2.2) allows it and process accepts it."""
    lines = [json.dumps({**GOOD, "trade_id": str(number)}) + "\n" for number in range(5)]
    members = [gzip.compress(line.encode()) for line in lines] + [gzip.compress(b"")]
    response = binary(b"".join(members) + padding, "application/gzip")
    assert (response["statusCode"], response["json"]["accepted"]) == (202, 5)
    assert [record["trade_id"] for record in stored(s3)] == list("01234")
    split = json.dumps({"records": [GOOD]}).encode()
    assert binary(gzip.compress(split[:9]) + gzip.compress(split[9:]), "application/json")["json"]["accepted"] == 1


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (b"x", "The gzip ends after 21 bytes, and something else follows it"),
        (b"\0x", "The gzip ends after 21 bytes, and something else follows it"),
        (b"\0" + gzip.compress(b"x", mtime=0), "The gzip ends after 21 bytes, and something else follows it"),
        (b"\x1f", "The gzip ends after 21 bytes, and something else follows it"),
        (b"\x1f\x8b", "The body ends within its gzip"),
        (b"\x1f\x8bnope", "The body is not valid gzip"),
    ],
)
def test_bytes_after_a_member_that_are_no_member_are_a_400_that_says_so(end: bytes, message: str) -> None:
    error = binary(gzip.compress(b"x", mtime=0) + end, "application/gzip")["json"]["error"]
    assert (error["code"], error["message"]) == ("malformed_body", message)


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_the_limit_of_unpacked_bytes_holds_for_all_members_together(
    pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MAX_UNPACKED_BYTES", 7_000_000)
    members = gzip.compress(b" " * (7_000_000 // pieces)) * pieces
    assert binary(members, "application/gzip")["json"]["error"]["code"] == "empty_body"
    for more in (gzip.compress(b" "), gzip.compress(b" " * 50_000_000)):
        assert binary(members + more, "application/gzip")["json"]["error"]["code"] == "too_large"


def test_a_body_or_record_that_has_a_name_twice_is_rejected(s3: FakeS3) -> None:
    """Incident: of `{"records":[A],"records":[B]}` only B was stored, and of two prices the second."""
    good = json.dumps(GOOD)
    response = post(f'{{"records":[{good}],"records":[{good}]}}')
    assert (response["statusCode"], response["json"]["error"]["code"]) == (400, "malformed_body")
    assert response["json"]["error"]["message"] == "The body has the member 'records' more than once"
    repeating = good[:-1] + ',"price":"9"}'
    rejected = [{"index": 1, "field": None, "reason": "has the field 'price' more than once"}]
    for answer in (
        post(f'{{"records":[{good},{repeating}]}}'),
        post(f"{good}\n{repeating}", {"Content-Type": "application/x-ndjson"}),
        binary(gzip.compress(f"{good}\n{repeating}".encode()), "application/gzip"),
    ):
        assert (answer["statusCode"], answer["json"]["rejectedRecords"]) == (202, rejected)
    assert {record["price"] for record in stored(s3)} == {"1.5"}


def test_broken_base64_and_broken_utf8_are_rejected() -> None:
    assert post("!", isBase64Encoded=True)["json"]["error"]["message"] == "The body is not valid base64"
    assert binary(b"\xff\xfe{}", "application/json")["json"]["error"]["message"] == "The body is not UTF-8"


def test_the_longest_list_of_rejections_fits_into_lambdas_answer() -> None:
    record = json.dumps({**GOOD, "trade_id": " "})
    response = post("\n".join([record] * validation.MAX_REJECTED), {"Content-Type": "application/x-ndjson"})
    assert response["statusCode"] == 202
    response.pop("json")
    assert len(json.dumps(response)) < 6 * 1024 * 1024


@pytest.mark.requirement("T-DATA-2")
def test_a_repeated_request_is_the_same_batch(s3: FakeS3) -> None:
    first, second = post({"records": [GOOD, BAD]}), post({"records": [GOOD, BAD]})
    assert second["json"] == first["json"]
    assert "Idempotency-Replayed" not in first["headers"]
    assert second["headers"]["Idempotency-Replayed"] == "true"
    assert len(s3.keys("raw")) == 1


@pytest.mark.requirement("T-DATA-2")
def test_an_idempotency_key_is_bound_to_its_content(s3: FakeS3) -> None:
    headers = {"idempotency-key": "order 1"}
    first, second = post({"records": [GOOD]}, headers), post({"records": [GOOD]}, headers)
    assert (second["statusCode"], second["json"]) == (202, first["json"])
    other = post({"records": [{**GOOD, "trade_id": "2"}]}, headers)
    assert (other["statusCode"], other["json"]["error"]["code"]) == (409, "idempotency_key_reused")
    assert len(s3.keys("raw", "market-data/")) == 1


@pytest.mark.requirement("T-DATA-2")
def test_a_request_that_failed_between_marker_and_object_is_completed_by_its_repetition(s3: FakeS3) -> None:
    s3.fail_on = 2
    headers = {"Idempotency-Key": "k"}
    assert post({"records": [GOOD]}, headers)["statusCode"] == 503
    assert stored(s3) == []
    assert post({"records": [GOOD]}, headers)["statusCode"] == 202
    assert len(stored(s3)) == 1


def test_a_conflict_with_the_same_request_under_way_is_retried(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    real, conflicts = s3.put_object, [client_error("ConditionalRequestConflict")]

    def put(**arguments: Any) -> dict[str, str]:
        if conflicts:
            raise conflicts.pop()
        return real(**arguments)

    monkeypatch.setattr(s3, "put_object", put)
    assert post({"records": [GOOD]})["statusCode"] == 202
    assert len(stored(s3)) == 1


def test_a_key_whose_marker_was_archived_is_a_409(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"Idempotency-Key": "k"}
    post({"records": [GOOD]}, headers)

    def archived(**_: Any) -> None:
        raise client_error("InvalidObjectState")

    monkeypatch.setattr(s3, "get_object", archived)
    assert post({"records": [GOOD]}, headers)["statusCode"] == 409


def test_records_that_become_valid_later_are_not_lost_to_the_idempotency(s3: FakeS3, dynamodb: FakeDynamoDB) -> None:
    """A client repeats a batch whose symbol was not entitled at first; its records must be stored now."""
    batch_of_two = {"records": [GOOD, {**GOOD, "symbol": "B"}]}
    dynamodb.tables["keys"]["key-1"] = entitlement(symbols=("ACME",))
    first = post(batch_of_two)
    assert first["json"]["rejectedRecords"][0]["reason"] == "is not in this API key's entitlement"
    entitlements.from_environment()._cache.clear()
    dynamodb.tables["keys"]["key-1"] = entitlement()
    assert post(batch_of_two)["json"]["accepted"] == 2
    assert {record["symbol"] for record in stored(s3)} == {"ACME", "B"}


def test_a_missing_permission_is_a_500_without_details(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise client_error("AccessDenied")

    monkeypatch.setattr(s3, "put_object", fail)
    response = post({"records": [GOOD]})
    assert response["statusCode"] == 500
    assert response["json"]["error"]["code"] == "internal_error"
    assert "AccessDenied" not in response["body"]


@pytest.mark.requirement("T-DATA-5")
@pytest.mark.parametrize("item", [None, entitlement(enabled=False), entitlement(scopes=("query",))])
def test_a_key_without_the_scope_is_rejected(item: dict[str, Any] | None, dynamodb: FakeDynamoDB) -> None:
    dynamodb.tables["keys"] = {"key-1": item} if item else {}
    assert post({"records": [GOOD]})["statusCode"] == 403


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(st.text(), st.binary().map(lambda b: base64.b64encode(b).decode())),
    content_type=st.sampled_from(["", "application/json", "application/x-ndjson", "application/gzip", "text/plain"]),
    encoded=st.booleans(),
)
def test_any_body_gives_2xx_or_4xx(body: str, content_type: str, encoded: bool) -> None:
    event = api_event("POST", "/v1/market-data", body, headers={"Content-Type": content_type}, isBase64Encoded=encoded)
    assert 200 <= ingest.handler.handler(event, Context())["statusCode"] < 500
