"""Signals to a resource of a stack (SignalResource), for which CreationPolicy and rolling updates wait."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local.ministack.internals import emulator_module, require

_wait_conditions = emulator_module("services.cloudformation.wait_conditions")

_DURATION = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$")


def seconds_of(duration: str) -> int:
    """Return an ISO 8601 duration of the form PT#H#M#S in seconds. Raises ValueError for another form."""
    match = _DURATION.match(duration)
    if match is None or not any(match.groups()):
        raise ValueError(f"{duration!r} is no duration of the form PT#H#M#S")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


@dataclass(frozen=True)
class Signals:
    """The signals that one resource gets while its stack operation runs.

    Attributes:
        token: the emulator's key of the resource's signals.
    """

    token: str

    def received(self) -> dict[str, bool]:
        """Return whether each signal was SUCCESS, by unique id."""
        with _wait_conditions._lock:
            entries = dict(_wait_conditions._handles.get(self.token, {}).get("signals", {}))
        return {identifier: signal["Status"] == "SUCCESS" for identifier, signal in entries.items()}

    def wait(self, expected: set[str], percent: int, seconds: float, is_over: Callable[[], bool]) -> None:
        """Wait until enough instances have signalled SUCCESS.

        Args:
            expected: the ids of the instances.
            percent: how many of them must succeed.
            seconds: how long to wait.
            is_over: returns whether no more signals can come.

        Raises:
            ValueError: Too many instances failed, or signals are missing; in CloudFormation's words.
        """
        deadline = time.monotonic() + seconds
        while True:
            over = is_over()
            answers = {key: is_success for key, is_success in self.received().items() if key in expected}
            if len(answers) == len(expected):
                if sum(answers.values()) * 100 >= percent * len(expected):
                    return
                failures = len(expected) - sum(answers.values())
                raise ValueError(
                    f"Received {failures} FAILURE signal(s) out of {len(expected)}. Unable to satisfy {percent}% "
                    "MinSuccessfulInstancesPercent requirement"
                )
            if over or time.monotonic() > deadline:
                missing = len(expected) - len(answers)
                raise ValueError(f"Failed to receive {missing} resource signal(s) within the specified duration")
            time.sleep(0.05)


@contextmanager
def listening(stack_id: str, stack_name: str, logical_id: str, resource_type: str) -> Iterator[Signals]:
    """Accept signals for a resource. Outside of the block SignalResource reports that the resource waits for none."""
    require(_wait_conditions, "register_slot", "_waiting", "_handles", "_lock")
    token = _wait_conditions.register_slot(stack_id)
    key = (stack_id, logical_id)
    with _wait_conditions._lock:
        _wait_conditions._waiting[key] = {"token": token, "stack_name": stack_name, "resource_type": resource_type}
    try:
        yield Signals(token)
    finally:
        with _wait_conditions._lock:
            _wait_conditions._waiting.pop(key, None)
            _wait_conditions._handles.pop(token, None)
