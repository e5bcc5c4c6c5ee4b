"""The bench of queries measures correct answers, and the same rows on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from bench import query
from bench.errors import BenchError


class Bare:
    """A connection that records the statements that it executes."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, tuple[Any, ...]]] = []

    def execute(self, statement: str, parameters: tuple[Any, ...]) -> Bare:
        self.executed.append((statement, parameters))
        return self

    def fetchall(self) -> list[Any]:
        return []


def route(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": '"start"' * 200}


def test_both_sides_cycle_through_the_symbols_and_cover_the_same_minutes() -> None:
    bare = Bare()
    requests: list[dict[str, Any]] = []

    def recording(event: dict[str, Any]) -> dict[str, Any]:
        requests.append(event)
        return route(event)

    row = query.row(query.REQUESTED[0], recording, bare, 20)  # type: ignore[arg-type]
    assert [event["pathParameters"]["symbol"] for event in requests[1:]] == [
        symbol for _, (symbol, *_) in bare.executed
    ]
    begin, end = (int(requests[0]["queryStringParameters"][name]) for name in ("from", "to"))
    assert {parameters[1:] for _, parameters in bare.executed} == {(begin, end)}
    assert len(row.samples["asked"]) == len(row.samples["bare"]) == 20
    assert "p99" in row.measured


def test_a_wrong_answer_gives_no_figure() -> None:
    with pytest.raises(BenchError, match="answered by 404"):
        query.row(query.REQUESTED[0], lambda event: {"statusCode": 404, "body": ""}, Bare(), 2)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.requirement("T-DATA-4")
def test_every_request_is_answered_from_a_real_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few minutes of data the test is quick; the answers are complete."""
    monkeypatch.setattr(query, "_FILL", tuple(part.replace("9999", "299") for part in query._FILL))
    with query.filled() as (real, connection):
        for request in query.REQUESTED[::2]:
            assert query.row(request, real, connection, 2).value > 0
