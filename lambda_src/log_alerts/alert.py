"""From a CloudWatch Logs subscription payload to one bounded message, without AWS.

Payload: "Real-time processing of log data with subscriptions", CloudWatch Logs User Guide. SNS accepts at most 262,144
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
SAMPLE_LIMIT = 2_000  # characters that the alert shows of one error
UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024
# PostgreSQL logs as FATAL that it closes an idle session, which the parameter group asks for so that the database can pause.
EXPECTED = "terminating connection due to idle-session timeout"
# The parts that differ between two occurrences of one error: ids, addresses, numbers.
_VARYING = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|[0-9a-fA-F]{16,}|[0-9]+")


@dataclass
class PayloadError(FunctionError):
    """The event is not a subscription payload."""

    reason: str

    def __str__(self) -> str:
        return f"log subscription payload: {self.reason}"


@dataclass
class Group:
    """Occurrences of one error. Times are epoch milliseconds."""

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
    """The log events that a subscription filter has sent, without expected ones."""

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
    unexpected = tuple(entry for entry in events if EXPECTED not in str(entry.get("message", "")))
    return Delivery(log_group, kind == "CONTROL_MESSAGE", unexpected)


def group_errors(delivery: Delivery) -> list[Group]:
    """The errors of the delivery, equal ones together, the most frequent first."""
    groups: dict[str, Group] = {}
    for entry in delivery.events:
        text = str(entry.get("message", "")).strip()
        key = _VARYING.sub("#", _essence(text))
        group = groups.setdefault(key, Group(text[:SAMPLE_LIMIT], str(entry.get("logStreamName", ""))))
        group.add(int(entry.get("timestamp", 0)))
    return sorted(groups.values(), key=lambda group: (-group.count, group.first_ms))


def subject(delivery: Delivery, environment: str) -> str:
    """The subject of the message, of at most 100 printable ASCII characters."""
    total = len(delivery.events)
    text = f"[{environment}] {total} error{'' if total == 1 else 's'} in {delivery.log_group}"
    return text.encode("ascii", "replace").decode()[:SUBJECT_LIMIT]


def message(delivery: Delivery, groups: Iterable[Group], limit_bytes: int = MESSAGE_LIMIT_BYTES) -> str:
    """Readable text of at most ``limit_bytes`` UTF-8 bytes. The last line counts the errors that did not fit."""
    head = f"Log group: {delivery.log_group}\nErrors: {len(delivery.events)}\n"
    parts, used, omitted = [head], len(head.encode()), 0
    reserve = 64  # room for the last line
    for group in groups:
        part = _group_text(group)
        size = len(part.encode("utf-8", "replace"))
        if omitted or used + size > limit_bytes - reserve:
            omitted += group.count
            continue
        parts.append(part)
        used += size
    if omitted:
        parts.append(f"\n… and {omitted} more\n")
    return "".join(parts).encode("utf-8", "replace").decode()


def _group_text(group: Group) -> str:
    first, last = (schema.format_timestamp(ms * 1_000_000) for ms in (group.first_ms, group.last_ms))
    return f"\n{group.count} × from {first} to {last}, first in {group.stream or 'an unknown stream'}\n{group.sample}\n"


def _essence(text: str) -> str:
    """The part that identifies an error: level, message, exception and location of a JSON line, or the whole text."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return text[:SAMPLE_LIMIT]
    if not isinstance(line, dict):
        return text[:SAMPLE_LIMIT]
    parts = [str(line.get(name, "")) for name in ("service", "level", "location", "message", "exception_name")]
    return "|".join(parts)[:SAMPLE_LIMIT]
