"""Measures times in turn.

A subject is a function that does something and returns the seconds that it took.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.errors import CommandError

Samples = dict[str, list[float]]


def interleave(subjects: Mapping[str, Callable[[], float]], repetitions: int, *, warm_up: bool = True) -> Samples:
    """Measure all subjects in turn, A B A B …, so that other work of the machine affects all of them alike.

    Args:
        subjects: The subjects by name.
        repetitions: The number of samples of each.
        warm_up: Whether each subject first runs once without being measured, which fills the page cache and writes bytecode.
    """
    if warm_up:
        for subject in subjects.values():
            subject()
    samples: Samples = {name: [] for name in subjects}
    for _ in range(repetitions):
        for name, subject in subjects.items():
            samples[name].append(subject())
    return samples


def timed_process(arguments: Sequence[str], cwd: Path) -> Callable[[], float]:
    """A subject: the wall time of a whole Python process, from start to exit. See ``timed_command``."""
    return timed_command((sys.executable, *arguments), cwd)


def timed_command(line: Sequence[str], cwd: Path) -> Callable[[], float]:
    """A subject: the wall time of a command, from start to exit.

    Python writes its bytecode as usual, even if the environment forbids it. The image of a container often does. Then the
    packages are compiled and the project's sources are not, which would falsify each ratio between the two.

    The subject raises CommandError if the exit code is not 0.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> float:
        started_at = time.perf_counter()
        result = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started_at
        if result.returncode != 0:
            shown = ["python" if part == sys.executable else part for part in line]
            raise CommandError(shown, result.returncode, result.stdout + result.stderr)
        return seconds

    return run


def timed_call(function: Callable[[], object]) -> Callable[[], float]:
    """A subject: the time of one call in this process."""

    def run() -> float:
        started_at = time.perf_counter()
        function()
        return time.perf_counter() - started_at

    return run


def medians(samples: Samples) -> dict[str, float]:
    """The median of each subject's samples."""
    return {name: statistics.median(values) for name, values in samples.items()}
