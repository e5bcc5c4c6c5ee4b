"""Errors of documents, and the root of all errors that a person can act upon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cfn.text import visible


class ActionableError(Exception):
    """A failure that the person at the terminal can act upon.

    Attributes:
        what: What is wrong, in whole sentences.
        do: What to do next, in whole sentences; empty where the failure leaves nothing to do.
        exit_code: The exit code of a command that ends with this error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(f"{what}{do}" if what.endswith("\n") else f"{what} {do}".strip())
        self.what = what
        self.do = do


class DocumentError(ActionableError):
    """A template or a parameter file is wrong; nothing was called."""

    exit_code = 2


class TemplateError(DocumentError):
    """A committed template cannot be read or does not fit the others."""

    def __init__(self, file: str, what: str, do: str = "", *, line: int | None = None) -> None:
        place = f"{file}:{line}" if line else file
        super().__init__(f"{place}: {what}", do)
        self.file = file
        self.line = line


@dataclass(frozen=True)
class Fault:
    """One fault of a parameter file. Its text is one line, whatever the file has.

    Attributes:
        file: The path as messages show it.
        name: The parameter, tag, section or rule.
        what: What is wrong.
        do: What to do about it.
        line: The line in the file, if the fault has one.
    """

    file: str
    name: str
    what: str
    do: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return visible(f"{place}: {self.name}: {self.what} {self.do}".strip())


class ParameterError(DocumentError):
    """A parameter file is wrong; the message lists all faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        count = "one fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"The parameters have {count}; nothing was called:\n{lines}")
