"""A difference as pieces: input and output."""

from __future__ import annotations

import pytest

from cfn.marks import State
from review.comparison.difference import Difference, Kind
from review.formats.differences import change_pieces, difference_pieces, value_pieces
from review.formats.pieces import Block, Item, Piece, code, spans

LONG = "x" * 101


def changed(kind: Kind, before: object, after: object, *, order_matters: bool | None = None) -> Difference:
    return Difference("Properties/A/x~1y", before, after, State.CHANGED, False, kind, order_matters)


def marked(piece: Piece) -> str:
    """The words of an item, with code in brackets."""
    assert isinstance(piece, Item)
    return "".join(f"<{part}>" if is_code else part for part, is_code in spans(piece.words))


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (changed(Kind.CHANGED, "a", "b"), "A/x/y: <a> -> <b>"),
        (changed(Kind.ADDED, None, "b"), "A/x/y: <(none)> -> <b>"),
        (changed(Kind.REMOVED, ["b"], None), 'A/x/y: <["b"]> -> <(none)>'),
        (changed(Kind.FORM, 1, 1.0), "A/x/y: <1> -> <1.0> (the same meaning, written differently)"),
        (changed(Kind.ORDER, [1, 2], [2, 1]), "A/x/y: <[1, 2]> -> <[2, 1]> (the same elements in another order)"),
    ],
)
def test_short_difference_is_one_line(difference: Difference, words: str) -> None:
    (piece,) = difference_pieces(difference, 3)
    assert marked(piece) == words


@pytest.mark.parametrize(
    ("difference", "words", "lines"),
    [
        (changed(Kind.CHANGED, "a", LONG), "changes", ("-a", f"+{LONG}")),
        (changed(Kind.ADDED, None, LONG), "added", (f"+{LONG}",)),
        (changed(Kind.REMOVED, {"B": LONG}, None), "removed", (f"-B: {LONG}",)),
        (changed(Kind.CHANGED, "a\nb", "a\nc"), "these lines change", (" a", "-b", "+c")),
        (
            changed(Kind.ORDER, ["a", LONG], [LONG, "a"], order_matters=False),
            "the same elements in another order, which has no meaning here",
            (f"+- {LONG}", " - a", f"-- {LONG}"),
        ),
        (
            changed(Kind.ORDER, ["a", LONG], [LONG, "a"], order_matters=True),
            "the same elements in another order, which has a meaning here",
            (f"+- {LONG}", " - a", f"-- {LONG}"),
        ),
    ],
)
def test_long_difference_is_a_diff(difference: Difference, words: str, lines: tuple[str, ...]) -> None:
    assert list(difference_pieces(difference, 3)) == [Item(3, f"A/x/y: {words}"), Block(4, lines, is_diff=True)]


@pytest.mark.parametrize(("state", "verb"), [(State.CHANGED, "changes"), (State.POSSIBLE, "may change")])
def test_value_that_flows_is_shown_whole(state: State, verb: str) -> None:
    short, long = (Difference("Properties/A", value, value, state, flows=True) for value in ("vpc-1", LONG))
    assert list(difference_pieces(short, 1)) == [Item(1, f"A: {code('vpc-1')} {verb} with what it refers to")]
    assert list(difference_pieces(long, 1)) == [Item(1, f"A: {verb} with what it refers to"), Block(2, (LONG,))]


def test_value_without_one_before() -> None:
    assert list(value_pieces("Owner", "desk", 1)) == [Item(1, f"Owner: {code('desk')}")]
    assert list(value_pieces("Owner", LONG, 1)) == [Item(1, "Owner:"), Block(2, (LONG,))]


def test_change_has_the_name_of_what_has_the_value() -> None:
    assert list(change_pieces("Owner", "a", "b", 1)) == [Item(1, f"Owner: {code('a')} -> {code('b')}")]
