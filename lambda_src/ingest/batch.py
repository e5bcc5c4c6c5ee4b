"""From a request body to a validated batch, without AWS.

The limits are 6 MiB as received (the size of a Lambda event), 64 MiB unpacked, and the numbers of records and values in
``ingest.validation``. The 413 for each names the limit. A batch with more than 10,000 invalid records is rejected as a
whole, because the answer, which Lambda bounds as well, could not list them all.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from dataclasses import dataclass

from common import schema
from common.errors import RequestError

from .validation import MEDIA_TYPES, Rejection, Rules, validate

# Of the whole event, including the body ("Lambda quotas", invocation payload, synchronous).
LAMBDA_EVENT_BYTES = 6 * 1024 * 1024
MAX_RECEIVED_BYTES = LAMBDA_EVENT_BYTES
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
IDEMPOTENCY_KEY_LIMIT = 255
GZIP_LEVEL = 3  # half the time of level 6, and a sixth more bytes

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BYTES = 1024 * 1024  # decoded at a time
_PIECE_BYTES = 16 * 1024  # zlib copies the rest of the piece behind a member, so many small members cost little


@dataclass(frozen=True, slots=True)
class Batch:
    """A validated batch.

    Attributes:
        batch_id: A digest of the client and of the stored lines. The same request has the same id, and a request whose
            accepted records differ (an entitlement changed meanwhile) is never taken for a repetition.
        marker: A digest that names the client's idempotency key; ``""`` without a key.
        content_sha256: The digest of the unpacked body.
        lines: The NDJSON of the accepted records, in the order received.
        accepted: The number of accepted records.
        earliest_ns: The first event time of the accepted records, in epoch nanoseconds.
        rejected: The rejected records, in the order received.
    """

    batch_id: str
    marker: str
    content_sha256: str
    lines: bytes
    accepted: int
    earliest_ns: int
    rejected: tuple[Rejection, ...]

    @property
    def received(self) -> int:
        """The number of records in the body."""
        return self.accepted + len(self.rejected)

    @property
    def object_key(self) -> str:
        """The key under which the batch is stored. It has the hour of the earliest event, so a batch keeps its key."""
        stamp = schema.format_timestamp(self.earliest_ns)
        return f"market-data/date={stamp[:10]}/hour={stamp[11:13]}/{self.batch_id}.ndjson.gz"

    def as_json(self) -> dict[str, object]:
        """The answer to the client: the batch's id, counts, and each rejected record with its position and reason."""
        return {
            "batchId": self.batch_id,
            "received": self.received,
            "accepted": self.accepted,
            "rejected": len(self.rejected),
            "rejectedRecords": [rejection.as_json() for rejection in self.rejected],
        }

    def stored_bytes(self) -> bytes:
        """Gzip NDJSON. The same batch gives the same bytes, because the header has no file name and no time."""
        return gzip.compress(self.lines, compresslevel=GZIP_LEVEL, mtime=0)


def read_batch(
    body: bytes, content_type: str, content_encoding: str, identity: str, idempotency_key: str, rules: Rules
) -> Batch:
    """Validate a body, record by record.

    Args:
        body: The body as received.
        content_type: The header Content-Type.
        content_encoding: The header Content-Encoding.
        identity: The API key's id, which separates the clients' batch ids.
        idempotency_key: The header Idempotency-Key; ``""`` without one.
        rules: The rules for the client's records.

    Raises:
        RequestError: 400, 413, 415 or 422, if the body as a whole is invalid.
    """
    _check_idempotency_key(idempotency_key)
    if len(body) > MAX_RECEIVED_BYTES:
        raise _too_large(f"The body has {len(body)} bytes; the limit is {MAX_RECEIVED_BYTES}")
    plain = _unpack(body, content_encoding)
    if not plain.strip():
        raise RequestError(400, "empty_body", "The body holds no record")
    result = validate(_checked_utf8(plain), _media_type(content_type), rules)
    batch_id = _digest("batch", identity, result.lines or plain)[:32]
    marker = _digest("key", identity, idempotency_key.encode("ascii")) if idempotency_key else ""
    digest = hashlib.sha256(plain).hexdigest()
    return Batch(batch_id, marker, digest, result.lines, result.accepted, result.earliest_ns, result.rejected)


def _digest(purpose: str, identity: str, content: bytes) -> str:
    digest = hashlib.sha256(f"{purpose}\0{identity}\0".encode())
    digest.update(content)
    return digest.hexdigest()


def _checked_utf8(plain: bytes) -> bytes:
    """The body without its byte order mark.

    It is decoded in pieces, because in a text one wide character makes all others take four bytes.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in () if plain.isascii() else range(0, len(plain), _UTF8_BYTES):
            decoder.decode(plain[start : start + _UTF8_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise RequestError(400, "malformed_body", "The body is not UTF-8") from None
    return plain.removeprefix(codecs.BOM_UTF8)


def _unpack(body: bytes, content_encoding: str) -> bytes:
    """The body without gzip. The memory is bounded, whatever the body unpacks to."""
    encoding = content_encoding.strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise RequestError(415, "unsupported_encoding", "Content-Encoding must be gzip or absent")
    # The bytes decide, because API Gateway may have unpacked the body and kept the header.
    if not body.startswith(_GZIP_MAGIC):
        return body
    parts: list[bytes] = []
    at, room = 0, MAX_UNPACKED_BYTES
    while at < len(body) and not _is_padding(body, at):
        at, plain = _member(body, at, room)
        parts += plain
        room -= sum(map(len, plain))
    return b"".join(parts)


def _member(body: bytes, at: int, room: int) -> tuple[int, list[bytes]]:
    """The end and the content of the gzip member that begins at ``at``. Several members in a row are one file."""
    if not body.startswith(_GZIP_MAGIC, at):
        raise RequestError(400, "malformed_body", f"The gzip ends after {at} bytes, and something else follows it")
    unpacker = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    while not unpacker.eof:
        piece = body[at : at + _PIECE_BYTES]
        if not piece:
            raise RequestError(400, "malformed_body", "The body ends within its gzip")
        try:
            parts.append(unpacker.decompress(piece, room + 1))  # not 0, which would mean no limit
        except zlib.error:
            raise RequestError(400, "malformed_body", "The body is not valid gzip") from None
        room -= len(parts[-1])
        if room < 0:
            raise _too_large(f"The body unpacks to more than {MAX_UNPACKED_BYTES} bytes; that is the limit")
        at += len(piece) - len(unpacker.unused_data)
    return at, parts


def _is_padding(body: bytes, at: int) -> bool:
    """Whether only zeros follow, with which some writers fill a block. gzip(1) ignores them as well."""
    return body[at] == 0 and body.count(0, at) == len(body) - at


def _media_type(content_type: str) -> str:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        known = "application/json, application/x-ndjson or application/gzip"
        raise RequestError(415, "unsupported_media_type", f"Content-Type must be {known}")
    return media_type


def _check_idempotency_key(key: str) -> None:
    if key and (len(key) > IDEMPOTENCY_KEY_LIMIT or not key.isascii() or not key.isprintable()):
        limit = f"at most {IDEMPOTENCY_KEY_LIMIT} printable ASCII characters"
        raise RequestError(400, "bad_idempotency_key", f"Idempotency-Key must have {limit}")


def _too_large(message: str) -> RequestError:
    return RequestError(413, "too_large", message)
