"""What the query bench measures is what it says: right answers, and the same rows on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from bench import query
from bench.errors import BenchError


class Bare:
    """A connection that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    def execute(self, statement: str, parameters: tuple[Any, ...]) -> Bare:
        self.asked.append((statement, parameters))
        return self

    def fetchall(self) -> list[Any]:
        return []


def route(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": '"start"' * 200}


def test_both_sides_go_round_the_symbols_and_cover_the_same_minutes() -> None:
    bare = Bare()
    asked: list[dict[str, Any]] = []

    def noting(event: dict[str, Any]) -> dict[str, Any]:
        asked.append(event)
        return route(event)

    row = query.row(query.REQUESTED[0], noting, bare, 20)  # type: ignore[arg-type]
    assert [event["pathParameters"]["symbol"] for event in asked[1:]] == [symbol for _, (symbol, *_) in bare.asked]
    begin, end = (int(asked[0]["queryStringParameters"][name]) for name in ("from", "to"))
    assert {parameters[1:] for _, parameters in bare.asked} == {(begin, end)}
    assert len(row.samples["asked"]) == len(row.samples["bare"]) == 20
    assert "p99" in row.measured


def test_a_wrong_answer_is_no_figure() -> None:
    with pytest.raises(BenchError, match="answered by 404"):
        query.row(query.REQUESTED[0], lambda event: {"statusCode": 404, "body": ""}, Bare(), 2)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.requirement("T-DATA-4")
def test_every_request_is_answered_from_a_real_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few minutes, so that it is quick; the answers are whole."""
    monkeypatch.setattr(query, "_FILL", tuple(part.replace("9999", "299") for part in query._FILL))
    with query.filled() as (real, connection):
        for request in query.REQUESTED[::2]:
            assert query.row(request, real, connection, 2).value > 0
