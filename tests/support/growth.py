"""How the CPU time of a function grows, as a ratio within one process: no machine is too slow for such a test."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 3  # the fastest of them counts: another process can only slow a round down


def cpu_ratio(numerator: Callable[[], object], denominator: Callable[[], object]) -> float:
    """The CPU time of one call divided by that of another."""
    rounds = [(_cpu_seconds(numerator), _cpu_seconds(denominator)) for _ in range(ROUNDS)]
    return min(seconds for seconds, _ in rounds) / min(seconds for _, seconds in rounds)


def _cpu_seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started
