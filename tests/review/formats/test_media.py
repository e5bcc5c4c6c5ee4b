"""Pieces as text and as Markdown: input and output, and that no text in them is more than text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfn.text import visible
from review.formats.markdown import as_markdown
from review.formats.pieces import Block, Item, Piece, Title, code, spans
from review.formats.text import as_text
from tests.review.support.markdown import blocks

PIECES: list[Piece] = [
    "small dev: 1 to change",
    Title("Resources"),
    Item(0, "small-dev"),
    Item(1, f"~ Topic {code('AWS::SNS::Topic')}"),
    Item(3, f"Name: {code('a`b')} -> {code('c')}"),
    Item(3, "Policy: added"),
    Block(4, ("+Action: ``` * ```", "", " x"), is_diff=True),
    Item(1, "+ Queue"),
    Title("Network"),
    Item(2, "Deep"),
    Block(3, ("a",)),
]


def test_text() -> None:
    assert (
        as_text(PIECES)
        == """\
small dev: 1 to change

Resources
---------
small-dev
  ~ Topic AWS::SNS::Topic
      Name: a`b -> c
      Policy: added
        +Action: ``` * ```

         x
  + Queue

Network
-------
    Deep
      a
"""
    )


def test_markdown() -> None:
    """A list begins without an indent, whatever its depth: an item indented by four spaces would be a block of code."""
    assert (
        as_markdown(PIECES)
        == """\
small dev: 1 to change

### Resources

- small-dev
  - `~` Topic `AWS::SNS::Topic`
    - Name: ``a`b`` -> `c`
    - Policy: added
      ````diff
      +Action: ``` * ```

       x
      ````
  - `+` Queue

### Network

- Deep
  ```
  a
  ```
"""
    )


RISKY = st.text(
    st.one_of(st.sampled_from("`*_[]()<>|#@\n\t\r\x1b\x96\x97\u2028\u202e -+=1.~"), st.characters()), max_size=30
)
WORDS = st.lists(st.one_of(RISKY, RISKY.map(code)), max_size=4).map("".join)
LINES = st.lists(RISKY, min_size=1, max_size=4).map(tuple)
SOME_PIECES = st.lists(
    st.one_of(
        WORDS,
        st.builds(Title, WORDS),
        st.builds(Item, st.integers(0, 5), WORDS),
        st.builds(Block, st.integers(0, 5), LINES, st.booleans()),
    ),
    max_size=8,
)


def plain(words: str) -> str:
    return "".join(visible(part) for part, _ in spans(words))


def without_spaces(text: str) -> str:
    return text.replace(" ", "")


@pytest.mark.requirement("REV-1")
@given(SOME_PIECES)
def test_any_text_is_printed_on_lines_of_ours(pieces: list[Piece]) -> None:
    """A DisplayName wiped the line of another resource from the terminal."""
    text = as_text(pieces)
    assert all(line.isprintable() for line in text.split("\n"))
    lines = sum(
        3 if isinstance(piece, Title) else len(piece.lines) if isinstance(piece, Block) else 1 for piece in pieces
    )
    assert text.count("\n") == lines


@pytest.mark.requirement("REV-1")
@given(SOME_PIECES)
def test_any_text_is_only_text_in_markdown(pieces: list[Piece]) -> None:
    """A DisplayName left its code span, and said in bold that security had approved the change."""
    expected = []
    for piece in pieces:
        match piece:
            case Title(words):
                expected.append(("title", plain(words)))
            case Item(_, words):
                expected.append(("item", plain(words)))
            case Block(_, lines, is_diff):
                expected += [("diff" if is_diff else "code", visible(line)) for line in lines]
            case _:
                expected.append(("words", plain(piece)))
    found = [(kind, content) for kind, _, content in blocks(as_markdown(pieces))]
    # Between two pieces of code there is a space; around words there is none.
    shown = [(kind, without_spaces(content)) for kind, content in found]
    assert shown == [(kind, without_spaces(words)) for kind, words in expected if words.strip() or kind != "words"]


def test_marks_of_code_cannot_be_forged() -> None:
    assert list(spans(f"a \x96b\x97 {code('c')}")) == [("a \x96b\x97 ", False), ("c", True)]
