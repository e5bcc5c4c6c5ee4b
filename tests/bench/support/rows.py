"""Rows for tests that need some without a measurement."""

from __future__ import annotations

from typing import Any

from bench.rows import Goal, Row


def row(value: float = 2.0, goal: Goal | None = Goal(at_most=4), **values: Any) -> Row:  # noqa: B008 - frozen
    """A row in which every value has a default."""
    defaults: dict[str, Any] = {"figure": "a figure", "measured": "2.00 s", "reference": "other: 1.00 s"}
    return Row(value=value, goal=goal, **{**defaults, **values})
