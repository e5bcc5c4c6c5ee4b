"""Splits a SQL file into statements, because MySQL accepts one at a time and commits each schema change implicitly."""

from __future__ import annotations

import re
from collections.abc import Iterator

# In this order: text in quotes (a quote inside is doubled or escaped), comments, the end of a statement.
_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`(?:[^`]|``)*`)"""
    r"""|(?P<comment>--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*(?!!).*?\*/)"""
    r"""|(?P<end>;)"""
    r"""|(?P<open>['"`]|/\*)"""
    r"""|(?P<other>[^'"`#;/-]+|.)""",
    re.DOTALL,
)
_STORED_PROGRAM = re.compile(
    r"DELIMITER\b|CREATE\s+(OR\s+REPLACE\s+)?(DEFINER\s*=\s*\S+\s+)?(AGGREGATE\s+)?(PROCEDURE|FUNCTION|TRIGGER|EVENT)\b",
    re.IGNORECASE,
)


def split(text: str) -> tuple[str, ...]:
    """The statements of a file, without comments. Raises ValueError for an unfinished quote or comment.

    It also raises ValueError for stored programs, which have semicolons of their own, and for the client's DELIMITER.
    """
    statements = tuple(statement for statement in map(str.strip, _pieces(text)) if statement)
    for statement in statements:
        if _STORED_PROGRAM.match(statement):
            raise ValueError(f"stored programs are not supported: {statement.split(maxsplit=1)[0]} …")
    return statements


def _pieces(text: str) -> Iterator[str]:
    parts: list[str] = []
    for match in _TOKEN.finditer(text):
        if match["open"]:
            line = text.count("\n", 0, match.start()) + 1
            raise ValueError(f"{match.group()} in line {line} has no end, or is an executable comment")
        if match["end"]:
            yield "".join(parts)
            parts = []
        else:
            parts.append(" " if match["comment"] else match.group())
    yield "".join(parts)
