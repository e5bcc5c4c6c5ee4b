"""JSON texts to rows and back, by msgspec.

A row is a decoded record, an object with one attribute for each field of its record type. msgspec is imported with the
first batch, not with this module. README.md of the functions has the figures for choosing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from common import schema

from .columns import colons_in_json, number_to_digits

if TYPE_CHECKING:
    import msgspec

CHUNK_RECORDS = 4096  # at a time, so that memory grows with the body's bytes and not with the objects made of them
CHUNK_BYTES = 256 * CHUNK_RECORDS  # of JSON text; only records that are made to take memory are longer
LONG_CHUNK_RECORDS = 64  # at a time, if a chunk has more bytes


@cache
def row_classes() -> dict[str, Any]:
    """The class of the rows of each record type, by the type's name.

    msgspec checks that texts are texts. A decimal or a time may come as text or number; ``by_column`` examines it.
    """
    import msgspec

    return {
        kind.name: msgspec.defstruct(
            kind.name,
            [_attribute(spec) for spec in kind.fields],
            tag_field="type",
            tag=kind.name,
            forbid_unknown_fields=True,
            gc=False,  # nothing in a record refers back to it
        )
        for kind in schema.RECORD_TYPES.values()
    }


def _attribute(spec: schema.Field) -> Any:
    import msgspec

    kind: Any = str if spec.kind is schema.Kind.TEXT else Any
    return (spec.name, kind) if spec.required else (spec.name, kind | None | msgspec.UnsetType, msgspec.UNSET)


@cache
def absent_values() -> frozenset[Any]:
    """The values of an optional text that was not sent: ``null``, or no such name in the record."""
    import msgspec

    return frozenset({None, msgspec.UNSET})


def count_unnamed(column: list[Any]) -> int:
    """The number of rows whose record did not have this column's name."""
    import msgspec

    return column.count(msgspec.UNSET)


@cache
def record_decoder() -> msgspec.json.Decoder[Any]:
    """Decodes one record; raises ``undecodable()`` if it is not regular."""
    import msgspec

    return msgspec.json.Decoder(reduce(or_, row_classes().values()), float_hook=number_to_digits)


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
    """The exceptions that decoding raises for a text that is not regular."""
    import msgspec

    return (msgspec.DecodeError, RecursionError, ValueError)


def raw_records(body: bytes) -> Sequence[msgspec.Raw] | None:
    """The records of a JSON envelope, each still as its JSON text; None if the envelope is in doubt."""
    try:
        records: list[msgspec.Raw] = _envelope_decoder().decode(body).records
    except undecodable():
        return None
    # The envelope's one name has the one colon outside of the records. More colons mean that a name came twice.
    colons = sum(colons_in_json(chunk) for _, chunk in chunks(records))
    return records if body.count(b":") == 1 + colons else None


def chunks(items: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The items chunk by chunk, each with the position of its first item.

    A chunk of long items has fewer of them, because an item may consist of brackets, each of which becomes an object.
    """
    for start in range(0, len(items), CHUNK_RECORDS):
        chunk = items[start : start + CHUNK_RECORDS]
        records = CHUNK_RECORDS if sum(map(len, chunk)) <= CHUNK_BYTES else LONG_CHUNK_RECORDS
        for at in range(0, len(chunk), records):
            yield start + at, chunk[at : at + records]


def decode_rows(items: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """The items as rows, and the positions of those that are not regular, whose row is None."""
    decode = record_decoder().decode
    try:
        if max(map(len, items)) <= schema.MAX_RECORD_CHARACTERS:
            return list(map(decode, items)), []
    except undecodable():
        pass  # the loop below finds out which
    rows = [_decoded_or_none(decode, item) for item in items]
    return rows, [at for at, row in enumerate(rows) if row is None]


def _decoded_or_none(decode: Callable[[Any], Any], item: Any) -> Any:
    try:
        return decode(item) if len(item) <= schema.MAX_RECORD_CHARACTERS else None
    except undecodable():
        return None


def encode_rows(rows: Sequence[Any]) -> bytes:
    """The stored lines of rows (and of records, which are dictionaries): NDJSON, fields in the schema's order."""
    return _encoder().encode_lines(rows)
