"""Identifiers of transactions: UUID version 7 (RFC 9562, section 5.7).

They begin with the time, so that rows are appended to the index instead of spread over it. ``uuid.uuid7`` came with
Python 3.14; the tests run on older ones too.
"""

from __future__ import annotations

import secrets
import time
import uuid

_VERSION, _VARIANT = 0x7, 0b10


def new_id() -> str:
    """48 bits of milliseconds since 1970 and 74 random bits, as 36 characters."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | _VERSION << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | _VARIANT << 62 | secrets.randbits(62)))


def is_id(text: str) -> bool:
    """Whether the text has the form that ``new_id`` gives: lower case, version 7."""
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return False
    return str(parsed) == text and parsed.version == _VERSION
