"""Cron expressions of scheduled actions."""

from __future__ import annotations

import datetime as dt

import pytest

from local.web.schedule import is_due


@pytest.mark.parametrize(
    ("recurrence", "moment", "expected"),
    [
        ("0 8 * * 1-5", dt.datetime(2026, 11, 27, 8, 0), True),  # a Friday
        ("0 8 * * 1-5", dt.datetime(2026, 11, 28, 8, 0), False),
        ("0 8 * * 1-5", dt.datetime(2026, 11, 27, 8, 1), False),
        ("*/15 * * * *", dt.datetime(2026, 11, 27, 3, 45), True),
        ("0 0 1,15 * *", dt.datetime(2026, 11, 15, 0, 0), True),
        ("0 0 * * 7", dt.datetime(2026, 11, 29, 0, 0), True),  # a Sunday
        ("every day", dt.datetime(2026, 11, 29, 0, 0), False),
    ],
)
def test_an_action_is_due_in_the_minutes_of_its_expression(
    recurrence: str, moment: dt.datetime, expected: bool
) -> None:
    assert is_due(recurrence, moment) is expected
