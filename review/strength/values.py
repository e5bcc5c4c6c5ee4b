"""Reads resolved values: as truths, numbers and texts, and as a person reads them.

A value that only CloudFormation knows is ``UNKNOWN``: an intrinsic function, or a text with a dynamic reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from cfn.text import is_scalar, readable, scalar_text


class Unknown(Enum):
    """What is not known before the deployment."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

_ON = frozenset({"true", "on", "1", "yes", "enable", "enabled", "active"})
_OFF = frozenset({"false", "off", "0", "no", "disable", "disabled", "inactive", "suspended", "none"})


def is_function(value: Any) -> bool:
    """Whether the value is an intrinsic function, and no mapping of properties."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name in ("Ref", "Condition") or name.startswith("Fn::")


def is_resolved(value: Any) -> bool:
    """Whether the whole value is known: no function and no dynamic reference anywhere in it."""
    if isinstance(value, Mapping):
        return not is_function(value) and all(map(is_resolved, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_resolved, value))
    return not (isinstance(value, str) and "{{resolve:" in value)


def is_empty(value: Any) -> bool:
    """Whether a value says nothing: it is absent, an empty text or an empty collection."""
    return value is None or value in ("", [], {}, ())


def text(value: Any) -> str | Unknown:
    """A scalar as text."""
    return scalar_text(value) if is_scalar(value) and is_resolved(value) else UNKNOWN


def truth(value: Any) -> bool | Unknown:
    """A switch: CloudFormation and the services write it as a boolean, as 0 and 1, or as a word."""
    word = text(value)
    if isinstance(word, Unknown):
        return UNKNOWN
    return True if word.lower() in _ON else False if word.lower() in _OFF else UNKNOWN


def number(value: Any) -> float | Unknown:
    """A number, also one that is written as text."""
    word = text(value)
    try:
        return UNKNOWN if isinstance(word, Unknown) else float(word)
    except ValueError:
        return UNKNOWN


def items(value: Any) -> list[Any] | Unknown:
    """The items of a list. A single scalar is a list of one; a text with commas is the list that it separates."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, str) and is_resolved(value):
        return [item.strip() for item in value.split(",") if item.strip()]
    return [value] if is_scalar(value) and is_resolved(value) else UNKNOWN


def canonical(value: Any) -> str:
    """A value as a text that is the same for equal values."""
    return scalar_text(value) if is_scalar(value) else json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return scalar_text(value) if is_scalar(value) else value


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal to CloudFormation: 30 is "30", and true is "true"."""
    return canonical(left) == canonical(right)


def shown(value: Any) -> str:
    """A value as a finding prints it: the whole value, because a cut could hide what matters."""
    if value is None:
        return "none"
    if is_scalar(value):
        return scalar_text(value) or "''"
    return readable(value) or json.dumps(value, ensure_ascii=False)
