"""Pieces as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cfn.text import visible
from review.formats.pieces import Block, Item, Piece, Title, spans

INDENT = "  "


def as_text(pieces: Iterable[Piece]) -> str:
    """The pieces as text. A character that a terminal would not show as itself is escaped."""
    return "".join(f"{indent}{visible(line)}\n" for piece in pieces for indent, line in _lines(piece))


def _lines(piece: Piece) -> Iterator[tuple[str, str]]:
    match piece:
        case Title(words):
            title = visible(_plain(words))
            yield from [("", ""), ("", title), ("", "-" * len(title))]
        case Item(depth, words):
            yield INDENT * depth, _plain(words)
        case Block(depth, lines):
            yield from ((INDENT * depth if line else "", line) for line in lines)
        case _:
            yield "", _plain(piece)


def _plain(words: str) -> str:
    return "".join(part for part, _ in spans(words))
