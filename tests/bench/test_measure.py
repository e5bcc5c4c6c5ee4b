from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import CommandError
from bench.measure import call, interleave, medians, process


def test_subjects_take_turns_after_a_warm_up_that_does_not_count() -> None:
    order: list[str] = []

    def subject(name: str) -> Callable[[], float]:
        def run() -> float:
            order.append(name)
            return float(len(order))

        return run

    samples = interleave({"a": subject("a"), "b": subject("b")}, 2)
    assert "".join(order) == "ababab"
    assert samples == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_without_warm_up_the_first_run_counts() -> None:
    assert interleave({"a": lambda: 1.0}, 3, warm_up=False) == {"a": [1.0, 1.0, 1.0]}


def test_median_is_not_moved_by_one_slow_run() -> None:
    assert medians({"a": [1.0, 1.1, 90.0]}) == {"a": 1.1}


def test_process_is_timed_from_start_to_exit(tmp_path: Path) -> None:
    run = process(("-c", "import time, pathlib; time.sleep(0.2); pathlib.Path('done').touch()"), tmp_path)
    assert 0.2 <= run() < 10
    assert (tmp_path / "done").exists()


def test_process_keeps_its_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment forbade bytecode, each generation compiled all builders and seemed a quarter slower."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "own.py").write_text("X = 1\n")
    process(("-c", "import own"), tmp_path)()
    assert list((tmp_path / "__pycache__").glob("own.*.pyc"))


def test_process_that_fails_gives_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"exit code 3:\nno such thing") as error:
        process(("-c", "import sys; print('no such thing'); sys.exit(3)"), tmp_path)()
    assert error.value.exit_code == 3


def test_call_is_timed() -> None:
    calls: list[int] = []
    assert call(lambda: calls.append(1))() >= 0
    assert calls == [1]
