"""What stops a bench, as opposed to a goal that is missed."""

from __future__ import annotations

from collections.abc import Sequence


class BenchError(Exception):
    """Base of all faults of the benches; the command line turns them into exit code 2."""


class CommandError(BenchError):
    """A measured command failed, so its time means nothing."""

    def __init__(self, command: Sequence[str], exit_code: int, output: str) -> None:
        self.command = tuple(command)
        self.exit_code = exit_code
        self.output = output
        super().__init__(f"`{' '.join(command)}` ended with exit code {exit_code}:\n{output.strip()}")


class UnknownBenchError(BenchError):
    """A bench was asked for that is not in the table."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no bench is called {name}; there are: {', '.join(known)}")
