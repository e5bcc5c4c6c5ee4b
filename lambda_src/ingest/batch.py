"""From a request body to a validated batch: pure, no AWS.

Limits, each named in the 413 it causes: 6 MiB as received (the size of a Lambda event), 32 MiB unpacked, 100,000
records. A batch with more than 10,000 invalid records is refused as a whole: an answer could not list them all.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common import schema
from common.errors import RequestError

MAX_RECEIVED_BYTES = 6 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_RECORDS = 100_000
MAX_REJECTED = 10_000
IDEMPOTENCY_KEY_LIMIT = 255

JSON_TYPES = frozenset({"application/json", ""})
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
GZIP_TYPES = frozenset({"application/gzip", "application/x-gzip"})
_GZIP_MAGIC = b"\x1f\x8b"
_UNPARSED = object()


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
class Batch:
    """A validated batch; ``lines`` is the NDJSON of ``records``, in the order received.

    ``batch_id`` is a digest of the client and of what is stored. So the same request has the same id, and one whose
    accepted records differ (an entitlement changed in between) is never taken for a repetition. ``marker`` names the
    client's idempotency key, ``""`` where none was given.
    """

    batch_id: str
    marker: str
    content_sha256: str
    records: tuple[schema.Record, ...]
    rejected: tuple[Rejection, ...]
    lines: bytes

    @property
    def received(self) -> int:
        """How many records the body held."""
        return len(self.records) + len(self.rejected)

    @property
    def object_key(self) -> str:
        """Where the batch is stored: by the hour of its earliest event, so the same batch always has the same key."""
        first = min(int(record["ts"]) for record in self.records)
        stamp = schema.format_timestamp(first)
        return f"market-data/date={stamp[:10]}/hour={stamp[11:13]}/{self.batch_id}.ndjson.gz"

    def stored_bytes(self) -> bytes:
        """Gzip NDJSON; the same batch gives the same bytes (no file name, no time in the header)."""
        return gzip.compress(self.lines, compresslevel=6, mtime=0)


def read_batch(
    body: bytes,
    content_type: str,
    content_encoding: str,
    identity: str,
    idempotency_key: str,
    allows: Callable[[str], bool],
    latest_ns: int = schema.END_NS,
) -> Batch:
    """Validate a body, record by record.

    ``identity`` (the API key's id) separates the clients' batch ids; ``allows`` tells whether it may send a symbol.
    Raises RequestError 400, 413, 415 or 422 when the body as a whole cannot be taken.
    """
    _check_idempotency_key(idempotency_key)
    if len(body) > MAX_RECEIVED_BYTES:
        raise _too_large(f"The body has {len(body)} bytes; the limit is {MAX_RECEIVED_BYTES}")
    plain = _unpack(body, content_encoding)
    if not plain.strip():
        raise RequestError(400, "empty_body", "The body holds no record")
    items = _items(plain, _media_type(content_type))
    if len(items) > MAX_RECORDS:
        raise _too_large(f"The batch has {len(items)} records; the limit is {MAX_RECORDS}")
    records, rejected = _validate(items, allows, latest_ns)
    lines = "".join(schema.dump_record(record) + "\n" for record in records).encode("ascii")
    batch_id = _digest("batch", identity, lines or plain)[:32]
    marker = _digest("key", identity, idempotency_key.encode("ascii")) if idempotency_key else ""
    return Batch(batch_id, marker, hashlib.sha256(plain).hexdigest(), tuple(records), tuple(rejected), lines)


def _digest(purpose: str, identity: str, content: bytes) -> str:
    return hashlib.sha256(f"{purpose}\0{identity}\0".encode() + content).hexdigest()


def _validate(
    items: Sequence[object], allows: Callable[[str], bool], latest_ns: int
) -> tuple[list[schema.Record], list[Rejection]]:
    records: list[schema.Record] = []
    rejected: list[Rejection] = []
    for index, item in enumerate(items):
        try:
            if item is _UNPARSED:
                raise schema.RecordError("", "is not valid JSON")
            record = schema.parse_record(item, latest_ns)
            if not allows(str(record["symbol"])):
                raise schema.RecordError("symbol", "is not in this API key's entitlement")
            records.append(record)
        except schema.RecordError as error:
            rejected.append(Rejection(index, error.field, error.reason))
            if len(rejected) > MAX_REJECTED:
                raise _too_many_rejected(rejected) from None
    return records, rejected


def _items(plain: bytes, media_type: str) -> Sequence[object]:
    """The batch's records, unvalidated. Raises RequestError 400 for a body that is not a batch."""
    try:
        text = plain.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError(400, "malformed_body", "The body is not UTF-8") from None
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
            raise _too_large(f"The batch has more than {MAX_RECORDS} records")
    if not parsed:
        raise RequestError(400, "malformed_body", "No line of the body is JSON")
    return items


def _unpack(body: bytes, content_encoding: str) -> bytes:
    """The body without gzip, with bounded memory whatever it claims to unpack to."""
    encoding = content_encoding.strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise RequestError(415, "unsupported_encoding", "Content-Encoding must be gzip or absent")
    # API Gateway may have unpacked the body already and left the header: the bytes decide.
    if not body.startswith(_GZIP_MAGIC):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, MAX_UNPACKED_BYTES + 1)
    except zlib.error:
        raise RequestError(400, "malformed_body", "The body is not valid gzip") from None
    if len(plain) > MAX_UNPACKED_BYTES:
        raise _too_large(f"The body unpacks to more than {MAX_UNPACKED_BYTES} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise RequestError(400, "malformed_body", "The body is not one complete gzip member")
    return plain


def _media_type(content_type: str) -> str:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES | NDJSON_TYPES | GZIP_TYPES:
        known = "application/json, application/x-ndjson or application/gzip"
        raise RequestError(415, "unsupported_media_type", f"Content-Type must be {known}")
    return media_type


def _check_idempotency_key(key: str) -> None:
    if key and (len(key) > IDEMPOTENCY_KEY_LIMIT or not key.isascii() or not key.isprintable()):
        limit = f"at most {IDEMPOTENCY_KEY_LIMIT} printable ASCII characters"
        raise RequestError(400, "bad_idempotency_key", f"Idempotency-Key must have {limit}")


def _too_large(message: str) -> RequestError:
    return RequestError(413, "too_large", message)


def _too_many_rejected(rejected: list[Rejection]) -> RequestError:
    message = f"More than {MAX_REJECTED} records are invalid; nothing was stored"
    details: dict[str, object] = {"firstRejected": [rejection.as_json() for rejection in rejected[:100]]}
    return RequestError(422, "too_many_rejected", message, details=details)
