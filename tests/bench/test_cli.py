from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import cli
from bench.errors import CommandError
from bench.registry import BENCHES, Bench
from bench.rows import Goal, Row, Settings
from tests.bench.support.rows import row


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the table of benches by benches that return rows at once."""

    def replace(**rows: list[Row]) -> None:
        def bench(name: str) -> Bench:
            return Bench(name, f"{name}?", lambda _settings: rows[name])

        monkeypatch.setattr(cli, "BENCHES", tuple(bench(name) for name in rows))

    return replace


def test_met_goals_exit_with_0_and_a_table(register: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    register(one=[row()], two=[row(value=7, goal=Goal(at_least=5), figure="longer figure"), row(goal=None)])
    assert cli.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["bench", "figure", "measured", "reference", "value", "goal"]
    assert lines[2].endswith("2x     <= 4  met")
    assert lines[3].endswith("7x     >= 5  met")
    assert lines[4].endswith("2x")
    assert lines[5] == "bench: 2 goals, all met"


def test_missed_goal_exits_with_1(register: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    register(one=[row(value=4.5)])
    assert cli.main([]) == 1
    out = capsys.readouterr().out
    assert "MISSED" in out
    assert out.endswith("bench: 1 goals, 1 missed\n")


def test_only_the_named_benches_run(register: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    register(one=[row(value=9)], two=[row()])
    assert cli.main(["two"]) == 0
    assert "one" not in capsys.readouterr().out


def test_unknown_bench_exits_with_2(register: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    register(one=[row()])
    assert cli.main(["three"]) == 2
    assert "no bench is called three; there are: one" in capsys.readouterr().err


def test_bench_that_cannot_run_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_settings: Settings) -> list[Row]:
        raise CommandError(("python", "-m", "gate"), 1, "a finding")

    monkeypatch.setattr(cli, "BENCHES", (Bench("one", "one?", run),))
    assert cli.main([]) == 2
    assert "`python -m gate` ended with exit code 1:\na finding" in capsys.readouterr().err


def test_json_holds_rows_and_samples(register: Callable[..., None], tmp_path: Path) -> None:
    register(one=[row(samples={"a": [1.0, 2.0]})])
    path = tmp_path / "out" / "bench.json"
    assert cli.main(["--json", str(path)]) == 0
    (written,) = json.loads(path.read_text())["rows"]
    assert (written["bench"], written["goal"], written["met"]) == ("one", "<= 4", True)
    assert written["samples"] == {"a": [1.0, 2.0]}


@pytest.mark.parametrize("arguments", [["--repetitions", "0"], ["--repetitions", "x"], ["--unknown"]])
def test_bad_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2


def test_names_of_benches_are_unique() -> None:
    assert len({bench.name for bench in BENCHES}) == len(BENCHES)
