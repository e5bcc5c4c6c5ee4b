"""Scripts, such as an instance's user data, as lines, and those that change with a reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfn.marks import state_of, unmarked
from cfn.text import is_joined_text, part_text, readable


def value_text(value: Any) -> str | None:
    """The text of a value that may carry marks; None for a value that is not a text."""
    return readable(unmarked(value))


def is_script(value: Any) -> bool:
    """Whether the value is a text of several lines."""
    text = value_text(value)
    return text is not None and "\n" in text.rstrip("\n")


def flowing_lines(value: Any) -> str | None:
    """The lines of a script that hold a mark, so change with what they refer to; None for other values."""
    if not is_script(value):
        return None
    lines: list[list[Any]] = [[]]
    for part in _parts(value):
        if isinstance(part, str):
            first, *following = part.split("\n")
            lines[-1].append(first)
            lines += [[other] for other in following]
        else:
            lines[-1].append(part)
    texts = ["".join(part_text(unmarked(part)) for part in line) for line in lines if any(map(state_of, line))]
    return "\n".join(texts)


def _parts(value: Any) -> Iterator[Any]:
    """The parts of a joined text, with their marks."""
    if isinstance(value, dict) and "Fn::Base64" in value:
        yield from _parts(value["Fn::Base64"])
    elif is_joined_text(value):
        yield from value["Fn::Join"][1]
    else:
        yield value
