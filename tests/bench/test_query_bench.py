"""The query bench measures correct answers, and the same rows on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from bench import query
from bench.errors import BenchError


class FakeConnection:
    """A connection that records its statements."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def execute(self, statement: str, parameters: tuple[Any, ...]) -> FakeConnection:
        self.statements.append((statement, parameters))
        return self

    def fetchall(self) -> list[Any]:
        return []


def route(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": '"start"' * 200}


def test_both_sides_take_the_symbols_in_turn_and_cover_the_same_minutes() -> None:
    connection = FakeConnection()
    events: list[dict[str, Any]] = []

    def recording_route(event: dict[str, Any]) -> dict[str, Any]:
        events.append(event)
        return route(event)

    row = query.measure(query.TIMED_QUERIES[0], recording_route, connection, 20)  # type: ignore[arg-type]
    assert [event["pathParameters"]["symbol"] for event in events[1:]] == [
        symbol for _, (symbol, *_) in connection.statements
    ]
    begin, end = (int(events[0]["queryStringParameters"][name]) for name in ("from", "to"))
    assert {parameters[1:] for _, parameters in connection.statements} == {(begin, end)}
    assert len(row.samples["function"]) == len(row.samples["bare"]) == 20
    assert "p99" in row.measured


def test_wrong_answer_is_no_figure() -> None:
    with pytest.raises(BenchError, match="answered by 404"):
        query.measure(query.TIMED_QUERIES[0], lambda event: {"statusCode": 404, "body": ""}, FakeConnection(), 2)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.requirement("T-DATA-4")
def test_queries_are_answered_from_a_real_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few minutes of data, so that the test is quick. The answers are complete."""
    monkeypatch.setattr(query, "_FILL", tuple(part.replace("9999", "299") for part in query._FILL))
    with query.filled_database() as (real_route, connection):
        for timed_query in query.TIMED_QUERIES[::2]:
            assert query.measure(timed_query, real_route, connection, 2).value > 0
