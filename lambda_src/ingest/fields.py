"""The stored form of a whole column of one field: texts, decimals or timestamps.

Each class applies the schema's rules once to each distinct value and remembers the results for the next chunk of the
batch. A value that the class cannot accept is *irregular*: its position is returned, and the record is validated alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import add, gt
from typing import Any

from common import schema

from . import columns
from .decoding import absent_values

REMEMBERED_VALUES = 50_000  # of one field; more than that are not worth remembering

Normalised = tuple[list[Any], set[int]]
"""A column in its stored form, and the positions of the irregular values."""

_CANONICAL_DECIMAL = re.compile(  # as schema.parse_decimal leaves it; zero does not match
    rf"(?:0\.[0-9]{{0,{schema.FRACTION_DIGITS - 1}}}[1-9]"
    rf"|[1-9][0-9]{{0,{schema.INTEGER_DIGITS - 1}}}(?:\.[0-9]{{0,{schema.FRACTION_DIGITS - 1}}}[1-9])?)"
)
_MINUTE_LENGTH = len("2026-01-02T15:04")
_ANY_MINUTE = "2050-01-01T00:00"


class Texts:
    """Columns of texts."""

    def __init__(self, allows: Callable[[str], bool]) -> None:
        """Remember nothing yet; ``allows`` says whether the client may send a symbol."""
        self._allows = allows
        self._remembered: dict[str, set[str]] = {}

    def normalise(self, spec: schema.Field, column: list[Any]) -> Normalised:
        """The texts; ``""`` for an optional one that was not sent."""
        remembered, absent = self._remembered.setdefault(spec.name, set()), absent_values()
        distinct = set(column)
        new = distinct - remembered - absent  # only an optional field can be absent
        accepted = self._accepted(spec, new)
        irregular: set[int] = set()
        if len(accepted) < len(new):
            regular = remembered | accepted | absent
            irregular = {at for at, value in enumerate(column) if value not in regular}
        if len(new) < len(column) // 2:  # a column of identifiers is all new, and none of them comes again
            remembered |= accepted
        if distinct.isdisjoint(absent):
            return column, irregular
        return ["" if value in absent else value for value in column], irregular

    def _accepted(self, spec: schema.Field, values: set[Any]) -> set[str]:
        """The values that the schema accepts and, for symbols, the client may send."""
        if spec.choices:
            values = values & set(spec.choices)
        if spec.pattern and not columns.all_match(spec.pattern, values):
            matches = re.compile(spec.pattern).fullmatch
            values = {value for value in values if matches(value)}
        if spec.name == "symbol":
            values = {value for value in values if self._allows(value)}
        return values

    def forget(self) -> None:
        """Bound the memory, whatever the client sends."""
        for remembered in self._remembered.values():
            _bound(remembered)


class Decimals:
    """Columns of decimals."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._canonical: dict[str | int | bytes, str | None] = {}
        self._scaled: dict[str | None, int] = {}

    def normalise(self, column: list[Any]) -> Normalised:
        """Canonical texts; None for a value that is not a decimal of the schema."""
        if not set(map(type, column)) <= {str, int, bytes}:
            # Not isinstance: to Python true and false are ints. The empty text is invalid in each decimal field.
            column = [value if type(value) in (str, int, bytes) else "" for value in column]
        remembered, distinct = self._canonical, set(column)
        new = distinct - remembered.keys()
        canonical = _canonical_decimals(new)
        if len(new) == len(distinct) > len(column) // 2:
            remembered = canonical  # so many new values at once are not worth remembering
        else:
            remembered.update(canonical)
        stored = list(map(remembered.__getitem__, column))
        irregular = {at for at, text in enumerate(stored) if text is None} if None in stored else set()
        return (column if stored == column else stored), irregular

    def crossed(self, bids: list[str | None], asks: list[str | None]) -> set[int]:
        """Positions where the bid is above the ask, in normalised columns."""
        scaled = self._scaled
        for text in {*bids, *asks} - scaled.keys():
            scaled[text] = 0 if text is None else _scaled(text)  # None is irregular already
        above = list(map(gt, map(scaled.__getitem__, bids), map(scaled.__getitem__, asks)))
        return {at for at, is_above in enumerate(above) if is_above} if True in above else set()

    def forget(self) -> None:
        """Bound the memory, whatever the client sends."""
        _bound(self._canonical)
        _bound(self._scaled)


