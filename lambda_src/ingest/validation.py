"""From a body to its accepted and rejected records, without AWS.

Two ways lead to the same answer. ``validate_exactly`` is the plain way, record by record with ``common.schema``.
``validate`` takes the quick way of ``ingest.by_column`` for regular records. It takes the plain way for single irregular
records, and for the whole body if the body's form is in doubt.

A body stays bytes, because in a text one wide character makes all others take four bytes. Lines are taken from it one
window at a time, because 64 MiB of short lines are two gigabytes of Python objects. Only records become text, and a
document in doubt, whose size is then limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import filterfalse
from typing import Any

from common import patterns, schema
from common.errors import RequestError

from . import by_column, decoding

MAX_RECORDS = 500_000
MAX_COMMAS = (
    8 * MAX_RECORDS
)  # so many have records with all fields; the limit bounds the memory that other JSON would take
MAX_REJECTED = 10_000

JSON_TYPES = frozenset({"application/json", ""})
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
GZIP_TYPES = frozenset({"application/gzip", "application/x-gzip"})
MEDIA_TYPES = JSON_TYPES | NDJSON_TYPES | GZIP_TYPES

_NOT_JSON = "is not valid JSON"
_NO_DOCUMENT = object()
_TOO_LONG = f"is longer than {schema.MAX_RECORD_CHARACTERS} characters"
# Limits of a document in doubt, which must be in memory as a whole:
_MAX_DOUBTFUL_VALUES = 1_000_000  # commas, and opening brackets
_MAX_DOUBTFUL_BYTES = 128 * 1024 * 1024  # as text
_ASTRAL_LEADS = [bytes([lead]) for lead in range(0xF0, 0xF5)]  # the first bytes of characters of four bytes
_MAX_CHARACTER_BYTES = 4  # in UTF-8 and in Python's memory
_WINDOW_BYTES = 256 * 1024  # of lines, taken from a body at a time
# White space as str.strip() defines it, in UTF-8. bytes.strip() knows that of ASCII except the separators.
_SEPARATORS = (b"\x1c", b"\x1d", b"\x1e", b"\x1f")
_BLANK = re.compile(
    patterns.repeated(
        r"[\t-\r\x1c-\x20]++|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
    ).encode("ascii")
)
_MAX_BRACKETS = 100  # in one irregular record; a deeper nesting counts together with that of the body


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected record: its 0-based position in the batch, the field at fault (or ``""``) and the reason."""

    index: int
    field: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """The form in the answer."""
        return {"index": self.index, "field": self.field or None, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """The accepted and the rejected records of a body.

    Attributes:
        lines: The NDJSON of the accepted records, in the order received.
        accepted: The number of accepted records.
        earliest_ns: The first event time of the accepted records, in epoch nanoseconds.
        rejected: The rejected records, in the order received.
    """

    lines: bytes
    accepted: int
    earliest_ns: int
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for the records of one client at this moment.

    Attributes:
        allows: Whether the client may send a symbol.
        latest_ns: The last event time to accept, in epoch nanoseconds.
    """

    allows: Callable[[str], bool] = field(default=lambda _: True)
    latest_ns: int = schema.END_NS

    def record(self, raw: object) -> schema.Record:
        """The validated record. Raises RecordError."""
        record = schema.parse_record(raw, self.latest_ns)
        if not self.allows(str(record["symbol"])):
            raise schema.RecordError("symbol", "is not in this API key's entitlement")
        return record


class _InDoubtError(Exception):
    """Only the plain way over the whole document can find the answer."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Takes the place of the value of a line that cannot be read."""

    reason: str


def validate(body: bytes | str, media_type: str, rules: Rules) -> ValidationResult:
    """Validate a body (UTF-8, without a byte order mark) by the quick way.

    Raises RequestError 400, 413 or 422 if the body as a whole is invalid.
    """
    plain = _utf8(body)
    if len(plain) > MAX_COMMAS and plain.count(b",") > MAX_COMMAS:
        raise RequestError(413, "too_large", f"The body has more than {MAX_COMMAS} commas; that is the limit")
    items = _raw_items(plain, media_type)
    if items is not None:
        if len(items) > MAX_RECORDS:
            raise _too_many_records()
        try:
            return _QuickRun(items, rules, is_document=not isinstance(items[0], bytes)).result()
        except _InDoubtError:
            items = None  # frees memory
    if not _fits_in_memory(plain):
        message = 'The body is not JSON, not a batch, has "records" more than once, or is nested too deeply'
        raise RequestError(400, "malformed_body", message)
    return validate_exactly(plain, media_type, rules)


def validate_exactly(body: bytes | str, media_type: str, rules: Rules) -> ValidationResult:
    """Validate a body by the plain way, record by record. Raises RequestError like ``validate``.

    It does not know the length of a record's text in a document, so there it rejects no record for its length.
    """
    items = _items(_utf8(body), media_type)
    if len(items) > MAX_RECORDS:
        raise _too_many_records()
    lines: list[str] = []
    rejected: list[Rejection] = []
    earliest_ns = schema.END_NS
    for index, item in enumerate(items):
        try:
            if isinstance(item, _Unreadable):
                raise schema.RecordError("", item.reason)
            record = rules.record(item)
        except schema.RecordError as error:
            rejected.append(Rejection(index, error.field, error.reason))
            if len(rejected) > MAX_REJECTED:
                raise _too_many_rejected(rejected) from None
        else:
            lines.append(schema.dump_record(record) + "\n")
            earliest_ns = min(earliest_ns, int(record["ts"]))
    return ValidationResult("".join(lines).encode("ascii"), len(lines), earliest_ns, tuple(rejected))


@dataclass
class _QuickRun:
    """One batch on the quick way, chunk by chunk.

    Attributes:
        items: The records, as lines of bytes or as a document's members in msgspec.Raw.
        rules: The rules for the client's records.
        is_document: Whether the body is one JSON document.
        accepted: The number of accepted records so far.
        rejected: The rejected records so far.
    """

    items: Sequence[Any]
    rules: Rules
    is_document: bool
    accepted: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def result(self) -> ValidationResult:
        """Raises RequestError, and _InDoubtError if the answer depends on more than single records."""
        validator = by_column.Validator(self.rules.allows, self.rules.latest_ns)
        lines: list[bytes] = []
        for start, chunk in decoding.chunks(self.items):
            stored, count = validator.lines(chunk, partial(self._validate_alone, start))
            lines.append(stored)
            self.accepted += count
        if not self.accepted:
            self._require_json(())
        return ValidationResult(b"".join(lines), self.accepted, validator.earliest_ns, tuple(self.rejected))

    def _validate_alone(self, start: int, at: int) -> schema.Record | None:
        """The record of an irregular item; None, and a rejection, if it is invalid."""
        try:
            return self.rules.record(_irregular_value(self.items[start + at], is_document=self.is_document))
        except schema.RecordError as error:
            self.rejected.append(Rejection(start + at, error.field, error.reason))
        if len(self.rejected) > MAX_REJECTED:
            if not self.accepted:
                self._require_json(self.items)
            raise _too_many_rejected(self.rejected)
        return None

    def _require_json(self, lines: Sequence[Any]) -> None:
        """Raises RequestError 400 if neither a rejected line nor one of ``lines`` is JSON. A document always is."""
        if self.is_document or any(rejection.reason not in (_NOT_JSON, _TOO_LONG) for rejection in self.rejected):
            return
        if all(isinstance(_value(line), _Unreadable) for line in lines):
            raise _no_line_is_json()


def _irregular_value(item: Any, *, is_document: bool) -> object:
    """The value of an irregular record. Raises RecordError for a line that is not JSON, and _InDoubtError."""
    value = _value(item)
    if isinstance(value, _Unreadable) and value.reason == _TOO_LONG:
        raise schema.RecordError("", value.reason)
    text = bytes(item)
    # A record that is nested deeply may be too deep as part of its document, which then is invalid as a whole.
    if is_document and (isinstance(value, _Unreadable) or text.count(b"{") + text.count(b"[") > _MAX_BRACKETS):
        raise _InDoubtError
    if isinstance(value, _Unreadable):
        raise schema.RecordError("", value.reason)
    return value


def _value(item: Any) -> object:
    """The value of a record's JSON text; ``_Unreadable`` with the reason if the text has none."""
    if len(item) > _MAX_CHARACTER_BYTES * schema.MAX_RECORD_CHARACTERS:
        return _Unreadable(_TOO_LONG)
    text = bytes(item).decode()
    if len(text) > schema.MAX_RECORD_CHARACTERS:
        return _Unreadable(_TOO_LONG)
    try:
        return schema.loads(text)
    except ValueError:
        return _Unreadable(_NOT_JSON)


def _utf8(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _fits_in_memory(body: bytes) -> bool:
    """Whether a document in doubt takes little memory as text and as objects. Each object has a comma or a bracket."""
    if max(body.count(b","), body.count(b"[") + body.count(b"{")) > _MAX_DOUBTFUL_VALUES:
        return False
    is_wide = not body.isascii() and any(lead in body for lead in _ASTRAL_LEADS)
    return not is_wide or len(body) * _MAX_CHARACTER_BYTES <= _MAX_DOUBTFUL_BYTES


def _raw_items(body: bytes, media_type: str) -> Sequence[Any] | None:
    """The records as JSON texts (lines as bytes, members of a document as msgspec.Raw); None if that is in doubt.

    Raises RequestError 413 for too many lines.
    """
    if media_type not in NDJSON_TYPES:
        records = decoding.raw_records(body)
        if records is not None or media_type in JSON_TYPES:
            return records or None
    lines: list[bytes] = []
    may_be_document = media_type in GZIP_TYPES
    for window_lines in _windows(body):
        lines += window_lines
        if may_be_document and len(lines) > 1:
            if _begins_document(lines[0]):
                return None
            may_be_document = False
        if len(lines) > MAX_RECORDS:
            raise _too_many_records()
    return None if may_be_document else lines or None


def _begins_document(line: bytes) -> bool:
    """Whether the value that begins here may continue in the next line, as only objects and arrays can."""
    return line.lstrip().startswith((b"{", b"[")) and isinstance(_value(line), _Unreadable)


def _windows(body: bytes) -> Iterator[list[bytes]]:
    """The lines that are not blank, one window at a time, so that a caller can stop counting before memory fills."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _WINDOW_BYTES) + 1 or len(body)
        window = body[start:end]
        start = end
        if window.isspace() or _BLANK.fullmatch(window):
            continue
        lines = list(filter(bytes.strip, window.split(b"\n")))
        # Most bodies have only blanks that bytes.strip knows.
        has_others = not window.isascii() or any(mark in window for mark in _SEPARATORS)
        yield list(filterfalse(_BLANK.fullmatch, lines)) if has_others else lines


def _items(body: bytes, media_type: str) -> Sequence[object]:
    """The batch's records, unvalidated. Raises RequestError 400 for a body that is not a batch."""
    if media_type in NDJSON_TYPES:
        return _lines(body)
    try:
        document = schema.loads(body)
    except ValueError as error:
        if media_type not in GZIP_TYPES:
            raise RequestError(400, "malformed_body", f"The body is not JSON: {error}"[:200]) from None
        document = _NO_DOCUMENT
    if document is _NO_DOCUMENT:  # not in the except clause, where the error and its text are still in memory
        return _lines(body)
    if media_type in GZIP_TYPES and isinstance(document, dict) and "records" not in document:
        return [document]  # NDJSON of one line
    return _envelope(document)


def _envelope(document: object) -> Sequence[object]:
    if isinstance(document, dict) and schema.REPEATED in document:
        name = str(document[schema.REPEATED])[:40]
        raise RequestError(400, "malformed_body", f"The body has the member {name!a} more than once")
    if not isinstance(document, dict) or set(document) != {"records"}:
        raise RequestError(400, "malformed_body", 'The body must be a JSON object with one member, "records"')
    records = document["records"]
    if not isinstance(records, list):
        raise RequestError(400, "malformed_body", '"records" must be an array')
    if not records:
        raise RequestError(400, "empty_body", "The batch holds no record")
    return records


def _lines(body: bytes) -> Sequence[object]:
    """One item for each line that is not blank; ``_Unreadable`` for a line that is not JSON."""
    items: list[object] = []
    for window_lines in _windows(body):
        items += map(_value, window_lines)
        if len(items) > MAX_RECORDS:
            raise _too_many_records()
    if all(isinstance(item, _Unreadable) for item in items):
        raise _no_line_is_json()
    return items


def _no_line_is_json() -> RequestError:
    return RequestError(
        400, "malformed_body", f"No line of the body is JSON of at most {schema.MAX_RECORD_CHARACTERS} characters"
    )


def _too_many_records() -> RequestError:
    return RequestError(413, "too_large", f"The batch has more than {MAX_RECORDS} records; that is the limit")


def _too_many_rejected(rejected: list[Rejection]) -> RequestError:
    message = f"More than {MAX_REJECTED} records are invalid; nothing was stored"
    details: dict[str, object] = {"firstRejected": [rejection.as_json() for rejection in rejected[:100]]}
    return RequestError(422, "too_many_rejected", message, details=details)
