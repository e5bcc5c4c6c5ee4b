"""Marks on values that may change while CloudFormation deploys.

A value that comes from elsewhere and may change with its source is wrapped: ``{CHANGED: value}`` if it will change for
certain, ``{POSSIBLE: value}`` if only the deployment can decide. The value inside is today's.

A mark is around a whole value, an item of a list, or a part of a joined text (``cfn.text.joined``). A function that looks
into its argument, such as ``Fn::Select``, moves the mark of the argument outwards, around its result. So a value without its
marks is what the same expression gives where nothing flows.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from cfn.text import is_joined_text, joined

CHANGED, POSSIBLE = "::changed", "::possible"


class State(IntEnum):
    """Whether a value changes, ordered by weight."""

    SAME = 0
    POSSIBLE = 1
    CHANGED = 2


def marked(value: Any, state: State) -> Any:
    """The value with the mark of its state."""
    if state is State.SAME:
        return value
    return {CHANGED if state is State.CHANGED else POSSIBLE: value}


def opened(value: Any) -> tuple[Any, State]:
    """The value inside of the outermost mark, and the state of the mark."""
    if isinstance(value, dict):
        for mark, state in ((CHANGED, State.CHANGED), (POSSIBLE, State.POSSIBLE)):
            if mark in value:
                return value[mark], state
    return value, State.SAME


def unmarked(value: Any) -> Any:
    """Today's value: without marks, and with the parts of joined texts put together again."""
    if isinstance(value, dict):
        inside, state = opened(value)
        if state is not State.SAME:
            return unmarked(inside)
        plain = {key: unmarked(item) for key, item in value.items()}
        return joined(plain["Fn::Join"][1]) if is_joined_text(plain) else plain
    if isinstance(value, list):
        return [unmarked(item) for item in value]
    return value


def state_of(value: Any) -> State:
    """The heaviest mark anywhere in the value."""
    if isinstance(value, dict):
        own = State.CHANGED if CHANGED in value else State.POSSIBLE if POSSIBLE in value else State.SAME
        return max([own, *map(state_of, value.values())])
    if isinstance(value, list):
        return max(map(state_of, value), default=State.SAME)
    return State.SAME