class Timestamps:
    """Columns of event times."""

    def __init__(self, latest_ns: int) -> None:
        """Remember nothing yet; ``latest_ns`` is the last event time to accept, in epoch nanoseconds."""
        self._last_ns = min(latest_ns, schema.END_NS - 1)
        self._minutes: dict[str, int | None] = {}
        self._tails: dict[str, int | None] = {}

    def normalise(self, column: list[Any]) -> Normalised:
        """Epoch nanoseconds; irregular are those out of range, and None for a value that is not a time."""
        kinds = set(map(type, column))
        stored: list[Any]
        if kinds == {str}:
            are_digits = column[0].isdigit() and columns.all_match("[0-9]{1,19}", column)
            stored = list(map(int, column)) if are_digits else self._from_rfc3339(column)
        elif kinds == {int}:
            stored = column
        else:
            stored = [_parsed_or_none(schema.parse_timestamp, value) for value in column]
        first, last = schema.EARLIEST_NS, self._last_ns
        try:
            if min(stored) >= first and max(stored) <= last:
                return stored, set()
        except TypeError:  # some are None
            pass
        return stored, {at for at, ns in enumerate(stored) if ns is None or not first <= ns <= last}

    def _from_rfc3339(self, column: list[str]) -> list[Any]:
        """Epoch nanoseconds of the minute, which is remembered, plus those of the seconds and the offset behind it."""
        minutes, tails = self._minutes, self._tails
        heads = [text[:_MINUTE_LENGTH] for text in column]
        rests = [text[_MINUTE_LENGTH:] for text in column]
        for head in set(heads) - minutes.keys():
            minutes[head] = _parsed_or_none(schema.parse_timestamp, head + ":00Z")
        nanos: list[Any] | None = columns.nanoseconds_of_utc(rests)
        if nanos is None:
            for rest in set(rests) - tails.keys():
                moment = _parsed_or_none(schema.parse_timestamp, _ANY_MINUTE + rest)
                tails[rest] = None if moment is None else moment - schema.parse_timestamp(_ANY_MINUTE + ":00Z")
            nanos = list(map(tails.__getitem__, rests))
        whole: list[Any] = list(map(minutes.__getitem__, heads))
        try:
            return list(map(add, whole, nanos))
        except TypeError:  # some are None
            return [None if a is None or b is None else a + b for a, b in zip(whole, nanos, strict=True)]

    def forget(self) -> None:
        """Bound the memory, whatever the client sends."""
        _bound(self._minutes)
        _bound(self._tails)


def _bound(memory: set[Any] | dict[Any, Any]) -> None:
    if len(memory) > REMEMBERED_VALUES:
        memory.clear()


def _parsed_or_none(parse: Callable[[Any], Any], value: object) -> Any:
    """The result of the schema's function; None if it rejects the value."""
    try:
        return parse(value)
    except ValueError:
        return None


def _canonical_decimals(values: set[Any]) -> dict[str | int | bytes, str | None]:
    """The canonical text of each value (text, int, or digits of another number); None if it is not a decimal."""
    kinds = set(map(type, values))
    if kinds == {int} and min(values) > 0 and max(values) < 10**schema.INTEGER_DIGITS:
        return dict(zip(values, map(str, values), strict=True))
    if kinds == {str}:
        is_canonical = _CANONICAL_DECIMAL.fullmatch
        return {text: text if is_canonical(text) else _parsed_or_none(schema.parse_decimal, text) for text in values}
    return {value: _parsed_or_none(schema.parse_decimal, _as_loaded(value)) for value in values}


def _as_loaded(value: Any) -> Any:
    """The value as ``schema.loads`` returns it."""
    return schema.JsonNumber(value.decode()) if type(value) is bytes else value


def _scaled(text: str) -> int:
    """A canonical decimal in units of its last allowed digit."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(schema.FRACTION_DIGITS, "0"))
