"""Bars, analytics and health from a real PostgreSQL, compared with references that are written from the formulas."""

from __future__ import annotations

import io
import json
import os
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import query.handler
from common import entitlements, schema
from common.database import DEAD_PEER_MILLISECONDS, Database, Target
from common.errors import RequestError
from log_alerts.alert import EXPECTED
from process.pipeline import Pipeline
from query import request
from tests.lambda_src.support import plain_reference
from tests.lambda_src.support.entitlements import stored_entitlements
from tests.lambda_src.support.fakes import Context, FakeDynamoDB, FakeS3, api_event, entitlement
from tests.lambda_src.support.processing import BUCKETS, DAY, deliver, truncate
from tests.lambda_src.support.records import MINUTE, SECOND, T0, Record, quote, records, trade

pytestmark = pytest.mark.requirement("T-FN-2", "T-DATA-4")

HOUR = {"from": "2026-01-02T10:00:00Z", "to": "2026-01-02T11:00:00Z"}
INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1440}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, dynamodb: FakeDynamoDB) -> None:
    dynamodb.tables["keys"] = {"key-1": entitlement(symbols=("ACME", "B", "NONE"))}
    rights = stored_entitlements(dynamodb)
    monkeypatch.setattr(entitlements, "from_environment", lambda: rights)
    monkeypatch.setattr(query.handler, "_health", query.handler._Health())


