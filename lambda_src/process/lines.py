"""An object as bytes and as lines: unpacking, and the slow path that says why a line is refused."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

from common import schema
from common.errors import BadObjectError

# ingest takes at most 64 MiB; this is room for a million trades, as a backfill may write them. In /tmp, of 512 MB, are at
# the same time: the object, its cleaned copy if a line is refused, its Parquet, and at most 256 MB that DuckDB spills.
UNPACKED_LIMIT_BYTES = 160 * 1024 * 1024
LINE_LIMIT_BYTES = 4096  # also what is kept of a refused line
_CHUNK = 1 << 20


def unpack(packed: Path, plain: Path, key: str) -> None:
    """Gunzip into a file, bounded. Raises BadObjectError."""
    written = 0
    try:
        with gzip.open(packed, "rb") as source, plain.open("wb") as target:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > UNPACKED_LIMIT_BYTES:
                    raise BadObjectError(key, f"unpacks to more than {UNPACKED_LIMIT_BYTES} bytes")
                target.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, not the object
        raise BadObjectError(key, "is not complete gzip") from None  # the error quotes the first bytes


def sampled_types(plain: Path) -> set[str] | None:
    """The types of a line in each MiB; None when any of these lines is not, to the byte, what ingest would have stored.

    Whoever writes objects by other means (a backfill) writes all their lines in his own form, so this tells him from
    ingest. His numbers may have digits that only ``clean`` keeps: what JSON has as a number DuckDB reads as a double.
    """
    types = set()
    with plain.open("rb") as source:
        for start in range(0, plain.stat().st_size, _CHUNK):
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
    """Copy what the schema accepts, in its stored form; how many lines it refuses.

    Those go to ``bad_lines`` with their reasons, as gzip NDJSON: the same lines give the same bytes. Without any there
    is no such file. Both are written line by line, so memory does not grow with the object.
    """
    bad = 0
    with (
        plain.open("rb") as source,
        cleaned.open("w", encoding="ascii") as target,
        bad_lines.open("wb") as bad_file,
        gzip.GzipFile(filename="", mode="wb", fileobj=bad_file, mtime=0) as refused,
    ):
        for number, line in enumerate(source, start=1):
            if not line.strip():
                continue
            try:
                target.write(schema.dump_record(_record(line, earliest_ns)) + "\n")
            except ValueError as error:
                bad += 1
                text = line[:LINE_LIMIT_BYTES].decode("utf-8", "replace").rstrip("\n")
                entry = {"object": key, "line": number, "reason": str(error), "record": text}
                refused.write(json.dumps(entry).encode() + b"\n")
    if not bad:
        bad_lines.unlink()
    return bad


def _record(line: bytes, earliest_ns: int) -> schema.Record:
    """Raises ValueError with the reason of a refusal."""
    if len(line) > LINE_LIMIT_BYTES:
        raise ValueError(f"is longer than {LINE_LIMIT_BYTES} bytes")
    record = schema.parse_record(_stored(schema.loads(line)))
    if int(record["ts"]) < earliest_ns:
        raise ValueError(f"ts: is before {schema.format_timestamp(earliest_ns)}, where the deduplication window begins")
    return record


def _stored(raw: object) -> object:
    """In stored records an absent optional text is ``""``."""
    return {key: value for key, value in raw.items() if value != ""} if isinstance(raw, dict) else raw
