"""Texts in Markdown, so that no text of a template can add markup, HTML, a link or a mention, or end a block.

A backslash or an entity is not enough: GitHub and GitLab look for mentions and references (``@team``, ``#1``, ``!1``) in the
text that a reader sees, but not in code. So a word with anything but letters, digits and harmless punctuation becomes code.

https://spec.commonmark.org/0.31.2/#code-spans, https://github.github.com/gfm/#autolinks-extension-
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cfn.text import visible

_BACKTICKS = re.compile("`+")
# Letters and digits of any script, joined by single characters that mean nothing. GitHub makes a link of GH-1.
_HARMLESS = re.compile(r"(?!GH-[0-9])[^\W_]+(?:[-/'][^\W_]+)*")
_WORD = re.compile(r"""([("]*)(.*?)([)",.;:!?…]*)""")
_ARROW = "->"


def code_span(text: str) -> str:
    """The text as code within a line."""
    text = visible(text)
    if not text:
        return ""
    fence = "`" * (_longest_run([text]) + 1)
    # One space at each end does not count, so it keeps the text apart from the fence, and its own spaces alive.
    pad = " " if text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " " and text.strip()) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str) -> str:
    """The text as words, with those that could be markup as code."""
    return " ".join(map(_word, visible(text).split(" ")))


def _word(word: str) -> str:
    match = _WORD.fullmatch(word)
    if match is None or word == _ARROW:
        return word
    before, core, after = match.groups()
    is_list_number = core.isdigit() and after.startswith((".", ")"))
    if core and (is_list_number or not _HARMLESS.fullmatch(core)):
        core = code_span(core)
    return f"{before}{core}{after}"


def fence(lines: Iterable[str]) -> str:
    """A fence for a block of lines, longer than any run of backticks in them."""
    return "`" * max(3, _longest_run(lines) + 1)


def _longest_run(texts: Iterable[str]) -> int:
    return max((len(run) for text in texts for run in _BACKTICKS.findall(text)), default=0)
