"""Pieces as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cfn.text import visible
from review.formats.escape import code_span, fence, prose
from review.formats.pieces import Block, Item, Piece, Title, spans

INDENT = "  "


def as_markdown(pieces: Iterable[Piece]) -> str:
    """The pieces as Markdown. No text in them can be markup."""
    lists = _Lists()
    return "".join(f"{line}\n" for piece in pieces for line in lists.lines(piece))


@dataclass
class _Lists:
    """Nested lists, each indented by two spaces below its item, also where a depth is skipped.

    CommonMark reads an item that is indented by four spaces too many as a block of code.

    Attributes:
        depths: The depths of the items that the next piece may be below.
    """

    depths: list[int] = field(default_factory=list)

    def lines(self, piece: Piece) -> Iterator[str]:
        """The lines of one piece."""
        match piece:
            case Title(words):
                self.depths.clear()
                yield from ["", f"### {_inline(words)}", ""]
            case Item(depth, words):
                indent = self._indent_below(depth)
                self.depths.append(depth)
                yield f"{indent}- {_inline(words)}"
            case Block(depth, lines, is_diff):
                indent, shown = self._indent_below(depth), [visible(line) for line in lines]
                border = fence(shown)
                yield f"{indent}{border}{'diff' if is_diff else ''}"
                yield from (f"{indent}{line}" if line else "" for line in shown)
                yield f"{indent}{border}"
            case _:
                self.depths.clear()
                yield _inline(piece)

    def _indent_below(self, depth: int) -> str:
        """The indent of what is at a depth, below the items that are less deep."""
        while self.depths and self.depths[-1] >= depth:
            self.depths.pop()
        return INDENT * len(self.depths)


def _inline(words: str) -> str:
    """The words, with a space between two pieces of code that would be one."""
    line = ""
    for part, is_code in spans(words):
        shown = code_span(part) if is_code else prose(part)
        line += f" {shown}" if line.endswith("`") and shown.startswith("`") else shown
    return line.strip()  # spaces at the beginning would be a block of code, at the end a break