@pytest.fixture
def pipeline(app_database: Database, s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline that writes the data; the handler reads them through the same connection."""
    monkeypatch.setattr(query.handler, "_database", lambda: app_database)
    return Pipeline(s3, app_database, BUCKETS)


def get(resource: str, symbol: str = "ACME", **parameters: str) -> tuple[int, Any]:
    event = api_event("GET", f"/v1/{resource}/{{symbol}}", queryStringParameters=parameters or None)
    event["pathParameters"] = {"symbol": symbol}
    response = query.handler.handler(event, Context())
    return response["statusCode"], json.loads(response["body"])


def pages(resource: str, symbol: str, interval: str, limit: int, **window: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(1000):
        status, body = get(resource, symbol, interval=interval, limit=str(limit), **window, **cursor)
        assert status == 200
        items += body[resource]
        if body["nextCursor"] is None:
            return items
        assert body[resource], "a page is never empty while more follow"
        cursor = {"cursor": body["nextCursor"]}
    raise AssertionError("the pages do not end")


def test_bars_of_a_hand_worked_case(pipeline: Pipeline) -> None:
    deliver(pipeline, "a", DAY)
    status, body = get("bars", interval="5m", **HOUR)
    assert status == 200
    assert body == {
        "symbol": "ACME",
        "interval": "5m",
        "from": "2026-01-02T10:00:00Z",
        "to": "2026-01-02T11:00:00Z",
        "bars": [
            {
                "start": "2026-01-02T10:00:00Z",
                "open": "100.5",
                "high": "101.125",
                "low": "99.25",
                "close": "101.125",
                "volume": "7.5",
                "trades": 3,
                "vwap": "100.58333333",  # (201 + 148.875 + 404.5) / 7.5
            }
        ],
        "nextCursor": None,
    }


@pytest.mark.requirement("T-DATA-3")
def test_analytics_of_a_hand_worked_case(pipeline: Pipeline) -> None:
    """Closes 99.25 and 101.125 after an open of 100.5; quotes: 49 s of spread 2, then 60 s of spread 1, mid 100."""
    deliver(pipeline, "a", DAY)
    _, body = get("analytics", interval="1h", **HOUR)
    (item,) = body["analytics"]
    assert item["quotedSpread"] == "1.4495412844"[:10]
    assert item["quotedSpreadBps"] == pytest.approx(158 / 109 * 100)
    assert item["effectiveSpread"] == "1.76666667"  # (4.25 + 9) / 7.5
    assert item["effectiveSpreadBps"] == pytest.approx(13.25 / 7.5 * 100)
    assert item["microprice"] == "99.77522936"  # (49·99.5 + 60·100) / 109
    assert item["lastMicroprice"] == "100"
    assert item["realisedVariance"] == pytest.approx(plain_reference.realised_variance([100.5, 99.25, 101.125]))
    assert item["realisedVolatility"] == pytest.approx(item["realisedVariance"] ** 0.5)
    assert item["maxDrawdown"] == pytest.approx(1.25 / 100.5)
    assert item["amihud"] == pytest.approx(plain_reference.amihud([100.5, 99.25, 101.125], [349.875, 404.5]))
    assert item["quotes"] == 2


@pytest.mark.requirement("T-DATA-3")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample=records, interval=st.sampled_from(list(INTERVALS)), limit=st.integers(1, 5))
def test_bars_and_analytics_roll_up_exactly_on_any_page_size(
    sample: list[Record], interval: str, limit: int, admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    truncate(admin)
    deliver(pipeline, "x", sample)
    for symbol in {r["symbol"] for r in sample}:
        expected = _rolled(sample, symbol, INTERVALS[interval] * MINUTE)
        window = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-03T00:00:00Z"}
        bars = pages("bars", symbol, interval, limit, **window)
        assert [{k: bar[k] for k in bar if k != "vwap"} for bar in bars] == [e["bar"] for e in expected if e["bar"]]
        items = pages("analytics", symbol, interval, limit, **window)
        assert [item["start"] for item in items] == [e["start"] for e in expected]
        for item, e in zip(items, expected, strict=True):
            for name in ("quotedSpread", "effectiveSpread", "microprice", "vwap"):
                assert _close(item[name], e[name]), name


def _close(text: str | None, value: Fraction | None) -> bool:
    """A quotient to 8 decimals."""
    if text is None or value is None:
        return text is None and value is None
    return abs(Fraction(text) - value) <= Fraction(1, 10**8)


def _rolled(sample: list[Record], symbol: str, bucket: int) -> list[dict[str, Any]]:
    bars: dict[int, list[Any]] = defaultdict(list)
    quotes: dict[int, list[Any]] = defaultdict(list)
    for (name, minute), row in sorted(plain_reference.bars(sample).items()):
        if name == symbol:
            bars[minute // bucket * bucket].append(row)
    for (name, minute), row in sorted(plain_reference.quote_stats(sample).items()):
        if name == symbol:
            quotes[minute // bucket * bucket].append(row)
    return [_interval(start, bars[start], quotes[start]) for start in sorted({*bars, *quotes})]


def _interval(start: int, bars: list[Any], quotes: list[Any]) -> dict[str, Any]:
    stamp = schema.format_timestamp(start)
    volume = sum(row[4] for row in bars)
    bar = bars and {
        "start": stamp,
        "open": _plain(bars[0][0]),
        "high": _plain(max(row[1] for row in bars)),
        "low": _plain(min(row[2] for row in bars)),
        "close": _plain(bars[-1][3]),
        "volume": _plain(volume),
        "trades": sum(row[6] for row in bars),
    }
    covered = sum(row[1] for row in quotes)
    effective = sum(row[9] for row in bars)
    return {
        "start": stamp,
        "bar": bar,
        "vwap": Fraction(sum(row[5] for row in bars)) / Fraction(volume) if bars else None,
        "effectiveSpread": Fraction(sum(row[7] for row in bars)) / Fraction(effective) if effective else None,
        "quotedSpread": Fraction(sum(row[2] for row in quotes)) / covered if covered else None,
        "microprice": Fraction(sum(row[4] for row in quotes)) / covered if covered else None,
    }


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def test_a_long_interval_ends_a_page_of_analytics_early_but_loses_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(pipeline, "a", [trade(str(n), "10", "1", T0 + n * MINUTE) for n in range(40)])
    monkeypatch.setattr(query.reader, "ANALYTICS_ROWS", 17)
    items = pages("analytics", "ACME", "5m", 100, **HOUR)
    assert [item["bar"]["trades"] for item in items] == [5] * 8


def test_a_range_is_widened_to_whole_bars(pipeline: Pipeline) -> None:
    deliver(pipeline, "a", DAY)
    window = {"from": "2026-01-02T10:00:30Z", "to": str(T0 + 31 * SECOND)}
    _, body = get("bars", **window)
    assert (body["from"], body["to"], len(body["bars"])) == ("2026-01-02T10:00:00Z", "2026-01-02T10:01:00Z", 1)


def test_a_known_symbol_without_data_in_the_range_is_an_empty_page(pipeline: Pipeline) -> None:
    deliver(pipeline, "a", [quote("1", "2", T0)])
    window = {"from": "2026-01-03T10:00:00Z", "to": "2026-01-03T11:00:00Z"}
    assert get("bars", **window)[1]["bars"] == []
    assert get("analytics", **window)[1]["analytics"] == []


@pytest.mark.parametrize("resource", ["bars", "analytics"])
def test_an_unknown_symbol_is_a_404_and_one_without_entitlement_a_403(resource: str, pipeline: Pipeline) -> None:
    assert get(resource, "NONE", **HOUR)[0] == 404
    status, body = get(resource, "OTHER", **HOUR)
    assert (status, body["error"]["code"]) == (403, "symbol_not_entitled")


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"interval": "2m"}, "interval"),
        ({"from": ""}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-01-02"}, "to"),
        ({"to": HOUR["from"]}, "from"),
        ({"to": "2026-03-02T10:00:00Z"}, "to"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "١"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": str(T0 + 1)}, "cursor"),
        ({"cursor": str(T0 - MINUTE)}, "cursor"),
        ({"page": "2"}, "page"),
    ],
)
def test_a_bad_parameter_is_a_400_with_its_name(change: dict[str, str], parameter: str, pipeline: Pipeline) -> None:
    status, body = get("bars", **{**HOUR, **change})
    assert (status, body["error"]["parameter"]) == (400, parameter)


def test_a_bad_symbol_is_a_400(pipeline: Pipeline) -> None:
    assert get("bars", "acme'; --", **HOUR)[0] == 400


@given(st.dictionaries(st.sampled_from(["interval", "from", "to", "limit", "cursor"]), st.text(max_size=30)), st.text())
def test_any_parameters_are_accepted_or_a_400(parameters: dict[str, str], symbol: str) -> None:
    try:
        requested = request.parse(symbol, parameters)
    except RequestError as error:
        if error.status != 400:
            raise
    else:
        assert requested.start_ns < requested.end_ns


def test_an_unencoded_plus_in_an_offset_is_understood() -> None:
    requested = request.parse("ACME", {"from": "2026-01-02T11:00:00 01:00", "to": "2026-01-02T10:01:00Z"})
    assert requested.start_ns == T0


def test_health_queries_the_database_once_in_a_while(app_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    databases: list[Database] = []

    def database() -> Database:
        databases.append(app_database)
        return app_database

    monkeypatch.setattr(query.handler, "_database", database)
    event = api_event("GET", "/health")
    event["requestContext"]["identity"] = {"apiKeyId": None}
    for _ in range(3):
        response = query.handler.handler(event, Context())
    assert (response["statusCode"], json.loads(response["body"])["status"]) == (200, "ok")
    assert len(databases) == 1


def test_without_a_database_health_is_503_and_so_are_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Database(lambda: Target("127.0.0.1", 1, "x", "x"), lambda _: "x")
    monkeypatch.setattr(query.handler, "_database", lambda: nowhere)
    health = query.handler.handler(api_event("GET", "/health"), Context())
    assert (health["statusCode"], health["headers"]["Retry-After"]) == (503, "5")
    status, body = get("bars", **HOUR)
    assert (status, body["error"]["code"]) == (503, "database_unavailable")


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database that accepts connections and does not answer, as Aurora while it resumes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = Target("127.0.0.1", server.getsockname()[1], "x", "x")
        silent = Database(lambda: target, lambda _: "x", timeout_seconds=2)  # psycopg's least
        monkeypatch.setattr(query.handler, "_database", lambda: silent)
        yield


@pytest.mark.slow
@pytest.mark.requirement("T-DB-5")
@pytest.mark.parametrize(("pauses", "level", "retry_after"), [("true", "WARNING", "15"), ("false", "ERROR", "5")])
def test_the_first_request_after_a_pause_is_a_503_that_says_when_to_come_back(
    pauses: str,
    level: str,
    retry_after: str,
    paused: None,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    """An error in the log causes an alert, so only a database that never pauses logs one."""
    monkeypatch.setenv("DB_PAUSES", pauses)
    event = api_event("GET", "/v1/bars/{symbol}", queryStringParameters=HOUR)
    event["pathParameters"] = {"symbol": "ACME"}
    response = query.handler.handler(event, Context())
    assert response["statusCode"] == 503
    assert json.loads(response["body"])["error"]["code"] == "database_unavailable"
    assert response["headers"]["Retry-After"] == retry_after
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["level"] for line in lines if "database" in str(line.get("message"))] == [level]


@pytest.mark.requirement("T-DB-5", "T-API-1")
def test_a_request_gives_up_a_paused_database_before_api_gateway_gives_up_the_function() -> None:
    """The kept connection may be dead first, and then the new one is not answered."""
    longest_seconds = DEAD_PEER_MILLISECONDS / 1000 + query.handler.CONNECT_TIMEOUT_SECONDS
    assert longest_seconds < 28


def test_a_lost_connection_is_replaced(
    app_database: Database, admin: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    """A failover, or a long freeze of the execution environment, ends the open connection without notice."""
    deliver(pipeline, "a", DAY)
    with app_database.connection() as connection:
        admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    assert get("bars", **HOUR)[0] == 200


@pytest.mark.requirement("T-DB-5")
def test_a_session_that_was_closed_because_it_was_idle_is_replaced(app_database: Database, pipeline: Pipeline) -> None:
    """The parameter group of a database that pauses asks for it. The words of PostgreSQL are those that alerts leave out."""
    deliver(pipeline, "a", DAY)
    with app_database.connection() as connection:
        connection.execute("SET idle_session_timeout = '20ms'")
        time.sleep(0.3)
        with pytest.raises(psycopg.errors.IdleSessionTimeout, match=EXPECTED):
            connection.execute("SELECT 1")
    assert get("bars", **HOUR)[0] == 200


def test_requests_share_one_connection_and_their_statements_are_prepared(
    app_database: Database, pipeline: Pipeline
) -> None:
    """After five executions psycopg prepares a statement; the plan of a page takes longer than the read."""
    deliver(pipeline, "a", DAY)
    with app_database.connection() as connection:
        first = connection.info.backend_pid
    for _ in range(7):
        assert get("bars", **HOUR)[0] == get("analytics", **HOUR)[0] == 200
    with app_database.connection() as connection:
        rows = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
        assert connection.info.backend_pid == first
    prepared = {text for (text,) in rows}
    for statement in ("WITH base AS", "WITH minutes AS", "ORDER BY minute_ns DESC LIMIT 1"):
        assert any(statement in text for text in prepared), statement


@pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux, on which Lambda runs, has TCP_USER_TIMEOUT"
)
def test_a_server_that_vanished_is_abandoned_within_seconds(app_database: Database) -> None:
    """After a failover during a freeze the old server does not answer; the kernel would retry for 15 minutes."""
    with app_database.connection() as connection, socket.socket(fileno=os.dup(connection.fileno())) as open_socket:
        limit = open_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert open_socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert 0 < limit <= 10_000, "API Gateway waits for 29 seconds"


@pytest.mark.parametrize("statement", ["_BARS", "_INTERVALS", "_LAST_CLOSE", "_HAS_DATA"])
def test_no_statement_reads_a_whole_table(statement: str, admin: psycopg.Connection[Any]) -> None:
    """With 100 symbols of 100 minutes each, PostgreSQL reads a page of one symbol through the primary keys alone."""
    for table, sums in (("bars_1m", "1, 1, 1, 1, 1, 1, 1, 0, 0, 0"), ("quote_stats_1m", "1, 1, 1, 1, 1, 1")):
        admin.execute(
            f"INSERT INTO trading.{table} SELECT 'S' || s, {T0} + m * {MINUTE}::bigint, {sums} "
            "FROM generate_series(1, 100) s, generate_series(1, 100) m"
        )
        admin.execute(f"ANALYZE trading.{table}")
    requested = request.parse("S7", {**HOUR, "interval": "5m"})
    parameters = {**query.reader._parameters(requested, 1000), "day": T0 - T0 % (1440 * MINUTE)}
    explain = b"EXPLAIN " + getattr(query.reader, statement)
    plan = "\n".join(row[0] for row in admin.execute(explain, parameters).fetchall())
    assert "_pkey" in plan
    assert "Seq Scan" not in plan, plan


def test_a_query_that_takes_too_long_is_a_503_that_says_so(app_database: Database, pipeline: Pipeline) -> None:
    def slow(connection: psycopg.Connection[Any], requested: request.PageRequest) -> Any:
        connection.execute("SET statement_timeout = 20")
        return connection.execute("SELECT pg_sleep(5)")

    with pytest.raises(RequestError, match="503 query_timeout"):
        query.handler._read_rows(request.parse("ACME", HOUR), slow)


def test_an_unknown_path_is_a_404() -> None:
    assert query.handler.handler(api_event("GET", "/v2/x"), Context())["statusCode"] == 404


def test_a_key_without_the_query_scope_is_rejected(dynamodb: FakeDynamoDB) -> None:
    dynamodb.tables["keys"]["key-1"] = entitlement(scopes=("ingest",))
    assert get("bars", **HOUR)[0] == 403
