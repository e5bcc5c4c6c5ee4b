"""Finds where two resolved values differ, as paths with the values before and after.

The differences are exact: applied to the value before, one after the other, they give the value after. Each kind is one
operation on the value as the differences before it have left it:

- ``changed`` and ``form`` put ``after`` at the path, ``order`` the list ``after``;
- ``added`` puts a key into a mapping, or an item into a list before the item that has the index now;
- ``removed`` takes a key out of a mapping, or an item out of a list.

The differences of one list come in an order that makes this work: removals from the last to the first, then the order, then
insertions from the first to the last, then what changes within items. So an index is one of the list after, except the last
index of a removal, which is one of the list before.

A path is a JSON Pointer (RFC 6901) without the slash at its beginning: ``~1`` is a slash within a key, ``~0`` a tilde. It
goes through a text that holds JSON, such as the policy of a log group, as if the text were what it holds; applying a
difference in there writes the text anew.

Two values are the same if CloudFormation passes on the same text: 5 and "5", true and "true". Within a text that holds JSON
they differ. A difference that ``flows`` changes nothing here, and is not applied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from cfn.json_text import json_document
from cfn.marks import CHANGED, POSSIBLE, State, state_of, unmarked
from cfn.text import is_function, is_scalar, scalar_text
from review.comparison.matching import match_items
from review.comparison.scripts import flowing_lines

OrderMatters = Callable[[str], bool | None]
"""path of a list -> whether the order of its elements has a meaning; None if that is not known."""


class Kind(StrEnum):
    """What a difference does to the value."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    ORDER = "order"
    """The same elements in another order. The lists hold the elements that stay, as they are before."""
    FORM = "form"
    """The same meaning, written differently."""


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
        kind: What the difference does to the value.
        order_matters: Of another order, whether it has a meaning; None if that is not known.
    """

    path: str
    before: Any
    after: Any
    state: State
    flows: bool
    kind: Kind = Kind.CHANGED
    order_matters: bool | None = None


def differences(
    before: Any, after: Any, path: str = "", *, order_matters: OrderMatters | None = None
) -> Iterator[Difference]:
    """All places where ``after``, which may carry marks, differs from ``before``, in the order of the document.

    Args:
        before: Today's value; None if there is none.
        after: The planned value; None if there is none.
        path: The path of the value itself.
        order_matters: Decides where the order of a list has a meaning; without it nothing is known about that.
    """
    planned = unmarked(after)
    if before is None or planned is None:
        yield from _whole(before, planned, path)
    else:
        yield from _Comparison(order_matters or _unknown).values(before, planned, _Place(path))
    if state_of(after) is not State.SAME:
        yield from _flowing(after, path)


def path_below(path: str, key: Any) -> str:
    """The path of a key of a mapping, or of an index of a list."""
    step = scalar_text(key).replace("~", "~0").replace("/", "~1")
    return f"{path}/{step}" if path else step


def path_steps(path: str) -> list[str]:
    """The keys and indices of a path."""
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")] if path else []


def _unknown(_path: str) -> None:
    return None


def _whole(before: Any, after: Any, path: str) -> Iterator[Difference]:
    """A value that appears or disappears as a whole."""
    if before is not None or after is not None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
        yield Difference(path, before, after, State.CHANGED, flows=False, kind=kind)


# ---- what changes by itself -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A place in both values.

    Attributes:
        path: Its path.
        in_text: Whether it is within a text that holds JSON.
        one_or_many: How many mappings further down IAM takes one value for a list of one; None if nowhere.
    """

    path: str
    in_text: bool = False
    one_or_many: int | None = None

    def below(self, key: Any, one_or_many: int | None = None) -> _Place:
        """The place of a key or an index."""
        return _Place(path_below(self.path, key), self.in_text, one_or_many)


# Elements of a policy statement -> how many mappings lie between the element and its values.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
_STATEMENT_ELEMENTS = {
    "Action": 0, "NotAction": 0, "Resource": 0, "NotResource": 0, "Principal": 1, "NotPrincipal": 1, "Condition": 2
}  # fmt: skip


