"""``GET /v1/bars/{symbol}``, ``GET /v1/analytics/{symbol}`` and the open ``GET /health``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from common import entitlements, rest, schema
from common.database import Database, Target, session_options
from common.errors import DatabaseUnavailableError, RequestError
from common.observe import observed

from . import reader, request

if TYPE_CHECKING:
    import psycopg

STATEMENT_TIMEOUT_MILLISECONDS = 15_000
CONNECT_TIMEOUT_SECONDS = 5
HEALTH_CACHE_SECONDS = 5.0
ReadPage = Callable[["psycopg.Connection[Any]", request.PageRequest], reader.Page]


@dataclass
class _Health:
    """The last answer of /health, kept for some seconds, because the path is open to anybody and must stay cheap."""

    checked_at: float = float("-inf")
    healthy: bool = False


_health = _Health()


@cache
def _database() -> Database:
    options = session_options(statement_timeout=STATEMENT_TIMEOUT_MILLISECONDS, default_transaction_read_only="on")
    return Database(lambda: Target.from_environment(options), timeout_seconds=CONNECT_TIMEOUT_SECONDS)


@observed
def handler(event: dict[str, Any], context: Any) -> rest.Response:
    """Entry point of the Lambda function."""
    return rest.guarded(route, event)


def route(event: dict[str, Any]) -> rest.Response:
    """Serve one request. Raises RequestError and DatabaseUnavailableError."""
    resource = str(event.get("resource") or event.get("path") or "")
    if resource.endswith("/health"):
        return health()
    if "/v1/bars/" in resource:
        return _page(event, "bars", reader.read_bars)
    if "/v1/analytics/" in resource:
        return _page(event, "analytics", reader.read_analytics)
    raise RequestError(404, "unknown_path", "There is no such path")


def health() -> rest.Response:
    """200 while the database answers, 503 otherwise. The check resumes a paused database."""
    now = time.time()  # a monotonic clock may stop while the environment is frozen
    if not 0 <= now - _health.checked_at < HEALTH_CACHE_SECONDS:
        _health.healthy, _health.checked_at = _database_answers(), now
    state = "ok" if _health.healthy else "unavailable"
    body = {"status": state, "checks": {"database": state}}
    if _health.healthy:
        return rest.answer(200, body)
    return rest.answer(503, body, {"Retry-After": str(rest.RETRY_SECONDS)})


def _database_answers() -> bool:
    try:
        with _database().connection() as connection:
            connection.execute("SELECT 1")
    except DatabaseUnavailableError as error:
        rest.report_unavailable(error)
        return False
    return True


def _page(event: dict[str, Any], name: str, read_page: ReadPage) -> rest.Response:
    entitlement = entitlements.from_environment().require(rest.api_key_id(event), "query")
    page = request.parse(rest.path_parameter(event, "symbol"), rest.query_parameters(event))
    if not entitlement.allows(page.symbol):
        raise RequestError(403, "symbol_not_entitled", f"This API key may not read {page.symbol}")
    items, next_start_ns = _read_rows(page, read_page)
    body = {
        "symbol": page.symbol,
        "interval": page.interval,
        "from": schema.format_timestamp(page.start_ns),
        "to": schema.format_timestamp(page.end_ns),
        name: items,
        "nextCursor": None if next_start_ns is None else str(next_start_ns),
    }
    return rest.answer(200, body)


def _read_rows(page: request.PageRequest, read_page: ReadPage) -> reader.Page:
    import psycopg

    try:
        with _database().connection() as connection:
            items, next_start_ns = read_page(connection, page)
            if not items and next_start_ns is None and not reader.has_data(connection, page.symbol):
                raise RequestError(404, "unknown_symbol", f"There is no data of {page.symbol}")
    except DatabaseUnavailableError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise RequestError(503, "query_timeout", "The query took too long; ask for a shorter range") from None
        raise
    return items, next_start_ns
