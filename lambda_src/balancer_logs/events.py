"""Log events in batches that PutLogEvents accepts: bounded in bytes, number and time span, and in order of time.

Source of the limits: PutLogEvents in the CloudWatch Logs API Reference. Memory holds one batch, never a file.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from common.clients import error_code
from common.observe import logger

MAX_BATCH_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26
MAX_BATCH_EVENTS = 10_000
MAX_SPAN_MILLISECONDS = 24 * 3600 * 1000 - 1
MAX_STREAM_NAME = 512
_NOT_IN_STREAM_NAME = re.compile(r"[:*]")


def stream_name(key: str) -> str:
    """The log stream of an object. It is always the same, so that a second delivery does not create another one."""
    name = _NOT_IN_STREAM_NAME.sub("_", key)
    if len(name) <= MAX_STREAM_NAME and name == key:
        return name
    # The digest keeps two objects apart whose names are equal after replacing or cutting.
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{digest}-{name[-(MAX_STREAM_NAME - 17) :]}"


@dataclass
class Stream:
    """Writes events to one log stream, which is created with the first batch."""

    logs: Any
    group: str
    name: str
    written: int = 0
    rejected: int = 0
    _events: list[tuple[int, str]] = field(default_factory=list)
    _bytes: int = 0
    _span: tuple[int, int] = (0, 0)
    _created: bool = False

    def add(self, timestamp_ms: int, message: str) -> None:
        """Add one event, after sending a full batch. Raises botocore's ClientError."""
        size = len(message.encode()) + EVENT_OVERHEAD_BYTES
        if self._events and self._is_full(timestamp_ms, size):
            self.flush()
        first, last = self._span if self._events else (timestamp_ms, timestamp_ms)
        self._span = min(first, timestamp_ms), max(last, timestamp_ms)
        self._events.append((timestamp_ms, message))
        self._bytes += size

    def flush(self) -> None:
        """Send the events that were added and not sent."""
        if not self._events:
            return
        self._create()
        # Sorting is stable, so lines of the same millisecond stay in the order of the file.
        ordered = sorted(self._events, key=lambda event: event[0])
        reply = self.logs.put_log_events(
            logGroupName=self.group,
            logStreamName=self.name,
            logEvents=[{"timestamp": timestamp, "message": message} for timestamp, message in ordered],
        )
        rejected = _rejected(reply.get("rejectedLogEventsInfo") or {}, len(ordered))
        if rejected:
            logger.warning("events rejected for their age", extra={"log_stream": self.name, "events": rejected})
        self.rejected += rejected
        self.written += len(ordered) - rejected
        self._events, self._bytes = [], 0

    def _is_full(self, timestamp_ms: int, size: int) -> bool:
        first, last = self._span
        return (
            len(self._events) >= MAX_BATCH_EVENTS
            or self._bytes + size > MAX_BATCH_BYTES
            or max(last, timestamp_ms) - min(first, timestamp_ms) > MAX_SPAN_MILLISECONDS
        )

    def _create(self) -> None:
        if self._created:
            return
        try:
            self.logs.create_log_stream(logGroupName=self.group, logStreamName=self.name)
        except Exception as error:
            if error_code(error) != "ResourceAlreadyExistsException":
                raise
        self._created = True


def _rejected(info: dict[str, int], sent: int) -> int:
    """The number of ``sent`` events that were too old, expired or too new. The reply gives the ends of these ranges."""
    old = max(info.get("tooOldLogEventEndIndex", 0), info.get("expiredLogEventEndIndex", 0))
    return old + sent - info.get("tooNewLogEventStartIndex", sent)
