"""What the commands print and ask."""

from __future__ import annotations

import sys

from deploy.errors import UsageError


def say(line: str) -> None:
    """Print a result."""
    print(line, flush=True)


def progress(line: str) -> None:
    """Print to stderr, so that ``--json`` leaves stdout to the program that reads it."""
    print(line, file=sys.stderr, flush=True)


def confirm(question: str, answer: str, *, yes: bool) -> bool:
    """Ask the person to type the answer; with ``yes`` the person has answered already.

    Raises:
        UsageError: There is no terminal, so no person can answer, and ``yes`` is needed.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask at.", "Give --yes to confirm.")
    progress(question)
    try:
        typed = input(f"Type {answer} to continue: ")
    except EOFError:  # Ctrl-D
        typed = ""
    if typed.strip() == answer:
        return True
    progress("Not confirmed; nothing was done.")
    return False
