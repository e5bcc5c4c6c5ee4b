"""Shows a difference: on one line if it is short, otherwise as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfn.marks import State
from review.comparison.difference import Difference, Kind, path_steps
from review.comparison.scripts import is_script
from review.formats.pieces import Block, Item, Piece, code
from review.formats.values import change_lines, short_change, short_value, value_lines

_ORDERS = {
    None: "the same elements in another order",
    True: "the same elements in another order, which has a meaning here",
    False: "the same elements in another order, which has no meaning here",
}


def difference_pieces(difference: Difference, depth: int) -> Iterator[Piece]:
    """A difference at a depth of the list."""
    path = shown_path(difference.path)
    if difference.flows:
        yield from _flowing(path, difference, depth)
    else:
        yield from change_pieces(path, difference.before, difference.after, depth, note=_note(difference))


def change_pieces(name: str, before: Any, after: Any, depth: int, *, note: str = "") -> Iterator[Piece]:
    """A value that changes, is added (``before`` is None) or is removed (``after`` is None).

    Args:
        name: What has the value.
        before: The value before.
        after: The value after.
        depth: The depth in the list.
        note: What else there is to say about it.
    """
    short = short_change(before, after)
    if short is not None:
        old, new = short
        yield Item(depth, f"{name}: {code(old)} -> {code(new)}{f' ({note})' if note else ''}")
    else:
        yield Item(depth, f"{name}: {note or _verb(before, after)}")
        yield Block(depth + 1, tuple(change_lines(before, after)), is_diff=True)


def value_pieces(name: str, value: Any, depth: int) -> Iterator[Piece]:
    """A value that has none before to compare it with."""
    short = short_value(value)
    if short is not None:
        yield Item(depth, f"{name}: {code(short)}")
    else:
        yield Item(depth, f"{name}:")
        yield Block(depth + 1, tuple(value_lines(value)))


def shown_path(path: str) -> str:
    """A path below Properties as a person reads it, with the slashes that keys have."""
    return "/".join(path_steps(path.removeprefix("Properties/")))


def _note(difference: Difference) -> str:
    if difference.kind is Kind.ORDER:
        return _ORDERS[difference.order_matters]
    return "the same meaning, written differently" if difference.kind is Kind.FORM else ""


def _verb(before: Any, after: Any) -> str:
    if before is None or after is None:
        return "added" if before is None else "removed"
    return "these lines change" if is_script(before) or is_script(after) else "changes"


def _flowing(path: str, difference: Difference, depth: int) -> Iterator[Piece]:
    verb = "changes" if difference.state is State.CHANGED else "may change"
    short = short_value(difference.before)
    if short is not None:
        yield Item(depth, f"{path}: {code(short)} {verb} with what it refers to")
    else:
        yield Item(depth, f"{path}: {verb} with what it refers to")
        yield Block(depth + 1, tuple(value_lines(difference.before)))
