"""Rows for tests that measure nothing."""

from __future__ import annotations

from typing import Any

from bench.rows import Goal, Row


def row(value: float = 2.0, goal: Goal | None = Goal(at_most=4), **values: Any) -> Row:  # noqa: B008 - frozen
    """Return a row with defaults for all fields."""
    defaults: dict[str, Any] = {"figure": "a figure", "measured": "2.00 s", "reference": "other: 1.00 s"}
    return Row(value=value, goal=goal, **{**defaults, **values})
