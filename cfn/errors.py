"""What can be wrong with CloudFormation documents and parameter files, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class PlatformError(Exception):
    """A failure that the person at the keyboard can act upon.

    ``what`` says what is wrong, ``do`` what to do next; both are whole sentences.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(f"{what}{do}" if what.endswith("\n") else f"{what} {do}".strip())
        self.what = what
        self.do = do


class UsageError(PlatformError):
    """The command line or a file that it names is wrong; nothing was called."""

    exit_code = 2


class TemplateError(UsageError):
    """A committed template cannot be read or does not fit the others."""

    def __init__(self, file: str, what: str, do: str = "", *, line: int | None = None) -> None:
        place = f"{file}:{line}" if line else file
        super().__init__(f"{place}: {what}", do)
        self.file = file
        self.line = line


@dataclass(frozen=True)
class Fault:
    """One fault of a parameter file: where, what, and what to do about it."""

    file: str
    name: str
    what: str
    do: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.name}: {self.what} {self.do}".strip()


class ParameterError(UsageError):
    """A parameter file is wrong. All faults are told together."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        count = "one fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"The parameters have {count}; nothing was called:\n{lines}")
