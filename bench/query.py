"""Latency of bars and analytics with 100,000 bars in a real PostgreSQL, against bare SQL for the same rows.

The measured side is the function's whole work for a request, without Lambda's and Powertools' wrapping: parameters,
entitlement (cached), the query over the kept connection, the statistics, JSON. The reference fetches the rows behind the
answer with one plain SELECT through psycopg and the same kind of connection.
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
from bench.measure import interleave, medians, timed_call
from bench.rows import PROJECT, Goal, Row, Settings
from tests.lambda_src.support.postgres import Postgres, wheel_bin

if TYPE_CHECKING:
    import psycopg

SYMBOLS, MINUTES = 10, 10_000
MINUTE_NANOSECONDS = 60_000_000_000
FIRST_NANOSECONDS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
_FILL = (
    f"""
    INSERT INTO trading.bars_1m
    SELECT 'S' || s, {FIRST_NANOSECONDS} + m * 60000000000::bigint, 100 + m % 7, 102 + m % 7, 99 + m % 7,
        101 + (m * 7919) % 11 / 10.0, 1000 + m % 13, (1000 + m % 13) * (100.5 + m % 7), 20, 30.5, 0.3, 900
    FROM generate_series(0, {SYMBOLS - 1}) s, generate_series(0, {MINUTES - 1}) m
    """,
    f"""
    INSERT INTO trading.quote_stats_1m
    SELECT 'S' || s, {FIRST_NANOSECONDS} + m * 60000000000::bigint, 40, 60000000000, 1200000000, 12000000, 6000000000000, 100.25
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
class TimedQuery:
    """A request that the bench measures.

    Attributes:
        resource: bars or analytics.
        interval: The interval that the request asks for.
        minutes: The minutes that the request covers.
        items: The intervals that the answer must have.
        goal: The goal of the ratio.
        calls: How often each side answers in one repetition.
    """

    resource: str
    interval: str
    minutes: int
    items: int
    goal: Goal
    calls: int

    @property
    def name(self) -> str:
        """The figure in the table."""
        return f"{self.resource}, {self.items} × {self.interval}"


# A page of minutes is mostly work for Python (JSON, exact quotients). A page of days is work for the database, which sends
# fewer rows than it reads.
TIMED_QUERIES = (
    TimedQuery("bars", "1m", 200, 200, Goal(at_most=8), 40),
    TimedQuery("bars", "1d", MINUTES, 7, Goal(at_most=1), 20),
    TimedQuery("analytics", "1m", 200, 200, Goal(at_most=12), 40),
    TimedQuery("analytics", "1d", MINUTES, 7, Goal(at_most=2), 20),
)


def run(settings: Settings) -> list[Row]:
    """Measure for each query the median latency ÷ that of the bare SELECT, and show the 99th percentiles."""
    with filled_database() as (route, connection):
        return [measure(query, route, connection, settings.repetitions * query.calls) for query in TIMED_QUERIES]


def measure(query: TimedQuery, route: Any, connection: psycopg.Connection[Any], calls: int) -> Row:
    """Measure a query against its bare SELECT.

    Args:
        query: The query.
        route: The function's route.
        connection: A connection for the bare SELECT.
        calls: The number of samples of each side.

    Raises:
        BenchError: The answer is not the expected one.
    """
    events = [_event(query, f"S{number}") for number in range(SYMBOLS)]
    answer = route(events[0])
    if answer["statusCode"] != 200 or answer["body"].count('"start"') < query.items:
        raise BenchError(f"{query.name} was answered by {answer['statusCode']}: {answer['body'][:200]}")
    counts = {"function": 0, "bare": 0}

    def call_function() -> None:
        counts["function"] += 1
        route(events[counts["function"] % SYMBOLS])

    def select_bare() -> None:
        counts["bare"] += 1
        symbol = f"S{counts['bare'] % SYMBOLS}"
        connection.execute(_BARE[query.resource], (symbol, FIRST_NANOSECONDS, _end(query))).fetchall()

    samples = interleave({"function": timed_call(call_function), "bare": timed_call(select_bare)}, calls)
    times = medians(samples)
    return Row(
        figure=query.name,
        value=times["function"] / times["bare"],
        measured=_latency(samples["function"]),
        reference=f"bare SELECT of {query.minutes:,} minutes: {_latency(samples['bare'])}",
        goal=query.goal,
        samples=samples,
    )


def _latency(times: Sequence[float]) -> str:
    percentile_99 = statistics.quantiles(times, n=100)[98]
    return f"p50 {statistics.median(times) * 1e3:.1f} ms, p99 {percentile_99 * 1e3:.1f} ms"


def _end(query: TimedQuery) -> int:
    return FIRST_NANOSECONDS + query.minutes * MINUTE_NANOSECONDS


def _event(query: TimedQuery, symbol: str) -> dict[str, Any]:
    return {
        "httpMethod": "GET",
        "resource": f"/v1/{query.resource}/{{symbol}}",
        "pathParameters": {"symbol": symbol},
        "queryStringParameters": {
            "from": str(FIRST_NANOSECONDS),
            "to": str(_end(query)),
            "interval": query.interval,
            "limit": "1000",
        },
        "requestContext": {"identity": {"apiKeyId": "key"}},
    }


@contextmanager
def filled_database() -> Iterator[tuple[Any, psycopg.Connection[Any]]]:
    """Start a migrated, filled database, and yield the function's route on it and a bare connection of the same user."""
    sys.path.insert(0, str(PROJECT / "lambda_src"))  # as in Lambda
    database, entitlements, handler = map(import_module, ("common.database", "common.entitlements", "query.handler"))
    logger = import_module("common.observe").logger
    log_level = logger.log_level
    logger.setLevel("ERROR")
    server = Postgres(wheel_bin()).start()
    try:
        _prepare(server.dsn)
        target = database.Target("127.0.0.1", server.port, "trading", "trading_app")
        item = {"enabled": {"BOOL": True}, "scopes": {"SS": ["query"]}, "symbols": {"SS": ["*"]}}
        rights = entitlements.Entitlements(lambda _: item)
        with (
            mock.patch.dict(os.environ, PGSSLMODE="disable"),  # the wheel's PostgreSQL has no TLS
            closing(database.Database(lambda: target, lambda _: "x")) as shared_database,
            database.connect(target, "x") as bare,
            mock.patch.object(handler, "_database", return_value=shared_database),
            mock.patch.object(entitlements, "from_environment", return_value=rights),
        ):
            yield handler.route, bare
    finally:
        logger.setLevel(log_level)
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
