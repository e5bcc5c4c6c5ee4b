"""The ratios that the bench of ingest computes, and the fairness of its reference."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bench import ingest, plain_ingest
from bench.errors import BenchError
from bench.rows import Settings

SETTINGS = Settings(repetitions=2)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "TRADES", 40)
    monkeypatch.setattr(ingest, "RECORDS", 80)


def fake_interleave(subjects: dict[str, Any], _repetitions: int, **_: Any) -> dict[str, list[float]]:
    """Seconds by subject: the two ways of validation, or the imports."""
    seconds = {"ingest": 1.0, "plain": 8.0} if "plain" in subjects else {"json": 0.05, "ingest and its decoder": 0.3}
    return {name: [seconds.get(name, 0.2)] for name in subjects}


def test_validation_is_a_ratio_to_the_plain_loop_and_imports_to_that_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "interleave", fake_interleave)
    sample, distinct, *imports = ingest.run(SETTINGS)
    assert (sample.value, sample.goal, distinct.goal) == (8, ingest.GOAL, None)
    assert sample.measured == "80 records/s"
    assert sample.reference == "plain Python: 10 records/s"
    values = {row.figure: row.value for row in imports}
    assert values["cold import of ingest"] == pytest.approx(4)
    assert values["cold import of ingest and its decoder"] == pytest.approx(6)
    functions = list((SETTINGS.project / "lambda_src").glob("*/handler.py"))
    assert len(values) == len(functions) + 1, "every function, and ingest again with its decoder"


def test_sides_that_differ_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    other: Any = SimpleNamespace(lines=b"", rejected=())
    with pytest.raises(BenchError, match="same lines"):
        ingest._validation("figure", ingest.sample(), lambda _: other, SETTINGS)


def test_both_batches_are_accepted_completely() -> None:
    for text, count in ((ingest.sample(), 80), (ingest.distinct(), 80)):
        lines, rejected = plain_ingest.validate_lines(text)
        assert (lines.count("\n"), rejected) == (count, [])
        assert ingest._validator(SETTINGS.project)(text).lines.decode() == lines
