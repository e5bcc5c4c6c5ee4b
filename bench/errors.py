"""Errors that stop a bench. A missed goal is not one of them."""

from __future__ import annotations

from collections.abc import Sequence


class BenchError(Exception):
    """Base of all errors of the benches. The command line turns them into exit code 2."""


class CommandError(BenchError):
    """A measured command failed, so its time has no meaning."""

    def __init__(self, command: Sequence[str], exit_code: int, output: str) -> None:
        self.command = tuple(command)
        self.exit_code = exit_code
        self.output = output
        super().__init__(f"`{' '.join(command)}` ended with exit code {exit_code}:\n{output.strip()}")


class UnknownBenchError(BenchError):
    """The command line names a bench that is not in the table."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no bench is called {name}; the benches are: {', '.join(known)}")


class MissingReferenceError(BenchError):
    """Node.js or the reference of the review is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "the CDK's difference library is missing: install Node.js with npm, then `make bench-reference`"
        )
