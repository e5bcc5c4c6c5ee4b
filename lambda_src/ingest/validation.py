"""From a body to its accepted and rejected records: pure, no AWS.

There are two ways with one answer. ``validate_exactly`` is the plain one, record by record with ``common.schema``.
``validate`` takes the quick way of ``ingest.by_column`` for whatever is regular, and the plain one for single records that
are not, or for the whole body where its form is in doubt.

A body stays the bytes that it came as, because as text one wide character makes all others take four bytes, and lines are
taken from it a window at a time: 64 MiB of short lines are two gigabytes of Python's objects. Only records become text, and
a document in doubt, which must not be large then.
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
MAX_COMMAS = 8 * MAX_RECORDS  # of records with all fields; what it bounds is the memory that other JSON would take
MAX_REJECTED = 10_000

JSON_TYPES = frozenset({"application/json", ""})
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
GZIP_TYPES = frozenset({"application/gzip", "application/x-gzip"})
MEDIA_TYPES = JSON_TYPES | NDJSON_TYPES | GZIP_TYPES

_NO_JSON = "is not valid JSON"
_NO_DOCUMENT = object()
_TOO_LONG = f"is longer than {schema.MAX_RECORD_CHARACTERS} characters"
# Of a document that must be held in memory as a whole to be understood:
_MAX_PLAIN = 1_000_000  # commas, and opening brackets
_MAX_PLAIN_TEXT = 128 * 1024 * 1024  # bytes that it takes as text
_ASTRAL = [bytes([lead]) for lead in range(0xF0, 0xF5)]  # a character of four bytes begins with one of these
_LONGEST = 4  # bytes that a character takes, in UTF-8 and in Python's memory
_WINDOW_BYTES = 256 * 1024  # of lines, taken from a body at a time
# White space as str.strip() has it, in UTF-8; of that in ASCII, bytes.strip() has all but the separators.
_SEPARATORS = (b"\x1c", b"\x1d", b"\x1e", b"\x1f")
_BLANK = re.compile(
    patterns.repeated(
        r"[\t-\r\x1c-\x20]++|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
    ).encode("ascii")
)
_MAX_BRACKETS = 100  # in one irregular record; with more, its nesting counts together with that of the body


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused record: its 0-based position in the batch, the field at fault (or ``""``) and why."""

    index: int
    field: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """The form in the answer."""
        return {"index": self.index, "field": self.field or None, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Validated:
    """``lines`` is the NDJSON of the accepted records in the order received, ``earliest_ns`` their first event."""

    lines: bytes
    accepted: int
    earliest_ns: int
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the records of one client now.

    ``allows`` tells whether it may send a symbol; ``latest_ns`` is the last event time to accept.
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
    """Only the plain way over the whole document can tell what is to be answered."""


@dataclass(frozen=True, slots=True)
class _Unread:
    """Stands for a line that was not read, and says why."""

    reason: str


def validate(body: bytes | str, media_type: str, rules: Rules) -> Validated:
    """Validate a body (UTF-8, without a byte order mark), quickly.

    Raises RequestError 400, 413 or 422 where it cannot be taken as a whole.
    """
    plain = _utf8(body)
    if len(plain) > MAX_COMMAS and plain.count(b",") > MAX_COMMAS:
        raise RequestError(413, "too_large", f"The body has more than {MAX_COMMAS} commas; that is the limit")
    items = _raw_items(plain, media_type)
    if items is not None:
        if len(items) > MAX_RECORDS:
            raise _too_many_records()
        try:
            return _QuickRun(items, rules, is_document=not isinstance(items[0], bytes)).validated()
        except _InDoubtError:
            items = None  # frees memory
    if not _may_be_held(plain):
        message = 'The body is not JSON, not a batch, has "records" more than once, or is nested too deeply'
        raise RequestError(400, "malformed_body", message)
    return validate_exactly(plain, media_type, rules)


def validate_exactly(body: bytes | str, media_type: str, rules: Rules) -> Validated:
    """Validate a body, record by record. Raises RequestError as ``validate`` does.

    Of a document it does not know how long a record's text is, so it refuses none for that.
    """
    items = _items(_utf8(body), media_type)
    if len(items) > MAX_RECORDS:
        raise _too_many_records()
    lines: list[str] = []
    rejected: list[Rejection] = []
    earliest_ns = schema.END_NS
    for index, item in enumerate(items):
        try:
            if isinstance(item, _Unread):
                raise schema.RecordError("", item.reason)
            record = rules.record(item)
        except schema.RecordError as error:
            rejected.append(Rejection(index, error.field, error.reason))
            if len(rejected) > MAX_REJECTED:
                raise _too_many_rejected(rejected) from None
        else:
            lines.append(schema.dump_record(record) + "\n")
            earliest_ns = min(earliest_ns, int(record["ts"]))
    return Validated("".join(lines).encode("ascii"), len(lines), earliest_ns, tuple(rejected))


@dataclass
class _QuickRun:
    """One batch on the quick way, chunk by chunk; ``items`` are lines as bytes or a document's members as msgspec.Raw."""

    items: Sequence[Any]
    rules: Rules
    is_document: bool
    accepted: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def validated(self) -> Validated:
        """Raises RequestError, and _InDoubtError where the answer depends on more than single records."""
        validator = by_column.Validator(self.rules.allows, self.rules.latest_ns)
        lines: list[bytes] = []
        for start, chunk in decoding.chunks(self.items):
            stored, count = validator.lines(chunk, partial(self._exactly, start))
            lines.append(stored)
            self.accepted += count
        if not self.accepted:
            self._demand_json(())
        return Validated(b"".join(lines), self.accepted, validator.earliest_ns, tuple(self.rejected))

    def _exactly(self, start: int, at: int) -> schema.Record | None:
        """An irregular item's record; None, and a rejection, where it is refused."""
        try:
            return self.rules.record(_parsed(self.items[start + at], is_document=self.is_document))
        except schema.RecordError as error:
            self.rejected.append(Rejection(start + at, error.field, error.reason))
        if len(self.rejected) > MAX_REJECTED:
            if not self.accepted:
                self._demand_json(self.items)
            raise _too_many_rejected(self.rejected)
        return None

    def _demand_json(self, lines: Sequence[Any]) -> None:
        """Raises RequestError 400 where neither a refused line nor one of ``lines`` is JSON; a document is."""
        if self.is_document or any(rejection.reason not in (_NO_JSON, _TOO_LONG) for rejection in self.rejected):
            return
        if all(isinstance(_read(line), _Unread) for line in lines):
            raise _no_json()


def _parsed(item: Any, *, is_document: bool) -> object:
    """An irregular record's value. Raises RecordError for a line that is no JSON, and _InDoubtError."""
    value = _read(item)
    if isinstance(value, _Unread) and value.reason == _TOO_LONG:
        raise schema.RecordError("", value.reason)
    text = bytes(item)
    # As part of the document it may be nested too deeply, and then so is the document.
    if is_document and (isinstance(value, _Unread) or text.count(b"{") + text.count(b"[") > _MAX_BRACKETS):
        raise _InDoubtError
    if isinstance(value, _Unread):
        raise schema.RecordError("", value.reason)
    return value


def _read(item: Any) -> object:
    """The value of a record's JSON text, or why it has none."""
    if len(item) > _LONGEST * schema.MAX_RECORD_CHARACTERS:
        return _Unread(_TOO_LONG)
    text = bytes(item).decode()
    if len(text) > schema.MAX_RECORD_CHARACTERS:
        return _Unread(_TOO_LONG)
    try:
        return schema.loads(text)
    except ValueError:
        return _Unread(_NO_JSON)


def _utf8(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _may_be_held(body: bytes) -> bool:
    """Whether a document in doubt takes little memory as a text and as objects, of which each has a comma or a bracket."""
    if max(body.count(b","), body.count(b"[") + body.count(b"{")) > _MAX_PLAIN:
        return False
    is_wide = not body.isascii() and any(lead in body for lead in _ASTRAL)
    return not is_wide or len(body) * _LONGEST <= _MAX_PLAIN_TEXT


def _raw_items(body: bytes, media_type: str) -> Sequence[Any] | None:
    """The records as JSON texts (lines as bytes, members of a document as msgspec.Raw); None where that is in doubt.

    Raises RequestError 413 for too many lines.
    """
    if media_type not in NDJSON_TYPES:
        records = decoding.raw_records(body)
        if records is not None or media_type in JSON_TYPES:
            return records or None
    lines: list[bytes] = []
    may_be_document = media_type in GZIP_TYPES
    for some in _lines_of(body):
        lines += some
        if may_be_document and len(lines) > 1:
            if _begins_document(lines[0]):
                return None
            may_be_document = False
        if len(lines) > MAX_RECORDS:
            raise _too_many_records()
    return None if may_be_document else lines or None


def _begins_document(line: bytes) -> bool:
    """Whether more lines may belong to the value that begins here: only an object or an array goes on behind a line feed."""
    return line.lstrip().startswith((b"{", b"[")) and isinstance(_read(line), _Unread)


def _lines_of(body: bytes) -> Iterator[list[bytes]]:
    """The lines that are not blank, a window at a time: whoever counts them need not hold what is too many."""
    at = 0
    while at < len(body):
        end = body.find(b"\n", at + _WINDOW_BYTES) + 1 or len(body)
        window = body[at:end]
        at = end
        if window.isspace() or _BLANK.fullmatch(window):
            continue
        lines = list(filter(bytes.strip, window.split(b"\n")))
        # Most bodies have no blanks but those that bytes.strip knows.
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
    if document is _NO_DOCUMENT:  # looked at here, where the error and the text in it are gone
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
    """One item for each non-blank line; a line that is no JSON becomes a rejection of its own."""
    items: list[object] = []
    for some in _lines_of(body):
        items += map(_read, some)
        if len(items) > MAX_RECORDS:
            raise _too_many_records()
    if all(isinstance(item, _Unread) for item in items):
        raise _no_json()
    return items


def _no_json() -> RequestError:
    return RequestError(
        400, "malformed_body", f"No line of the body is JSON of at most {schema.MAX_RECORD_CHARACTERS} characters"
    )


def _too_many_records() -> RequestError:
    return RequestError(413, "too_large", f"The batch has more than {MAX_RECORDS} records; that is the limit")


def _too_many_rejected(rejected: list[Rejection]) -> RequestError:
    message = f"More than {MAX_REJECTED} records are invalid; nothing was stored"
    details: dict[str, object] = {"firstRejected": [rejection.as_json() for rejection in rejected[:100]]}
    return RequestError(422, "too_many_rejected", message, details=details)
