"""Reads Markdown as CommonMark does, as far as a review uses it: paragraphs, titles, nested lists, code.

Everything that could be markup beside these is an error. https://spec.commonmark.org/0.31.2/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ITEM = re.compile(r"( *)- (.*)")
OPENING = re.compile(r"( *)(`{3,})(\w*)")
BACKTICKS = re.compile("`+")
HARMLESS = re.compile(r"""(?:[^\W_]|[ \-/'"(),.;:!?…]|(?<![^ ])->(?![^ ]))*""")
LIST = re.compile(r"\s*(?:[-+*]|[0-9]+[.)])(?:\s|$)")
LINK = re.compile(r"(?i)://|www\.|[^\W_]\.[^\W_]|GH-[0-9]|:[^\W_]+:")


def spans(line: str) -> Iterator[tuple[str, bool]]:
    """The parts of a line, each with whether it is code: a run of backticks ends at the next run of the same length."""
    position = 0
    while (opening := BACKTICKS.search(line, position)) is not None:
        closings = (run for run in BACKTICKS.finditer(line, opening.end()) if len(run[0]) == len(opening[0]))
        closing = next(closings)
        yield line[position : opening.start()], False
        content = line[opening.end() : closing.start()]
        padded = content.startswith(" ") and content.endswith(" ") and content.strip(" ")
        yield content[1:-1] if padded else content, True
        position = closing.end()
    yield line[position:], False


def inline(line: str) -> str:
    """What a reader sees of a line.

    Raises:
        AssertionError: There is markup in it.
    """
    assert not LIST.match(line), line
    assert not re.match("`{3,}[^`]*$", line), line
    parts = list(spans(line))
    for words, is_code in parts:
        assert is_code or (HARMLESS.fullmatch(words) and not LINK.search(words)), words
    return "".join(part for part, _ in parts)


def blocks(text: str) -> Iterator[tuple[str, int, str]]:
    """The kind, the level and the content of each line: ``title``, ``item``, ``diff``, ``code`` or ``words``."""
    level = -1
    lines = iter(text.splitlines())
    assert (
        text == "".join(f"{line}\n" for line in text.split("\n")[:-1]) == "".join(f"{x}\n" for x in text.splitlines())
    )
    for line in lines:
        if opening := OPENING.fullmatch(line):
            indent, border, language = opening.groups()
            assert len(indent) in range(0, 2 * (level + 2), 2)
            level = len(indent) // 2 - 1
            kind = language or "code"
            while (line := next(lines)) != f"{indent}{border}":
                assert line.startswith(indent) or not line
                content = line.removeprefix(indent)
                assert not re.match(rf" {{0,3}}`{{{len(border)},}} *$", content)
                yield kind, level + 1, content
        elif item := ITEM.fullmatch(line):
            indent, words = item.groups()
            assert len(indent) in range(0, 2 * (level + 2), 2)
            level = len(indent) // 2
            yield "item", level, inline(words)
        elif line.startswith("### "):
            level = -1
            yield "title", 0, inline(line.removeprefix("### "))
        elif line:
            level = -1
            yield "words", 0, inline(line)
