"""Unusual but real kinds of market data, from the client's body to the bars, compared with references that share no code."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import psycopg
import pytest

import ingest.handler
import query.handler
from bench import plain_ingest
from common import entitlements
from common.database import Database
from process.pipeline import Pipeline
from tests.lambda_src.support import market_day, plain_reference
from tests.lambda_src.support.analytics_answers import agree_with_numpy
from tests.lambda_src.support.entitlements import stored_entitlements
from tests.lambda_src.support.fakes import Context, FakeDynamoDB, FakeS3, api_event, entitlement
from tests.lambda_src.support.processing import (
    BARS_ONCE,
    BUCKETS,
    QUOTES_ONCE,
    TRADES_ONCE,
    contents,
    queried,
)

pytestmark = pytest.mark.requirement("T-DATA-1", "T-DATA-2", "T-DATA-3")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fake_clients: dict[str, Any], dynamodb: FakeDynamoDB) -> None:
    monkeypatch.setenv("RAW_BUCKET", "raw")
    dynamodb.tables["keys"] = {"key-1": entitlement()}
    rights = stored_entitlements(dynamodb)
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)


@pytest.fixture
def pipeline(app_database: Database, s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(query.handler, "_database", lambda: app_database)
    return Pipeline(s3, app_database, BUCKETS)


def post(text: str) -> dict[str, Any]:
    event = api_event("POST", "/v1/market-data", text, headers={"content-type": "application/x-ndjson"})
    response = ingest.handler.handler(event, Context())
    assert response["statusCode"] == 202, response["body"]
    body: dict[str, Any] = json.loads(response["body"])
    return body


def lines(events: list[market_day.Event]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def stored(s3: FakeS3) -> list[str]:
    keys = s3.keys("raw", "market-data/")
    return [line for key in keys for line in gzip.decompress(s3.objects["raw", key]).decode().splitlines()]


@pytest.fixture
def day(pipeline: Pipeline, s3: FakeS3) -> list[dict[str, Any]]:
    """The accepted day in the stored form of another validator, after it was sent in three bodies out of order and processed."""
    events = market_day.accepted()
    expected, rejected = plain_ingest.validate_lines(lines(events))
    assert rejected == []
    shuffled = random.Random(5).sample(events, len(events))
    for start in range(3):
        answer = post(lines(shuffled[start::3]))
        assert (answer["rejected"], answer["rejectedRecords"]) == (0, [])
    assert sorted(stored(s3)) == sorted(expected.splitlines())
    for key in s3.keys("raw", "market-data/"):
        pipeline.process(key)
    assert s3.keys("raw", "quarantine/") == []
    return [json.loads(line) for line in expected.splitlines()]


def test_a_day_of_unusual_data_gives_the_tables_of_the_reference(
    day: list[dict[str, Any]], admin: psycopg.Connection[Any], s3: FakeS3
) -> None:
    tables = contents(admin)
    assert {row[:2]: row[2:] for row in tables["bars_1m"]} == plain_reference.bars(day)
    assert {row[:2]: row[2:] for row in tables["quote_stats_1m"]} == plain_reference.quote_stats(day)
    assert {row[:2]: row[2:] for row in tables["trades"]} == plain_reference.trades_of(day)
    assert tables["trade_conflicts"] == []
    assert queried(s3, "trades", TRADES_ONCE) == {(*row, row[2] // 1000) for row in tables["trades"]}
    assert queried(s3, "quotes", QUOTES_ONCE) == {(*row, row[1] // 1000) for row in tables["quotes"]}
    assert queried(s3, "bars", BARS_ONCE) == {row[:9] for row in tables["bars_1m"]}


@pytest.mark.parametrize("interval", [pytest.param("1m", marks=pytest.mark.matrix), "15m", "1d"])
def test_a_day_of_unusual_data_gives_the_analytics_of_numpy(day: list[dict[str, Any]], interval: str) -> None:
    agree_with_numpy(day, interval)


@pytest.mark.parametrize(
    ("event", "field", "reason"), [row[1:] for row in market_day.REJECTED], ids=[r[0] for r in market_day.REJECTED]
)
def test_a_rejected_record_has_its_reason_and_affects_no_neighbour(
    event: market_day.Event, field: str, reason: str, s3: FakeS3
) -> None:
    body = lines([market_day.GOOD_TRADE, event, market_day.GOOD_QUOTE])
    answer = post(body)
    (rejected,) = answer["rejectedRecords"]
    assert (answer["accepted"], rejected["index"], rejected["field"] or "") == (2, 1, field)
    assert rejected["reason"].startswith(reason)
    text, (rejection,) = plain_ingest.validate_lines(body)
    assert (rejection[0], rejection[1], rejection[2]) == (1, field, rejected["reason"])
    assert stored(s3) == text.splitlines()


@pytest.mark.parametrize(
    ("event", "field", "reason"), [row[1:] for row in market_day.REJECTED], ids=[r[0] for r in market_day.REJECTED]
)
def test_a_rejected_record_is_also_rejected_if_another_writer_stores_it(
    event: market_day.Event, field: str, reason: str, pipeline: Pipeline, s3: FakeS3, admin: psycopg.Connection[Any]
) -> None:
    """The engine has its own checks, because other writers to the raw bucket have not called ingest."""
    key = "market-data/date=2026-01-02/hour=00/foreign.ndjson.gz"
    s3.objects["raw", key] = gzip.compress(lines([market_day.GOOD_TRADE, event, market_day.GOOD_QUOTE]).encode())
    pipeline.process(key)
    (line,) = gzip.decompress(s3.objects["raw", f"quarantine/records/{key}"]).splitlines()
    assert json.loads(line)["reason"].startswith(f"{field}: {reason}" if field else reason)
    tables = contents(admin)
    assert (len(tables["trades"]), len(tables["quotes"])) == (1, 1)
