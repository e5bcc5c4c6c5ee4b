"""Values as a person reads them: joined text with its references in place, and scripts as the lines that they have.

Nothing is looked up: a dynamic reference (``{{resolve:secretsmanager:…}}``) is the text that stands in the template.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from cfn.resolve import CHANGED, POSSIBLE, state_of


def readable(value: Any) -> str | None:
    """The text that a value comes to, references as ``${Thing.Attribute}``; None for what is no text."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        return None
    name, inner = next(iter(value.items()))
    if name in (CHANGED, POSSIBLE, "Fn::Base64"):
        return readable(inner)
    if name in ("Ref", "Fn::GetAtt"):
        return _part(value)
    if name == "Fn::Join" and inner[0] == "" and isinstance(inner[1], list):
        return "".join(map(_part, inner[1]))
    return None


def _part(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in (CHANGED, POSSIBLE):
            return _part(inner)
        if name == "Ref":
            return f"${{{inner}}}"
        if name == "Fn::GetAtt":
            return f"${{{'.'.join(map(str, inner))}}}"
    text = readable(value)
    return f"${{{json.dumps(value, sort_keys=True)}}}" if text is None else text


def is_script(value: Any) -> bool:
    """Whether the value is a text of several lines, such as an instance's user data."""
    text = readable(value)
    return text is not None and "\n" in text.rstrip("\n")


def changed_lines(before: Any, after: Any) -> list[str]:
    """The lines that differ between two texts, with a sign before each, a line around and the places between."""
    old, new = ((readable(value) or "").splitlines() for value in (before, after))
    return list(unified_diff(old, new, n=1, lineterm=""))[2:]  # without the names of files


def flowing_lines(value: Any) -> str | None:
    """Of a script, the lines that hold a mark: those that change with what they refer to. None for other values."""
    if not is_script(value):
        return None
    lines: list[list[Any]] = [[]]
    for part in _parts(value):
        if isinstance(part, str):
            first, *others = part.split("\n")
            lines[-1].append(first)
            lines += [[other] for other in others]
        else:
            lines[-1].append(part)
    return "\n".join("".join(map(_part, line)) for line in lines if any(map(state_of, line)))


def _parts(value: Any) -> Iterator[Any]:
    """The pieces of a joined text, marks kept on those that carry one."""
    if isinstance(value, dict) and "Fn::Base64" in value:
        yield from _parts(value["Fn::Base64"])
    elif isinstance(value, dict) and "Fn::Join" in value:
        yield from value["Fn::Join"][1]
    else:
        yield value
