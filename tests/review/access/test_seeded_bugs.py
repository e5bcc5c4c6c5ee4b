"""Each fault that is put into the engine makes the hand table or the tiny universe fail. Without that, both could be blind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import pytest

from tests.review.access.support.checks import tiny_fault, trap_fault
from tests.review.access.support.seeded_bugs import BUGS, Bug, clear_caches
from tests.review.access.support.tiny import pairs
from tests.review.access.support.traps import TRAPS

SAMPLE = BUGS[::4]
TINY_PAIRS = 2_500
Case = TypeVar("Case")


@pytest.fixture
def seeded(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    bug(monkeypatch)
    clear_caches()
    yield
    monkeypatch.undo()
    clear_caches()


def _is_noticed(check: Callable[[Case], str | None], cases: Iterable[Case]) -> bool:
    for case in cases:
        try:
            if check(case) is not None:
                return True
        except Exception:  # noqa: BLE001 -- a crash is noticed too
            return True
    return False


@pytest.mark.requirement("REV-2")
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("bug", SAMPLE, ids=lambda bug: bug.__name__)
def test_a_fault_of_the_sample_is_noticed(bug: Bug) -> None:
    assert _is_noticed(trap_fault, TRAPS) or _is_noticed(tiny_fault, pairs(300))


@pytest.mark.matrix
@pytest.mark.requirement("REV-2")
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_fault_is_noticed(bug: Bug) -> None:
    assert _is_noticed(trap_fault, TRAPS) or _is_noticed(tiny_fault, pairs(TINY_PAIRS))


def test_there_are_twenty_faults_and_more() -> None:
    assert len(BUGS) >= 20


def test_the_engine_without_a_fault_passes() -> None:
    assert not _is_noticed(trap_fault, TRAPS)
