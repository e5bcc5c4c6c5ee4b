"""What the commands print and ask."""

from __future__ import annotations

import sys

from cfn.text import visible, visible_lines
from deploy.errors import UsageError


def say(text: str) -> None:
    """Print a result. No text of a template or of AWS reaches the terminal as anything but text."""
    print(visible_lines(text), flush=True)


def say_value(value: str) -> None:
    """Print one value: exact for a program that reads it, harmless for a terminal."""
    print(visible(value) if sys.stdout.isatty() else value, flush=True)


def progress(text: str) -> None:
    """Print to stderr, so that ``--json`` leaves stdout to the program that reads it."""
    print(visible_lines(text), file=sys.stderr, flush=True)


def confirm(question: str, answer: str, *, yes: bool, otherwise: str = "Give --yes to confirm.") -> bool:
    """Ask the person to type the answer.

    Args:
        question: The question.
        answer: What confirms it.
        yes: Whether the person has confirmed it on the command line.
        otherwise: What to do without a terminal.

    Raises:
        UsageError: There is no terminal, so no person can answer.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask at.", otherwise)
    progress(question)
    try:
        typed = input(f"Type {answer} to continue: ")
    except EOFError:  # Ctrl-D
        typed = ""
    if typed.strip() == answer:
        return True
    progress("Not confirmed; nothing was done.")
    return False
