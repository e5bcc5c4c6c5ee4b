"""Applies differences to a value: what ``review.comparison.difference`` promises, as a program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from cfn.json_text import json_document
from cfn.text import is_function, is_scalar, joined, scalar_text
from review.comparison.difference import Difference, Kind, path_steps


def apply(before: Any, differences: Iterable[Difference]) -> Any:
    """The value after all differences, one after the other.

    Raises:
        AssertionError: A difference does not fit what it is applied to.
    """
    value = before
    for difference in differences:
        if not difference.flows:
            value = _applied(value, path_steps(difference.path), difference)
    return value


def _applied(value: Any, steps: list[str], difference: Difference) -> Any:
    document = json_document(value)
    if document is not None and (steps or difference.kind is Kind.ORDER):
        return json_text(_applied(document, steps, difference))
    if not steps:
        assert difference.kind is Kind.ADDED or meaning(value) == meaning(difference.before)
        return difference.after
    if isinstance(value, list):
        return _applied_to_list(value, int(steps[0]), steps[1:], difference)
    assert isinstance(value, dict)
    key = next((key for key in value if scalar_text(key) == steps[0]), steps[0])
    assert (key in value) is (len(steps) > 1 or difference.kind is not Kind.ADDED)
    rest = {name: item for name, item in value.items() if name != key}
    if len(steps) == 1 and difference.kind is Kind.REMOVED:
        assert meaning(value[key]) == meaning(difference.before)
        return rest
    return {**rest, key: _applied(value.get(key), steps[1:], difference)}


def _applied_to_list(items: list[Any], index: int, steps: list[str], difference: Difference) -> list[Any]:
    if not steps and difference.kind is Kind.ADDED:
        assert index <= len(items)
        return [*items[:index], difference.after, *items[index:]]
    assert index < len(items)
    if not steps and difference.kind is Kind.REMOVED:
        assert meaning(items[index]) == meaning(difference.before)
        return [*items[:index], *items[index + 1 :]]
    return [*items[:index], _applied(items[index], steps, difference), *items[index + 1 :]]


def json_text(document: Any) -> Any:
    """The document as JSON text, with the references in it as ``Fn::Join``: the inverse of ``json_document``."""
    functions: list[Any] = []

    def as_tokens(value: Any) -> Any:
        if is_function(value):
            parts = value["Fn::Join"][1] if "Fn::Join" in value else [value]
            return "".join(part if isinstance(part, str) else token(part) for part in parts)
        if isinstance(value, dict):
            return {key: as_tokens(item) for key, item in value.items()}
        return [as_tokens(item) for item in value] if isinstance(value, list) else value

    def token(function: Any) -> str:
        functions.append(function)
        return f"\uf000{len(functions) - 1}\uf001"

    pieces = re.split("\uf000([0-9]+)\uf001", json.dumps(as_tokens(document), ensure_ascii=False))
    return joined([functions[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces)])


def meaning(value: Any, *, in_text: bool = False) -> Any:
    """What two values have in common that need no difference: 5 and "5", and texts that hold the same JSON."""
    document = json_document(value)
    if document is not None:
        return ("JSON", meaning(document, in_text=True))
    if isinstance(value, dict):
        return {scalar_text(key): meaning(item, in_text=in_text) for key, item in value.items()}
    if isinstance(value, list):
        return [meaning(item, in_text=in_text) for item in value]
    if is_scalar(value):
        return (type(value).__name__ if in_text else "", scalar_text(value))
    return value
