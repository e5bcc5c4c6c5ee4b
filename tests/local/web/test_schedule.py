"""Cron expressions of scheduled actions."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from local.host.project import PROJECT


@pytest.fixture(scope="module")
def is_due() -> Callable[[str, dt.datetime], bool]:
    """From the source, because to import the module imports ministack."""
    tree = ast.parse((PROJECT / "local" / "web" / "schedule.py").read_text(encoding="utf-8"))
    wanted = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in ("is_due", "_names")]
    names: dict[str, Any] = {"dt": dt}
    exec(compile(ast.Module(wanted, []), "schedule.py", "exec"), names)
    due: Callable[[str, dt.datetime], bool] = names["is_due"]
    return due


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
    is_due: Callable[[str, dt.datetime], bool], recurrence: str, moment: dt.datetime, expected: bool
) -> None:
    assert is_due(recurrence, moment) is expected
