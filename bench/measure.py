"""Times, taken in turn."""

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
    """Seconds of each subject, A B A B …, so that whatever else the machine does falls on all of them alike.

    With `warm_up` each subject runs once before, unmeasured: files come into the page cache, bytecode is written.
    """
    if warm_up:
        for subject in subjects.values():
            subject()
    samples: Samples = {name: [] for name in subjects}
    for _ in range(repetitions):
        for name, subject in subjects.items():
            samples[name].append(subject())
    return samples


def process(arguments: Sequence[str], cwd: Path) -> Callable[[], float]:
    """A subject: the wall time in seconds of a whole Python process, from start to exit; see `command`."""
    return command((sys.executable, *arguments), cwd)


def command(line: Sequence[str], cwd: Path) -> Callable[[], float]:
    """A subject: the wall time in seconds of a command, from start to exit.

    Python keeps its bytecode, as everyone's does, also where the environment says otherwise: a container's image often does,
    and then the packages come compiled and our own sources do not, which no ratio between the two survives.

    Calling it raises CommandError where the process does not end with 0.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> float:
        started = time.perf_counter()
        done = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            shown = ["python" if part == sys.executable else part for part in line]
            raise CommandError(shown, done.returncode, done.stdout + done.stderr)
        return seconds

    return run


def call(function: Callable[[], object]) -> Callable[[], float]:
    """A subject: the seconds of one call in this process."""

    def run() -> float:
        started = time.perf_counter()
        function()
        return time.perf_counter() - started

    return run


def medians(samples: Samples) -> dict[str, float]:
    """The median of each subject's samples."""
    return {name: statistics.median(values) for name, values in samples.items()}
