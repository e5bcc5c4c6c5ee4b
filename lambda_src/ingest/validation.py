"""From the text of a body to its accepted and rejected records: pure, no AWS.

There are two ways with one answer. ``validate_exactly`` is the plain one, record by record with ``common.schema``.
``validate`` takes the quick way of ``ingest.fast`` for whatever is regular, and the plain one for single records that
are not, or for the whole body where its form is in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from common import schema
from common.errors import RequestError

from . import fast

MAX_RECORDS = 500_000
MAX_COMMAS = 8 * MAX_RECORDS  # of records with all fields; what it bounds is the memory that other JSON would take
MAX_REJECTED = 10_000

JSON_TYPES = frozenset({"application/json", ""})
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
GZIP_TYPES = frozenset({"application/gzip", "application/x-gzip"})
MEDIA_TYPES = JSON_TYPES | NDJSON_TYPES | GZIP_TYPES

_UNPARSED = object()
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
    """Only the plain way over the whole body can tell what is to be answered."""


def validate(text: str, media_type: str, rules: Rules) -> Validated:
    """Validate a body's text, quickly. Raises RequestError 400, 413 or 422 where it cannot be taken as a whole."""
    if len(text) > MAX_COMMAS and text.count(",") > MAX_COMMAS:
        raise RequestError(413, "too_large", f"The body has more than {MAX_COMMAS} commas; that is the limit")
    items = _raw_items(text, media_type)
    if items is not None and len(items) <= MAX_RECORDS:
        try:
            return _validate_quickly(items, rules, is_document=not isinstance(items[0], str))
        except _InDoubtError:
            pass  # answered below
    return validate_exactly(text, media_type, rules)


def validate_exactly(text: str, media_type: str, rules: Rules) -> Validated:
    """Validate a body's text, record by record. Raises RequestError as ``validate`` does."""
    items = _items(text, media_type)
    if len(items) > MAX_RECORDS:
        raise _too_many_records()
    lines: list[str] = []
    rejected: list[Rejection] = []
    earliest_ns = schema.END_NS
    for index, item in enumerate(items):
        try:
            if item is _UNPARSED:
                raise schema.RecordError("", "is not valid JSON")
            record = rules.record(item)
        except schema.RecordError as error:
            rejected.append(Rejection(index, error.field, error.reason))
            if len(rejected) > MAX_REJECTED:
                raise _too_many_rejected(rejected) from None
        else:
            lines.append(schema.dump_record(record) + "\n")
            earliest_ns = min(earliest_ns, int(record["ts"]))
    return Validated("".join(lines).encode("ascii"), len(lines), earliest_ns, tuple(rejected))


def _validate_quickly(items: Sequence[Any], rules: Rules, *, is_document: bool) -> Validated:
    """Chunk by chunk; raises _InDoubtError where the answer depends on more than single records."""
    validator = fast.Validator(rules.allows, rules.latest_ns)
    rejected: list[Rejection] = []
    lines: list[bytes] = []
    accepted = 0
    for start in range(0, len(items), fast.CHUNK_RECORDS):
        chunk = items[start : start + fast.CHUNK_RECORDS]

        def exact(at: int, start: int = start, chunk: Sequence[Any] = chunk) -> schema.Record | None:
            try:
                return rules.record(_parsed(chunk[at], is_document=is_document))
            except schema.RecordError as error:
                rejected.append(Rejection(start + at, error.field, error.reason))
                if len(rejected) > MAX_REJECTED:
                    raise _InDoubtError from None
                return None

        chunk_lines, count = validator.lines(chunk, exact)
        lines.append(chunk_lines)
        accepted += count
    if not accepted:
        raise _InDoubtError  # perhaps no line is JSON at all
    return Validated(b"".join(lines), accepted, validator.earliest_ns, tuple(rejected))


def _parsed(item: Any, *, is_document: bool) -> object:
    """An irregular record's value. Raises RecordError for a line that is no JSON."""
    text = item if isinstance(item, str) else bytes(item).decode()
    if is_document and text.count("{") + text.count("[") > _MAX_BRACKETS:
        raise _InDoubtError
    try:
        return schema.loads(text)
    except ValueError:
        if is_document:
            raise _InDoubtError from None  # then the document is no JSON either
        raise schema.RecordError("", "is not valid JSON") from None


def _raw_items(text: str, media_type: str) -> Sequence[Any] | None:
    """The records as JSON texts (lines as str, members of a document as msgspec.Raw); None where that is in doubt."""
    if media_type not in NDJSON_TYPES:
        records = fast.raw_records(text)
        if records is not None or media_type in JSON_TYPES:
            return records or None
    lines = list(filter(str.strip, text.split("\n")))
    if media_type in GZIP_TYPES and not _is_ndjson(lines):
        return None
    return lines or None


def _is_ndjson(lines: Sequence[str]) -> bool:
    """Whether the lines cannot be one JSON document: more follows where one has ended."""
    if len(lines) < 2:
        return False
    try:
        schema.loads(lines[0])
    except ValueError:
        return False
    return True


def _items(text: str, media_type: str) -> Sequence[object]:
    """The batch's records, unvalidated. Raises RequestError 400 for a body that is not a batch."""
    if media_type in NDJSON_TYPES:
        return _lines(text)
    try:
        document = schema.loads(text)
    except ValueError as error:
        if media_type in GZIP_TYPES:
            return _lines(text)
        raise RequestError(400, "malformed_body", f"The body is not JSON: {error}"[:200]) from None
    if media_type in GZIP_TYPES and isinstance(document, dict) and "records" not in document:
        return [document]  # NDJSON of one line
    return _envelope(document)


def _envelope(document: object) -> Sequence[object]:
    if not isinstance(document, dict) or set(document) != {"records"}:
        raise RequestError(400, "malformed_body", 'The body must be a JSON object with one member, "records"')
    records = document["records"]
    if not isinstance(records, list):
        raise RequestError(400, "malformed_body", '"records" must be an array')
    if not records:
        raise RequestError(400, "empty_body", "The batch holds no record")
    return records


def _lines(text: str) -> Sequence[object]:
    """One item for each non-blank line; a line that is no JSON becomes a rejection of its own."""
    items: list[object] = []
    parsed = False
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            items.append(schema.loads(line))
            parsed = True
        except ValueError:
            items.append(_UNPARSED)
        if len(items) > MAX_RECORDS:
            raise _too_many_records()
    if not parsed:
        raise RequestError(400, "malformed_body", "No line of the body is JSON")
    return items


def _too_many_records() -> RequestError:
    return RequestError(413, "too_large", f"The batch has more than {MAX_RECORDS} records; that is the limit")


def _too_many_rejected(rejected: list[Rejection]) -> RequestError:
    message = f"More than {MAX_REJECTED} records are invalid; nothing was stored"
    details: dict[str, object] = {"firstRejected": [rejection.as_json() for rejection in rejected[:100]]}
    return RequestError(422, "too_many_rejected", message, details=details)
