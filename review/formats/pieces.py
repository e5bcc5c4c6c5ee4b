"""What a review is made of, whatever the medium."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from cfn.text import visible

# Marks of code within words. A template cannot have them, because it cannot know the number.
_NUMBER = secrets.token_hex(8)
_START, _END = f"\x96{_NUMBER}", f"\x97{_NUMBER}"
_CODE = re.compile(f"{_START}(.*?){_END}")


@dataclass(frozen=True)
class Title:
    """The title of a chapter."""

    words: str


@dataclass(frozen=True)
class Item:
    """One line of a list; an item of a greater depth is below the item before it."""

    depth: int
    words: str


@dataclass(frozen=True)
class Block:
    """Lines below an item, each as it is.

    Attributes:
        is_diff: Whether the first character of each line is the sign of a unified diff.
    """

    depth: int
    lines: tuple[str, ...]
    is_diff: bool = False


Piece = str | Title | Item | Block
"""A piece of a review; a text is a line of a paragraph. Words may have ``code`` in them."""


def code(words: str) -> str:
    """Words that a reader takes literally, such as a value or a type, for use within other words."""
    return f"{_START}{visible(words)}{_END}" if words else ""


def spans(words: str) -> Iterator[tuple[str, bool]]:
    """The parts of words, each with whether it is code."""
    for index, part in enumerate(_CODE.split(words)):
        if part:
            yield part, index % 2 == 1
