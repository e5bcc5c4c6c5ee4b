"""Reads texts that hold JSON, such as the policy of a log group, so that what they say can be compared.

A reference within such a text stays a function in the string that has it, as ``Fn::Sub`` would leave it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from cfn.marks import CHANGED, POSSIBLE
from cfn.text import is_function, joined

# A reference is a token of private characters while the text is parsed.
_TOKEN = re.compile("\ue000([0-9]+)\ue001")
_OWN_CHARACTERS = re.compile("[\ue000\ue001]|\\\\u[eE]00[01]")


def json_document(value: Any) -> Any:
    """The object or the list that a text holds as JSON.

    Args:
        value: A text, or a resolved ``Fn::Join`` without a delimiter, which may carry marks.

    Returns:
        None for everything that is not surely such a text: one that repeats a key, has NaN or a number out of range, has a
        reference outside of its strings, or has an object that looks like a function.
    """
    parts = _parts(value)
    if not parts or not isinstance(parts[0], str) or not parts[0].lstrip().startswith(("{", "[")):
        return None
    if any(isinstance(part, str) and _OWN_CHARACTERS.search(part) for part in parts):
        return None
    functions = [part for part in parts if not isinstance(part, str)]
    numbers = iter(range(len(functions)))
    text = "".join(part if isinstance(part, str) else f"\ue000{next(numbers)}\ue001" for part in parts)
    try:
        parsed = json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_number)
    except (ValueError, RecursionError):
        return None
    return _with_functions(parsed, functions)


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, dict) and set(value) == {"Fn::Join"} and value["Fn::Join"][0] == "":
        parts: Sequence[Any] = value["Fn::Join"][1]
        return parts
    return ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is there twice; readers of JSON disagree on which one counts")
    if (
        is_function(document)
        or not document.keys().isdisjoint((CHANGED, POSSIBLE))
        or any(map(_TOKEN.search, document))
    ):
        raise ValueError("an object that cannot be told from a function")
    return document


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} has no form in JSON")
    return number


def _with_functions(document: Any, functions: Sequence[Any]) -> Any:
    """The document with its references in the place of their tokens."""
    if isinstance(document, dict):
        return {key: _with_functions(item, functions) for key, item in document.items()}
    if isinstance(document, list):
        return [_with_functions(item, functions) for item in document]
    if not isinstance(document, str) or not functions:
        return document
    pieces = _TOKEN.split(document)  # text, number, text, number … text
    return joined([functions[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces)])
