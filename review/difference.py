"""Finds where two resolved values differ, as paths with the values before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from cfn.marks import CHANGED, POSSIBLE, State, state_of, unmarked
from cfn.text import is_scalar, scalar_text
from review.scripts import flowing_lines

ABSENT = None


@dataclass(frozen=True)
class Difference:
    """One place that changes.

    Attributes:
        path: The place: ``Properties/Tags/0/Value``.
        before: Today's value; None if it does not exist yet.
        after: The planned value; None if it is removed. Where the value flows, today's value, or of a script the lines
            that change.
        state: Whether it surely changes.
        flows: Whether the value comes from another resource.
    """

    path: str
    before: Any
    after: Any
    state: State
    flows: bool


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """All places where ``after``, which may carry marks, differs from ``before``, in the order of the document."""
    for place, old, new in _direct(before, unmarked(after), path):
        yield Difference(place, old, new, State.CHANGED, flows=False)
    yield from _flowing(after, path)


def _direct(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if _is_mapping(before) and _is_mapping(after):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _direct(before.get(key, ABSENT), after.get(key, ABSENT), _below(path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(before, after, path)
    elif not _equal(before, after):
        yield path, before, after


def _is_mapping(value: Any) -> bool:
    """Whether the value is a mapping of properties, not an intrinsic function."""
    if not isinstance(value, dict):
        return False
    key = next(iter(value)) if len(value) == 1 else ""
    return not (key in ("Ref", "Condition") or key.startswith("Fn::"))


def _equal(left: Any, right: Any) -> bool:
    if is_scalar(left) and is_scalar(right):
        return scalar_text(left) == scalar_text(right)
    return bool(left == right)


def _items(before: list[Any], after: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    """The differences of two lists. Equal items are matched first, so that one inserted item is one difference."""
    old_keys, new_keys = ([json.dumps(_texts(item), sort_keys=True) for item in items] for items in (before, after))
    matcher = SequenceMatcher(None, old_keys, new_keys, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(old_end - old_start, new_end - new_start)):
            old, new = old_start + offset, new_start + offset
            yield from _direct(
                before[old] if old < old_end else ABSENT,
                after[new] if new < new_end else ABSENT,
                _below(path, str(old if old < old_end else new)),
            )


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return scalar_text(value) if is_scalar(value) else value


def _flowing(after: Any, path: str) -> Iterator[Difference]:
    """The smallest places that hold a mark."""
    if isinstance(after, dict):
        if CHANGED in after or POSSIBLE in after or not _is_mapping(after):
            if (state := state_of(after)) is not State.SAME:
                today = flowing_lines(after) or unmarked(after)
                yield Difference(path, today, today, state, flows=True)
            return
        for key, item in after.items():
            yield from _flowing(item, _below(path, key))
    elif isinstance(after, list):
        for index, item in enumerate(after):
            yield from _flowing(item, _below(path, str(index)))


def _below(path: str, key: str) -> str:
    return f"{path}/{key}" if path else key
