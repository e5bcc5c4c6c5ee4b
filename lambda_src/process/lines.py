"""An object as bytes and as lines: unpacking, and the slow path that finds the reason for each rejected line."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

from common import schema
from common.errors import BadObjectError

# ingest accepts at most 64 MiB. This limit fits a million trades, which a backfill may write. /tmp has 512 MB for the
# object, its cleaned copy if a line is rejected, its Parquet, and at most 256 MB that DuckDB spills, all at the same time.
UNPACKED_LIMIT_BYTES = 160 * 1024 * 1024
LINE_LIMIT_BYTES = 4096  # also the part of a rejected line that is kept
_CHUNK_BYTES = 1 << 20


def unpack(packed: Path, plain: Path, key: str) -> None:
    """Gunzip into a file of limited size. Raises BadObjectError."""
    plain_bytes = 0
    try:
        with gzip.open(packed, "rb") as source, plain.open("wb") as target:
            while chunk := source.read(_CHUNK_BYTES):
                plain_bytes += len(chunk)
                if plain_bytes > UNPACKED_LIMIT_BYTES:
                    raise BadObjectError(key, f"unpacks to more than {UNPACKED_LIMIT_BYTES} bytes")
                target.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk failed, not the object
        raise BadObjectError(key, "is not complete gzip") from None  # the error's text quotes the first bytes


def sampled_types(plain: Path) -> set[str] | None:
    """The types of one line of each MiB; None if one of these lines differs from what ingest would have stored.

    Another writer (a backfill) writes all lines in its own form, so a sample identifies the writer. Its numbers may have
    digits that only ``clean`` keeps, because DuckDB reads a JSON number as a double.
    """
    types = set()
    with plain.open("rb") as source:
        for start in range(0, plain.stat().st_size, _CHUNK_BYTES):
            source.seek(start)
            if start:
                source.readline()  # the rest of a line
            line = source.readline(LINE_LIMIT_BYTES + 1).rstrip(b"\n")
            if not line:
                continue
            try:
                record = schema.parse_record(_stored(schema.loads(line)))
            except ValueError:
                return None
            if schema.dump_record(record).encode() != line:
                return None
            types.add(str(record["type"]))
    return types


def clean(plain: Path, cleaned: Path, bad_lines: Path, key: str, earliest_ns: int) -> int:
    """Copy the lines that the schema accepts, in their stored form.

    Both files are written line by line, so memory does not grow with the object.

    Args:
        plain: The object, unpacked.
        cleaned: The file for accepted lines.
        bad_lines: The file for rejected lines with their reasons, as gzip NDJSON. The same lines give the same bytes.
            Without a rejected line the file does not exist.
        key: The object's key, which each rejected line names.
        earliest_ns: The horizon; events before it are rejected.

    Returns:
        The number of rejected lines.
    """
    rejections = 0
    with (
        plain.open("rb") as source,
        cleaned.open("w", encoding="ascii") as target,
        bad_lines.open("wb") as bad_file,
        gzip.GzipFile(filename="", mode="wb", fileobj=bad_file, mtime=0) as rejected,
    ):
        for number, line in enumerate(source, start=1):
            if not line.strip():
                continue
            try:
                target.write(schema.dump_record(_record(line, earliest_ns)) + "\n")
            except ValueError as error:
                rejections += 1
                text = line[:LINE_LIMIT_BYTES].decode("utf-8", "replace").rstrip("\n")
                entry = {"object": key, "line": number, "reason": str(error), "record": text}
                rejected.write(json.dumps(entry).encode() + b"\n")
    if not rejections:
        bad_lines.unlink()
    return rejections


def _record(line: bytes, earliest_ns: int) -> schema.Record:
    """The record of a line. Raises ValueError with the reason for rejecting it."""
    if len(line) > LINE_LIMIT_BYTES:
        raise ValueError(f"is longer than {LINE_LIMIT_BYTES} bytes")
    record = schema.parse_record(_stored(schema.loads(line)))
    if int(record["ts"]) < earliest_ns:
        raise ValueError(f"ts: is before {schema.format_timestamp(earliest_ns)}, where the deduplication window begins")
    return record


def _stored(raw: object) -> object:
    """The record without its empty texts, which stand for absent optional texts in stored records."""
    return {key: value for key, value in raw.items() if value != ""} if isinstance(raw, dict) else raw
