"""Where two resolved values differ, as paths with what was there before and after."""

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
    """One place that changes. ``state`` says whether it surely does; ``flows`` that the value comes from elsewhere.

    ``before`` and ``after`` are None where there is nothing; a flowing value has today's in both, of a script the lines
    that change.
    """

    path: str
    before: Any
    after: Any
    state: State
    flows: bool


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """All places where ``after``, which may carry marks, differs from ``before``, in the order of the document."""
    for place, one, other in _direct(before, unmarked(after), path):
        yield Difference(place, one, other, State.CHANGED, flows=False)
    yield from _flowing(after, path)


def _direct(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if _is_plain(before) and _is_plain(after):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _direct(before.get(key, ABSENT), after.get(key, ABSENT), _below(path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif not _equal(before, after):
        yield path, before, after


def _is_plain(value: Any) -> bool:
    """A mapping of properties, not an intrinsic function."""
    if not isinstance(value, dict):
        return False
    return not (len(value) == 1 and (next(iter(value)) in ("Ref", "Condition") or next(iter(value)).startswith("Fn::")))


def _equal(one: Any, other: Any) -> bool:
    if is_scalar(one) and is_scalar(other):
        return scalar_text(one) == scalar_text(other)
    return bool(one == other)


def _lists(before: list[Any], after: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    """Items that are equal are matched first, so that one inserted item is one difference."""
    keys = [[json.dumps(_texts(item), sort_keys=True) for item in items] for items in (before, after)]
    for tag, start, end, other_start, other_end in SequenceMatcher(
        None, keys[0], keys[1], autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(end - start, other_end - other_start)):
            old, new = start + offset, other_start + offset
            yield from _direct(
                before[old] if old < end else ABSENT,
                after[new] if new < other_end else ABSENT,
                _below(path, str(min(old, end) if old < end else new)),
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
        if CHANGED in after or POSSIBLE in after or not _is_plain(after):
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
