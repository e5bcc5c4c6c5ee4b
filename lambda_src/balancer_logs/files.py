"""Copies an access-log file from S3 into its log stream, line by line."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from common.clients import error_code
from common.errors import BadObjectError

from .events import Stream, stream_name
from .lines import Line, convert, malformed

MAX_LINE_BYTES = 128 * 1024
"""Longer than the balancer's lines. As JSON (at most 6 characters for one) it still fits into one event of 1 MB."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a file's lines by their result."""

    written: int = 0
    malformed: int = 0
    rejected: int = 0


def copy_file(s3: Any, logs: Any, bucket: str, key: str, group: str) -> Counts | None:
    """Write each line of the object.

    Returns:
        The numbers of lines; None if the object does not exist any more, because its lifecycle was faster.

    Raises:
        BadObjectError: The object is not gzip, or not to its end. The lines before the fault are written.
        ClientError: botocore's, if S3 or CloudWatch Logs fails.
    """
    try:
        reply = s3.get_object(Bucket=bucket, Key=key)
    except Exception as error:
        if error_code(error) == "NoSuchKey":
            return None
        raise
    stream = Stream(logs, group, stream_name(key))
    # A line without a time gets that of the previous line.
    timestamp_ms, malformed = _modified_ms(reply), 0
    try:
        for line in _lines(reply["Body"], key):
            timestamp_ms = timestamp_ms if line.timestamp_ms is None else line.timestamp_ms
            malformed += line.malformed
            stream.add(timestamp_ms, line.message)
    except BadObjectError:
        stream.flush()
        raise
    stream.flush()
    return Counts(stream.written, malformed, stream.rejected)


def _lines(body: Any, key: str) -> Iterator[Line]:
    try:
        with gzip.GzipFile(fileobj=body) as unpacked:
            begins_line = True
            while piece := unpacked.readline(MAX_LINE_BYTES):
                ends_line = piece.endswith(b"\n")
                text = piece.decode("utf-8", "replace").rstrip("\r\n")
                # A line begins and ends in one piece. The pieces of a longer line are kept one by one.
                if begins_line and (ends_line or len(piece) < MAX_LINE_BYTES):
                    if text:
                        yield convert(text)
                elif text:
                    yield malformed(text, f"a piece of a line longer than {MAX_LINE_BYTES} bytes")
                begins_line = ends_line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadObjectError(key, "is not a whole gzip file") from error  # the error's text quotes the first bytes


def _modified_ms(reply: dict[str, Any]) -> int:
    modified = reply.get("LastModified")
    return int((modified.timestamp() if modified is not None else time.time()) * 1000)