@dataclass(frozen=True)
class _Comparison:
    """The walk through two values without marks."""

    order_matters: OrderMatters

    def values(self, before: Any, after: Any, place: _Place) -> Iterator[Difference]:
        """The differences of two values that both exist."""
        if _is_same(before, after, exactly=place.in_text):
            return
        if _is_mapping(before) and _is_mapping(after):
            yield from self._mappings(before, after, place)
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(before, after, place)
        else:
            yield from self._leaves(before, after, place)

    def _mappings(self, before: Mapping[Any, Any], after: Mapping[Any, Any], place: _Place) -> Iterator[Difference]:
        old, new = _keyed(before), _keyed(after)
        is_statement = "Effect" in old and "Effect" in new
        for key in [*old, *(key for key in new if key not in old)]:
            below = place.below(key, _one_or_many(key, place, is_statement=is_statement))
            if key not in new:
                yield _difference(Kind.REMOVED, below.path, old[key], None)
            elif key not in old:
                yield _difference(Kind.ADDED, below.path, None, new[key])
            else:
                yield from self.values(old[key], new[key], below)

    def _lists(self, before: list[Any], after: list[Any], place: _Place) -> Iterator[Difference]:
        pairs = match_items(before, after, _exact_text if place.in_text else _text)
        stays, comes = {old for old, _ in pairs}, {new for _, new in pairs}
        for index in reversed(range(len(before))):
            if index not in stays:
                yield _difference(Kind.REMOVED, place.below(index).path, before[index], None)
        moved = sorted(pairs, key=lambda pair: pair[1])
        if moved != pairs:
            lists = ([before[old] for old, _ in order] for order in (pairs, moved))
            another_order = _difference(Kind.ORDER, place.path, *lists)
            yield replace(another_order, order_matters=self.order_matters(place.path))
        for index, item in enumerate(after):
            if index not in comes:
                yield _difference(Kind.ADDED, place.below(index).path, None, item)
        for old, new in moved:
            yield from self.values(before[old], after[new], place.below(new))

    def _leaves(self, before: Any, after: Any, place: _Place) -> Iterator[Difference]:
        """The differences of two values that are not both mappings and not both lists."""
        documents = json_document(before), json_document(after)
        if documents[0] is not None and type(documents[0]) is type(documents[1]):
            within = list(self.values(*documents, _Place(place.path, in_text=True)))
            yield from within or [_difference(Kind.FORM, place.path, before, after)]
        else:
            kind = Kind.FORM if _is_other_form(before, after, place) else Kind.CHANGED
            yield _difference(kind, place.path, before, after)


def _difference(kind: Kind, path: str, before: Any, after: Any) -> Difference:
    return Difference(path, before, after, State.CHANGED, flows=False, kind=kind)


def _is_mapping(value: Any) -> bool:
    """Whether the value is a mapping of properties, not an intrinsic function."""
    return isinstance(value, dict) and not is_function(value)


def _is_same(before: Any, after: Any, *, exactly: bool) -> bool:
    """Whether CloudFormation passes both values on alike; within JSON (``exactly``), where a number is no text, are equal."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = (side if all(isinstance(key, str) for key in side) else _keyed(side) for side in (before, after))
        return old.keys() == new.keys() and all(_is_same(old[key], new[key], exactly=exactly) for key in old)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(
            _is_same(old, new, exactly=exactly) for old, new in zip(before, after, strict=True)
        )
    if type(before) is type(after) and before == after:
        return True
    return not exactly and is_scalar(before) and is_scalar(after) and scalar_text(before) == scalar_text(after)


def _keyed(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    return {scalar_text(key): value for key, value in mapping.items()}


def _text(value: Any) -> str:
    """A text for a value; values that CloudFormation passes on alike have the same."""
    return json.dumps(_texts(value), sort_keys=True)


def _exact_text(value: Any) -> str:
    """A text for a value within JSON, where a number is no text."""
    return json.dumps(value, sort_keys=True)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {scalar_text(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return scalar_text(value) if is_scalar(value) else value


# ---- the same meaning, written differently --------------------------------------------------------------------------


def _one_or_many(key: str, place: _Place, *, is_statement: bool) -> int | None:
    if place.one_or_many:
        return place.one_or_many - 1
    if key == "Statement":
        return 0
    return _STATEMENT_ELEMENTS.get(key) if is_statement else None


def _is_other_form(before: Any, after: Any, place: _Place) -> bool:
    """Whether two values that differ are the same number, or one value and a list of it where IAM takes both."""
    if _is_number(before) and _is_number(after):
        return bool(before == after)
    if place.one_or_many != 0:
        return False
    old, new = (value if isinstance(value, list) else [value] for value in (before, after))
    return len(old) == len(new) == 1 and _is_same(old, new, exactly=place.in_text)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# ---- what changes with what it refers to ----------------------------------------------------------------------------


def _flowing(after: Any, path: str) -> Iterator[Difference]:
    """The smallest places that hold a mark."""
    if isinstance(after, list):
        for index, item in enumerate(after):
            yield from _flowing(item, path_below(path, index))
    elif not isinstance(after, dict):
        return
    elif _is_mapping(after) and CHANGED not in after and POSSIBLE not in after:
        for key, item in after.items():
            yield from _flowing(item, path_below(path, key))
    elif (state := state_of(after)) is not State.SAME:
        if (document := json_document(after)) is not None:
            yield from _flowing(document, path)
        else:
            today = flowing_lines(after) or unmarked(after)
            yield Difference(path, today, today, state, flows=True)
