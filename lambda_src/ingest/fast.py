"""Validation at the speed of columns: msgspec decodes, and each rule is applied once to each distinct value of a field.

A record is *regular* when this module can tell by the schema's own rules that ``schema.parse_record`` would accept it;
then its stored line is made here. Everything else (a fault, an unknown field, ``null`` where something must be, an
escape that is no character) goes to ``schema.parse_record``, which alone knows the reasons. So a doubt costs time and
never changes an answer. Decimals stay exact: msgspec hands over each number's own digits (``float_hook``), as bytes, so
that they are not taken for a text, for which the rules are stricter. Of two values for one name msgspec keeps the last
without a word; ``_names_are_distinct`` proves that there are none.

Why msgspec, with figures: lambda_src/README.md.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, reduce
from itertools import repeat
from operator import add, attrgetter, gt, mul, or_
from typing import TYPE_CHECKING, Any

from common import patterns, schema

if TYPE_CHECKING:
    import msgspec

CHUNK_RECORDS = 4096  # at a time, so that memory grows with the body's bytes and not with its objects
CHUNK_BYTES = 256 * CHUNK_RECORDS  # of JSON text; records are shorter, but for those that are made to take memory
LONG_RECORDS = 64  # at a time, where there are more bytes
REMEMBERED_VALUES = 50_000  # of one field; more than that are not worth remembering

_CANONICAL = (  # as schema.parse_decimal leaves it; zero is none
    rf"(?:0\.[0-9]{{0,{schema.FRACTION_DIGITS - 1}}}[1-9]"
    rf"|[1-9][0-9]{{0,{schema.INTEGER_DIGITS - 1}}}(?:\.[0-9]{{0,{schema.FRACTION_DIGITS - 1}}}[1-9])?)"
)
_MINUTE = len("2026-01-02T15:04")
_NANO_DIGITS = 9
_ANY_MINUTE = "2050-01-01T00:00"


@cache
def _classes() -> dict[str, Any]:
    """For each kind of record a class that holds a decoded one: an attribute for each field.

    Texts are checked to be texts; decimals and times may come as text or number and are looked at afterwards.
    """
    import msgspec

    return {
        kind.name: msgspec.defstruct(
            kind.name,
            [_field(spec) for spec in kind.fields],
            tag_field="type",
            tag=kind.name,
            forbid_unknown_fields=True,
            gc=False,  # nothing in a record refers back to it
        )
        for kind in schema.RECORD_TYPES.values()
    }


@cache
def _decoder() -> msgspec.json.Decoder[Any]:
    """Decodes one record; raises where it is not regular."""
    import msgspec

    return msgspec.json.Decoder(reduce(or_, _classes().values()), float_hook=str.encode)


def _field(spec: schema.Field) -> Any:
    import msgspec

    kind: Any = str if spec.kind is schema.Kind.TEXT else Any
    return (spec.name, kind) if spec.required else (spec.name, kind | None | msgspec.UnsetType, msgspec.UNSET)


@cache
def _empty() -> frozenset[Any]:
    """What an optional text is that was not given: ``null``, or no such name at all."""
    import msgspec

    return frozenset({None, msgspec.UNSET})


@cache
def _envelope_decoder() -> msgspec.json.Decoder[Any]:
    import msgspec

    envelope = msgspec.defstruct("envelope", [("records", list[msgspec.Raw])], forbid_unknown_fields=True)
    return msgspec.json.Decoder(envelope)


@cache
def _encoder() -> msgspec.json.Encoder:
    import msgspec

    return msgspec.json.Encoder()


@cache
def undecodable() -> tuple[type[Exception], ...]:
    """What decoding raises for a text that is not regular."""
    import msgspec

    return (msgspec.DecodeError, RecursionError, ValueError)


def raw_records(body: bytes) -> Sequence[msgspec.Raw] | None:
    """The records of a JSON envelope, each still as its JSON text; None where the envelope is not plainly one."""
    try:
        records: list[msgspec.Raw] = _envelope_decoder().decode(body).records
    except undecodable():
        return None
    # A colon stands after each name of the envelope, the others in the records: more than one are a name that came again.
    colons = sum(b"".join(chunk).count(b":") for _, chunk in chunks(records))
    return records if body.count(b":") == 1 + colons else None


def chunks(items: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The items chunk by chunk, each with the position of its first. Of long ones there are fewer: one may be all brackets."""
    for start in range(0, len(items), CHUNK_RECORDS):
        chunk = items[start : start + CHUNK_RECORDS]
        records = CHUNK_RECORDS if sum(map(len, chunk)) <= CHUNK_BYTES else LONG_RECORDS
        for at in range(0, len(chunk), records):
            yield start + at, chunk[at : at + records]


