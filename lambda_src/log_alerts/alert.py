"""From a CloudWatch Logs subscription payload to one bounded message: pure, no AWS.

Payload: "Real-time processing of log data with subscriptions", CloudWatch Logs User Guide. SNS takes at most 262,144
bytes of message and 100 ASCII characters of subject ("Publish", SNS API Reference).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from common import schema
from common.errors import FunctionError

MESSAGE_LIMIT_BYTES = 262_144
SUBJECT_LIMIT = 100
SAMPLE_LIMIT = 2_000  # characters of one message that are shown
UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024
# What differs between two occurrences of one error: ids, addresses, numbers.
_VARYING = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|[0-9a-fA-F]{16,}|[0-9]+")


@dataclass
class PayloadError(FunctionError):
    """The event is not a subscription payload."""

    reason: str

    def __str__(self) -> str:
        return f"log subscription payload: {self.reason}"


@dataclass
class Group:
    """Occurrences of one error; times are epoch milliseconds."""

    sample: str
    stream: str
    count: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def add(self, moment_ms: int) -> None:
        """Count one more occurrence."""
        self.first_ms = min(self.first_ms, moment_ms) if self.count else moment_ms
        self.last_ms = max(self.last_ms, moment_ms)
        self.count += 1


@dataclass(frozen=True)
class Delivery:
    """What a subscription filter has sent."""

    log_group: str
    is_control: bool
    events: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)


def decode(event: Mapping[str, Any]) -> Delivery:
    """Unpack the event. Raises PayloadError."""
    try:
        packed = base64.b64decode(event["awslogs"]["data"], validate=True)
        plain = zlib.decompressobj(wbits=31).decompress(packed, UNPACKED_LIMIT_BYTES)
        document = json.loads(plain)
        log_group, kind = str(document["logGroup"]), document["messageType"]
        events = tuple(document["logEvents"])
    except (KeyError, TypeError) as error:
        raise PayloadError(f"lacks a member ({error})") from None
    except (binascii.Error, zlib.error, ValueError) as error:
        raise PayloadError(f"cannot be unpacked ({type(error).__name__})") from None
    return Delivery(log_group, kind == "CONTROL_MESSAGE", events)


def group(delivery: Delivery) -> list[Group]:
    """The delivery's errors, alike ones together, the most frequent first."""
    groups: dict[str, Group] = {}
    for entry in delivery.events:
        text = str(entry.get("message", "")).strip()
        key = _VARYING.sub("#", _essence(text))
        found = groups.setdefault(key, Group(text[:SAMPLE_LIMIT], str(entry.get("logStreamName", ""))))
        found.add(int(entry.get("timestamp", 0)))
    return sorted(groups.values(), key=lambda g: (-g.count, g.first_ms))


def subject(delivery: Delivery, environment: str) -> str:
    """At most 100 printable ASCII characters."""
    total = len(delivery.events)
    text = f"[{environment}] {total} error{'' if total == 1 else 's'} in {delivery.log_group}"
    return text.encode("ascii", "replace").decode()[:SUBJECT_LIMIT]


def message(delivery: Delivery, groups: Iterable[Group], limit_bytes: int = MESSAGE_LIMIT_BYTES) -> str:
    """Readable text of at most ``limit_bytes`` UTF-8 bytes; what is left out is counted in its last line."""
    head = f"Log group: {delivery.log_group}\nErrors: {len(delivery.events)}\n"
    parts, used, left_out = [head], len(head.encode()), 0
    reserve = 64  # room for the last line
    for entry in groups:
        part = _describe(entry)
        size = len(part.encode("utf-8", "replace"))
        if left_out or used + size > limit_bytes - reserve:
            left_out += entry.count
            continue
        parts.append(part)
        used += size
    if left_out:
        parts.append(f"\n… and {left_out} more\n")
    return "".join(parts).encode("utf-8", "replace").decode()


def _describe(entry: Group) -> str:
    first, last = (schema.format_timestamp(ms * 1_000_000) for ms in (entry.first_ms, entry.last_ms))
    return f"\n{entry.count} × from {first} to {last}, first in {entry.stream or 'an unknown stream'}\n{entry.sample}\n"


def _essence(text: str) -> str:
    """What tells errors apart: level, message, exception and location of a JSON line; else the text itself."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return text[:SAMPLE_LIMIT]
    if not isinstance(line, dict):
        return text[:SAMPLE_LIMIT]
    parts = [str(line.get(name, "")) for name in ("service", "level", "location", "message", "exception_name")]
    return "|".join(parts)[:SAMPLE_LIMIT]
