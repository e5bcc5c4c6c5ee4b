"""Latency of bars and analytics with 100,000 bars in a real PostgreSQL, against bare SQL of the same rows.

The measured side is everything that the function does with a request but for Lambda's and Powertools' wrapping: parameters,
entitlement (cached), the query over the kept connection, the statistics, JSON. The reference fetches the rows that the
answer rests on, with one plain SELECT through psycopg and the same kind of connection.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench.errors import BenchError
from bench.measure import call, interleave
from bench.rows import PROJECT, Goal, Row, Settings
from tests.lambda_src.postgres import Postgres, wheel_bin

if TYPE_CHECKING:
    import psycopg

SYMBOLS, MINUTES = 10, 10_000
FIRST_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
_FILL = (
    f"""
    INSERT INTO trading.bars_1m
    SELECT 'S' || s, {FIRST_NS} + m * 60000000000::bigint, 100 + m % 7, 102 + m % 7, 99 + m % 7,
        101 + (m * 7919) % 11 / 10.0, 1000 + m % 13, (1000 + m % 13) * (100.5 + m % 7), 20, 30.5, 0.3, 900
    FROM generate_series(0, {SYMBOLS - 1}) s, generate_series(0, {MINUTES - 1}) m
    """,
    f"""
    INSERT INTO trading.quote_stats_1m
    SELECT 'S' || s, {FIRST_NS} + m * 60000000000::bigint, 40, 60000000000, 1200000000, 12000000, 6000000000000, 100.25
    FROM generate_series(0, {SYMBOLS - 1}) s, generate_series(0, {MINUTES - 1}) m
    """,
    "VACUUM ANALYZE",
)
_BARE = {
    "bars": "SELECT * FROM trading.bars_1m WHERE symbol = %s AND minute_ns >= %s AND minute_ns < %s ORDER BY minute_ns",
    "analytics": "SELECT * FROM trading.bars_1m b JOIN trading.quote_stats_1m q USING (symbol, minute_ns)"
    " WHERE symbol = %s AND minute_ns >= %s AND minute_ns < %s ORDER BY minute_ns",
}


@dataclass(frozen=True)
class Request:
    """A request: how many minutes it covers, how many intervals it must answer, and how often it is made."""

    what: str
    interval: str
    minutes: int
    items: int
    goal: Goal
    often: int  # requests of each side for one repetition

    @property
    def name(self) -> str:
        return f"{self.what}, {self.items} × {self.interval}"


# A page of minutes is Python's work (JSON, exact quotients), a rolled-up one the database's: it sends less than it reads.
REQUESTED = (
    Request("bars", "1m", 200, 200, Goal(at_most=8), 40),
    Request("bars", "1d", MINUTES, 7, Goal(at_most=1), 20),
    Request("analytics", "1m", 200, 200, Goal(at_most=12), 40),
    Request("analytics", "1d", MINUTES, 7, Goal(at_most=2), 20),
)


def run(settings: Settings) -> list[Row]:
    """A row for each request: median latency ÷ that of the bare SELECT, with the 99th percentiles beside."""
    with filled() as (route, connection):
        return [row(request, route, connection, settings.repetitions * request.often) for request in REQUESTED]


def row(request: Request, route: Any, connection: psycopg.Connection[Any], requests: int) -> Row:
    """Measures one request against its bare SELECT; raises BenchError where the answer is not what it should be."""
    events = [_event(request, f"S{number}") for number in range(SYMBOLS)]
    answered = route(events[0])
    if answered["statusCode"] != 200 or answered["body"].count('"start"') < request.items:
        raise BenchError(f"{request.name} was answered by {answered['statusCode']}: {answered['body'][:200]}")
    turn = {"asked": 0, "bare": 0}

    def ask() -> None:
        turn["asked"] += 1
        route(events[turn["asked"] % SYMBOLS])

    def bare() -> None:
        turn["bare"] += 1
        parameters = (f"S{turn['bare'] % SYMBOLS}", FIRST_NS, FIRST_NS + request.minutes * 60_000_000_000)
        connection.execute(_BARE[request.what], parameters).fetchall()

    samples = interleave({"asked": call(ask), "bare": call(bare)}, requests)
    median = {name: statistics.median(times) for name, times in samples.items()}
    return Row(
        figure=request.name,
        value=median["asked"] / median["bare"],
        measured=_latency(samples["asked"]),
        reference=f"bare SELECT of {request.minutes:,} minutes: {_latency(samples['bare'])}",
        goal=request.goal,
        samples=samples,
    )


def _latency(times: Sequence[float]) -> str:
    last = statistics.quantiles(times, n=100)[98]
    return f"p50 {statistics.median(times) * 1e3:.1f} ms, p99 {last * 1e3:.1f} ms"


def _event(request: Request, symbol: str) -> dict[str, Any]:
    end = FIRST_NS + request.minutes * 60_000_000_000
    return {
        "httpMethod": "GET",
        "resource": f"/v1/{request.what}/{{symbol}}",
        "pathParameters": {"symbol": symbol},
        "queryStringParameters": {
            "from": str(FIRST_NS), "to": str(end), "interval": request.interval, "limit": "1000"
        },
        "requestContext": {"identity": {"apiKeyId": "key"}},
    }  # fmt: skip


@contextmanager
def filled() -> Iterator[tuple[Any, psycopg.Connection[Any]]]:
    """The function's route on a migrated, filled database, and a bare connection of the same user."""
    sys.path.insert(0, str(PROJECT / "lambda_src"))  # as Lambda has it
    database, entitlements, handler = map(import_module, ("common.database", "common.entitlements", "query.handler"))
    logger = import_module("common.observe").logger
    level = logger.log_level
    logger.setLevel("ERROR")
    server = Postgres(wheel_bin()).start()
    try:
        _prepare(server.dsn)
        target = database.Target("127.0.0.1", server.port, "trading", "trading_app")
        item = {"enabled": {"BOOL": True}, "scopes": {"SS": ["query"]}, "symbols": {"SS": ["*"]}}
        rights = entitlements.Entitlements(lambda _: item)
        with (
            mock.patch.dict(os.environ, PGSSLMODE="disable"),  # the wheel's PostgreSQL has no TLS
            closing(database.Database(lambda: target, lambda _: "x")) as kept,
            database.connect(target, "x") as bare,
            mock.patch.object(handler, "_database", return_value=kept),
            mock.patch.object(handler, "_entitlements", return_value=rights),
        ):
            yield handler.route, bare
    finally:
        logger.setLevel(level)
        server.stop()


def _prepare(dsn: str) -> None:
    import psycopg

    migrations, roles = map(import_module, ("migrate.migrations", "migrate.roles"))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE rds_iam")
        connection.execute("CREATE DATABASE trading")
    with psycopg.connect(dsn, dbname="trading", autocommit=True) as connection:
        with migrations.migration_lock(connection):
            migrations.migrate(connection, migrations.load())
            roles.ensure_roles(connection, "trading_app", "trading_analyst")
        for statement in _FILL:
            connection.execute(statement.encode())