class Validator:
    """Validates the records of one batch, chunk by chunk, and remembers what it has learnt of their values."""

    def __init__(self, allows: Callable[[str], bool], latest_ns: int) -> None:
        self._allows = allows
        self._latest_ns = latest_ns
        self._texts: dict[str, set[str]] = {}
        self._decimals: dict[str | int | bytes, str | None] = {}
        self._scaled: dict[str | None, int] = {}
        self._minutes: dict[str, int | None] = {}
        self._tails: dict[str, int | None] = {}
        self.earliest_ns = schema.END_NS

    def lines(self, items: Sequence[Any], exact: Callable[[int], schema.Record | None]) -> tuple[bytes, int]:
        """The stored lines of a chunk, and how many they are.

        ``exact`` gets the position of each irregular item in ``items``, in rising order, and returns its record, or
        None where it is refused.
        """
        rows, doubtful = _decoded(items)
        for kind in schema.RECORD_TYPES.values():
            made = _classes()[kind.name]
            where = [index for index, row in enumerate(rows) if row.__class__ is made]
            if where:
                texts = [items[index] for index in where]
                doubtful += [where[at] for at in self._normalise(kind, [rows[index] for index in where], texts)]
        for index in sorted(doubtful):
            rows[index] = record = exact(index)
            if record is not None:
                self.earliest_ns = min(self.earliest_ns, int(record["ts"]))
        kept = [row for row in rows if row is not None] if doubtful else rows
        self._forget()
        return _encoder().encode_lines(kept), len(kept)

    def _normalise(self, kind: schema.RecordType, rows: list[Any], texts: list[Any]) -> set[int]:
        """Bring the rows of one kind into their stored form; returns the positions of those that are not regular.

        ``texts`` are the JSON texts that the rows were decoded from.
        """
        columns = {spec.name: list(map(attrgetter(spec.name), rows)) for spec in kind.fields}
        doubtful = _may_repeat_a_name(kind, texts, columns)
        for spec in kind.fields:
            column = columns[spec.name]
            if spec.kind is schema.Kind.TEXT:
                stored, bad = self._text(spec, column)
            elif spec.kind is schema.Kind.DECIMAL:
                stored, bad = self._decimal(column)
            else:
                stored, bad = self._timestamp(column)
            doubtful |= bad
            if stored is not column:
                deque(map(setattr, rows, repeat(spec.name), stored), maxlen=0)
            columns[spec.name] = stored
        if kind is schema.QUOTE:
            doubtful |= self._crossed(columns["bid"], columns["ask"])
        times = columns["ts"] if not doubtful else [ns for at, ns in enumerate(columns["ts"]) if at not in doubtful]
        self.earliest_ns = min(self.earliest_ns, min(times, default=schema.END_NS))
        return doubtful

    def _text(self, spec: schema.Field, column: list[Any]) -> tuple[list[Any], set[int]]:
        known, empty = self._texts.setdefault(spec.name, set()), _empty()
        distinct = set(column)
        new = distinct - known - empty  # which only an optional field can be
        accepted = self._accepted(spec, new)
        bad: set[int] = set()
        if len(accepted) < len(new):
            good = known | accepted | empty
            bad = {at for at, value in enumerate(column) if value not in good}
        if len(new) < len(column) // 2:  # identifiers do not come again
            known |= accepted
        if distinct.isdisjoint(empty):
            return column, bad
        return ["" if value in empty else value for value in column], bad

    def _accepted(self, spec: schema.Field, values: set[Any]) -> set[str]:
        """Those of the values that the field may have."""
        if spec.choices:
            values = values & set(spec.choices)
        if spec.pattern and not _all_match(spec.pattern, values):
            values = {value for value in values if _one(spec.pattern).fullmatch(value)}
        if spec.name == "symbol":
            values = {value for value in values if self._allows(value)}
        return values

    def _decimal(self, column: list[Any]) -> tuple[list[Any], set[int]]:
        """Canonical texts; None, and the position, for what is no decimal of the schema."""
        kinds = set(map(type, column))
        if not kinds <= {str, int, bytes}:
            # Not isinstance: true and false are ints to Python. No field takes the empty text.
            column = [value if type(value) in (str, int, bytes) else "" for value in column]
        known, distinct = self._decimals, set(column)
        new = distinct - known.keys()
        found = _decimals(new)
        if len(new) == len(distinct) > len(column) // 2:
            known = found  # so many at once are not worth remembering
        else:
            known.update(found)
        stored = list(map(known.__getitem__, column))
        bad = {at for at, value in enumerate(stored) if value is None} if None in stored else set()
        return (column if stored == column else stored), bad

    def _crossed(self, bids: list[str | None], asks: list[str | None]) -> set[int]:
        """Positions where the bid is above the ask."""
        known = self._scaled
        for text in {*bids, *asks} - known.keys():
            known[text] = 0 if text is None else _scaled(text)  # None: at fault already
        crossed = list(map(gt, map(known.__getitem__, bids), map(known.__getitem__, asks)))
        return {at for at, is_crossed in enumerate(crossed) if is_crossed} if True in crossed else set()

    def _timestamp(self, column: list[Any]) -> tuple[list[Any], set[int]]:
        kinds = set(map(type, column))
        if kinds == {str}:
            digits = column[0].isdigit() and _all_match("[0-9]{1,19}", column)
            stored = list(map(int, column)) if digits else self._rfc3339(column)
        elif kinds == {int}:
            stored = column
        else:
            stored = [_value_or_none(schema.parse_timestamp, value) for value in column]
        try:
            regular = min(stored) >= schema.EARLIEST_NS and max(stored) <= self._last
        except TypeError:  # some are None
            regular = False
        if regular:
            return stored, set()
        return stored, {at for at, ns in enumerate(stored) if ns is None or not schema.EARLIEST_NS <= ns <= self._last}

    @property
    def _last(self) -> int:
        return min(self._latest_ns, schema.END_NS - 1)

    def _rfc3339(self, column: list[str]) -> list[Any]:
        """Epoch nanoseconds: those of the minute, remembered, plus those of the seconds and the offset."""
        minutes, tails = self._minutes, self._tails
        heads = [text[:_MINUTE] for text in column]
        rests = [text[_MINUTE:] for text in column]
        for head in set(heads) - minutes.keys():
            minutes[head] = _value_or_none(schema.parse_timestamp, head + ":00Z")
        nanos = _seconds_of_utc(rests)
        if nanos is None:
            for rest in set(rests) - tails.keys():
                moment = _value_or_none(schema.parse_timestamp, _ANY_MINUTE + rest)
                tails[rest] = None if moment is None else moment - schema.parse_timestamp(_ANY_MINUTE + ":00Z")
            nanos = list(map(tails.__getitem__, rests))
        whole = list(map(minutes.__getitem__, heads))
        try:
            return list(map(add, whole, nanos))
        except TypeError:  # some are None
            return [None if a is None or b is None else a + b for a, b in zip(whole, nanos, strict=True)]

    def _forget(self) -> None:
        """Keep memory bounded whatever the client sends."""
        remembered: list[Any] = [*self._texts.values(), self._decimals, self._scaled, self._minutes, self._tails]
        for known in remembered:
            if len(known) > REMEMBERED_VALUES:
                known.clear()


