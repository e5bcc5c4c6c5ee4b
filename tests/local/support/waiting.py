"""Waiting for what the embedded AWS does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(check: Callable[[], Any], within_seconds: float = 15) -> Any:
    """Return the first true result of ``check``; fail with the last result when the time is over."""
    deadline = time.monotonic() + within_seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not within {within_seconds} s: {result!r}"
        time.sleep(0.1)
    return result
