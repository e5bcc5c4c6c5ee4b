from __future__ import annotations

import pytest

from bench.rows import Goal
from tests.bench.support.rows import row


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal(at_most=4), 3.9, True),
        (Goal(at_most=4), 4.0, True),
        (Goal(at_most=4), 4.1, False),
        (Goal(at_least=5), 5.0, True),
        (Goal(at_least=5), 4.9, False),
        (Goal(at_least=0), 0.0, True),
        (Goal(at_most=4), float("nan"), False),
    ],
)
def test_goal_includes_its_bound(goal: Goal, value: float, met: bool) -> None:
    assert goal.is_met(value) is met


@pytest.mark.parametrize("bounds", [{}, {"at_most": 1, "at_least": 1}])
def test_goal_has_exactly_one_bound(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="either"):
        Goal(**bounds)


def test_row_without_goal_misses_no_goal() -> None:
    assert row(value=1e9, goal=None).is_met