def _decoded(items: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """The items as objects; None, and the position, for one that is not regular."""
    decode = _decoder().decode
    try:
        if max(map(len, items)) <= schema.MAX_RECORD_CHARACTERS:
            return list(map(decode, items)), []
    except undecodable():
        pass  # one by one, below
    rows = [_decoded_or_none(decode, item) for item in items]
    return rows, [at for at, row in enumerate(rows) if row is None]


def _decoded_or_none(decode: Callable[[Any], Any], item: Any) -> Any:
    try:
        return decode(item) if len(item) <= schema.MAX_RECORD_CHARACTERS else None
    except undecodable():
        return None


def _may_repeat_a_name(kind: schema.RecordType, texts: list[Any], columns: dict[str, list[Any]]) -> set[int]:
    """Positions of the records that may have a name twice: nearly always none, found by counting once over all."""
    if _names_are_distinct(kind, texts, columns):
        return set()
    return {
        at
        for at, text in enumerate(texts)
        if not _names_are_distinct(kind, [text], {name: [column[at]] for name, column in columns.items()})
    }


def _names_are_distinct(kind: schema.RecordType, texts: list[Any], columns: dict[str, list[Any]]) -> bool:
    """Whether no record has a name twice; a wrong no is possible, a wrong yes is not.

    ``columns`` hold the values as decoded. A colon follows each name in a text; all others are within strings, and those
    of the values in ``columns`` are known. So a text less these has at least as many colons as names, and at least as
    many names as distinct ones, which ``columns`` tell. Where the sums over all records are equal, they are for each.
    Only a colon written as \\u003a would be taken off without having been counted.
    """
    import msgspec

    joined = b"".join(texts)
    if b"\\" in joined and b"\\u003" in joined:
        return False
    absent = sum(columns[spec.name].count(msgspec.UNSET) for spec in kind.fields if not spec.required)
    names = len(texts) * (1 + len(kind.fields)) - absent
    return joined.count(b":") == names + sum(_colons(columns[name]) for name in _names_with_colons(kind))


@cache
def _names_with_colons(kind: schema.RecordType) -> tuple[str, ...]:
    """The fields whose regular values may have a colon."""
    is_time = {spec.name for spec in kind.fields if spec.kind is schema.Kind.TIMESTAMP}
    return tuple(spec.name for spec in kind.fields if spec.name in is_time or re.fullmatch(spec.pattern, ":"))


def _colons(column: list[Any]) -> int:
    try:
        return "".join(column).count(":")
    except TypeError:  # not all are texts
        return sum(value.count(":") for value in column if type(value) is str)


def _value_or_none(parse: Callable[[Any], Any], value: object) -> Any:
    """What the schema makes of a value; None where it refuses it."""
    try:
        return parse(value)
    except ValueError:
        return None


@cache
def _one(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _many(pattern: str) -> re.Pattern[str]:
    """Lines that each match the pattern; possessive, for nothing is gained by trying again."""
    return re.compile(patterns.repeated(rf"(?:{pattern})\n") + rf"(?:{pattern})")


def _all_match(pattern: str, values: Collection[str]) -> bool:
    """Whether each value matches as a whole: one run of the regular expression over all of them.

    A value with a line feed of its own is noticed by the count; no pattern of the schema has one.
    """
    if not values:
        return True
    joined = "\n".join(values)
    return joined.count("\n") == len(values) - 1 and _many(pattern).fullmatch(joined) is not None


def _seconds_of_utc(rests: list[str]) -> list[Any] | None:
    """Nanoseconds where every text is like ``:07Z`` or ``:07.123456789Z``, with any number of digits; else None."""
    digits = len(rests[0]) - len(":00.Z")
    if 0 < digits <= _NANO_DIGITS and _all_match(rf":[0-5][0-9]\.[0-9]{{{digits}}}Z", rests):
        numbers = map(int, "".join(rests).replace(".", "")[1:-1].split("Z:"))
        return list(numbers if digits == _NANO_DIGITS else map(mul, numbers, repeat(10 ** (_NANO_DIGITS - digits))))
    if _all_match(rf":[0-5][0-9](?:\.[0-9]{{1,{_NANO_DIGITS}}})?Z", rests):
        return [int(rest[1:3] + rest[4:-1].ljust(_NANO_DIGITS, "0")) for rest in rests]
    return None


def _decimals(values: set[Any]) -> dict[str | int | bytes, str | None]:
    """Canonical texts of decimals given as text, int, or the digits of another number; None for what is none."""
    kinds = set(map(type, values))
    if kinds == {int} and min(values) > 0 and max(values) < 10**schema.INTEGER_DIGITS:
        return dict(zip(values, map(str, values), strict=True))
    if kinds == {str}:
        is_canonical = _one(_CANONICAL).fullmatch
        return {text: text if is_canonical(text) else _value_or_none(schema.parse_decimal, text) for text in values}
    return {value: _value_or_none(schema.parse_decimal, _undecoded(value)) for value in values}


def _undecoded(value: Any) -> Any:
    """As ``schema.loads`` would have it."""
    return schema.JsonNumber(value.decode()) if type(value) is bytes else value


def _scaled(text: str) -> int:
    """A canonical decimal in units of its last allowed digit."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(schema.FRACTION_DIGITS, "0"))
