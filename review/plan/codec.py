"""Encodes frozen dataclasses as JSON data and decodes them by their annotations, for the plan file."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def encode(value: Any) -> Any:
    """The value as plain data: dataclasses and mappings as dictionaries, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], data: Any) -> T:
    """The dataclass of ``encode``'s plain data.

    Raises:
        TypeError, KeyError, ValueError: The data is not of this class.
    """
    result: T = _decode(kind, data)
    return result


def _decode(kind: Any, data: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), data)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None:
            return None
        return _decode(next(argument for argument in arguments if argument is not type(None)), data)
    if origin is not None and not isinstance(data, list if origin is tuple else dict):
        raise TypeError(f"{data!r} is not a {'list' if origin is tuple else 'mapping'}")
    if origin is tuple:
        return tuple(_decode(arguments[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _decode(arguments[1], item) for key, item in data.items()}
    if kind is not Any and not isinstance(data, kind):
        raise TypeError(f"{data!r} is not {kind.__name__}")
    return data


def _decode_dataclass(kind: type, data: Any) -> Any:
    hints = typing.get_type_hints(kind)
    names = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(data, dict) or data.keys() != names:
        raise ValueError(f"{kind.__name__} has other fields")
    return kind(**{name: _decode(hints[name], data[name]) for name in names})
