"""Validation by column: msgspec decodes a chunk of records, then each rule runs once for each distinct value of a field.

A record is *regular* when this module can prove, by the schema's own rules, that ``schema.parse_record`` accepts it. This
module then makes its stored line. Everything else (a fault, an unknown field, ``null`` for a required field, an escape
that is no character) goes to ``schema.parse_record``, which alone knows the reasons. So doubt costs time and never
changes an answer.

``Validator.lines`` takes a chunk through these steps:

1. ``decoding.decode_rows`` makes one row of each record. Decimals stay exact, because numbers arrive as their digits.
2. ``_repeated_names`` finds the records that may have a name twice, which msgspec does not report.
3. ``fields`` brings each column of a record type into its stored form and notes the positions of irregular values.
4. ``exact``, which the caller provides, validates the records at the noted positions one by one.
5. ``decoding.encode_rows`` writes the lines.

The operations that make columns fast, with their proofs and figures, are in ``columns``. README.md of the functions has
the figures of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from common import schema

from . import columns, decoding, fields


class Validator:
    """Validates the records of one batch, chunk by chunk.

    Attributes:
        earliest_ns: The first event time of the records accepted so far, in epoch nanoseconds.
    """

    def __init__(self, allows: Callable[[str], bool], latest_ns: int) -> None:
        """Begin a batch.

        Args:
            allows: Whether the client may send a symbol.
            latest_ns: The last event time to accept, in epoch nanoseconds.
        """
        self.earliest_ns = schema.END_NS
        self._texts = fields.Texts(allows)
        self._decimals = fields.Decimals()
        self._timestamps = fields.Timestamps(latest_ns)

    def lines(self, items: Sequence[Any], exact: Callable[[int], schema.Record | None]) -> tuple[bytes, int]:
        """The stored lines of a chunk, and their number.

        Args:
            items: The JSON texts of the records.
            exact: Validates the item at a position and returns its record, or None if it rejects the item. It is called
                for each irregular item, in ascending order.
        """
        rows, irregular = decoding.decode_rows(items)
        for kind in schema.RECORD_TYPES.values():
            row_class = decoding.row_classes()[kind.name]
            positions = [at for at, row in enumerate(rows) if row.__class__ is row_class]
            if positions:
                texts = [items[at] for at in positions]
                irregular_rows = self._normalise(kind, [rows[at] for at in positions], texts)
                irregular += [positions[at] for at in irregular_rows]
        for at in sorted(irregular):
            rows[at] = record = exact(at)
            if record is not None:
                self.earliest_ns = min(self.earliest_ns, int(record["ts"]))
        accepted = [row for row in rows if row is not None] if irregular else rows
        for memory in (self._texts, self._decimals, self._timestamps):
            memory.forget()
        return decoding.encode_rows(accepted), len(accepted)

    def _normalise(self, kind: schema.RecordType, rows: list[Any], texts: list[Any]) -> set[int]:
        """Bring the rows of one type into their stored form; returns the positions of the irregular ones."""
        values = {spec.name: list(map(attrgetter(spec.name), rows)) for spec in kind.fields}
        irregular = _repeated_names(kind, texts, values)
        for spec in kind.fields:
            stored, irregular_values = self._normalise_column(spec, values[spec.name])
            irregular |= irregular_values
            if stored is not values[spec.name]:
                columns.set_column(rows, spec.name, stored)
            values[spec.name] = stored
        if kind is schema.QUOTE:
            irregular |= self._decimals.crossed(values["bid"], values["ask"])
        times = values["ts"] if not irregular else [ns for at, ns in enumerate(values["ts"]) if at not in irregular]
        self.earliest_ns = min(self.earliest_ns, min(times, default=schema.END_NS))
        return irregular

    def _normalise_column(self, spec: schema.Field, column: list[Any]) -> fields.Normalised:
        if spec.kind is schema.Kind.TEXT:
            return self._texts.normalise(spec, column)
        if spec.kind is schema.Kind.DECIMAL:
            return self._decimals.normalise(column)
        return self._timestamps.normalise(column)


def _repeated_names(kind: schema.RecordType, texts: list[Any], values: dict[str, list[Any]]) -> set[int]:
    """Positions of the records that may have a name twice. One count over all records nearly always finds none.

    Args:
        kind: The type of the records.
        texts: Their JSON texts.
        values: Their decoded columns, by the name of the field.
    """
    if _names_are_distinct(kind, texts, values):
        return set()
    return {
        at
        for at, text in enumerate(texts)
        if not _names_are_distinct(kind, [text], {name: [column[at]] for name, column in values.items()})
    }


def _names_are_distinct(kind: schema.RecordType, texts: list[Any], values: dict[str, list[Any]]) -> bool:
    unnamed = sum(decoding.count_unnamed(values[spec.name]) for spec in kind.fields if not spec.required)
    names = len(texts) * (1 + len(kind.fields)) - unnamed  # the one is "type"
    value_colons = sum(columns.colons_in_values(values[name]) for name in _fields_with_colons(kind))
    return columns.names_are_distinct(texts, names, value_colons)


@cache
def _fields_with_colons(kind: schema.RecordType) -> tuple[str, ...]:
    """The fields whose regular values may have a colon."""
    return tuple(
        spec.name for spec in kind.fields if spec.kind is schema.Kind.TIMESTAMP or re.fullmatch(spec.pattern, ":")
    )
