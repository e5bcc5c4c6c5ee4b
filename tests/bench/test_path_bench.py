"""The path bench counts only complete batches: all records accepted, all trades in bars."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from bench import path
from bench.errors import BenchError


class FakeClient:
    """A client whose batch is accepted, and whose bars come in two steps."""

    def __init__(self, accepted: int = path.RECORDS) -> None:
        self.accepted, self.answers = accepted, [path.TRADES // 2, path.TRADES]
        self.posted: list[bytes] = []

    def call(self, method: str, url: str, **more: Any) -> Any:
        if method == "POST":
            self.posted.append(gzip.decompress(more["body"]))
            return SimpleNamespace(status=202, body=b"", json=lambda: {"accepted": self.accepted})
        trades = self.answers.pop(0)
        return SimpleNamespace(status=200, body=b"", json=lambda: {"bars": [{"trades": trades}]})


def test_batch_ends_when_its_bars_hold_all_trades() -> None:
    client = FakeClient()
    path.send_and_wait(client, "PATH1", b"x")  # type: ignore[arg-type]
    assert (client.posted, client.answers) == ([b"x"], [])


def test_batch_that_is_not_accepted_as_a_whole_is_no_figure() -> None:
    with pytest.raises(BenchError, match="answered by 202"):
        path.send_and_wait(FakeClient(accepted=1), "PATH1", b"x")  # type: ignore[arg-type]


def test_batches_differ_and_the_reference_makes_their_bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "TRADES", 60)
    symbol, body = path.batch(3)
    assert {json.loads(line)["symbol"] for line in body.splitlines()} == {symbol}
    assert path.batch(4)[1] != body
    source = tmp_path / "batch.ndjson"
    source.write_bytes(body)
    path._query_bare(source)
    bars = duckdb.execute(f"SELECT sum(trades), count(DISTINCT minute) = count(*) FROM '{tmp_path / 'batch.parquet'}'")
    assert bars.fetchall() == [(60, True)]
