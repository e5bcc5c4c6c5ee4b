"""Identifiers of transactions: UUID version 7 (RFC 9562, section 5.7).

They begin with the time, so that the database appends rows to the index instead of spreading them over it. ``uuid.uuid7``
came with Python 3.14, and the tests run on older versions too.
"""

from __future__ import annotations

import secrets
import time
import uuid

_VERSION, _VARIANT = 0x7, 0b10


def new_id() -> str:
    """A new identifier of 36 characters, from 48 bits of milliseconds since 1970 and 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | _VERSION << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | _VARIANT << 62 | secrets.randbits(62)))


def is_id(text: str) -> bool:
    """Whether the text has the form of ``new_id``: lower case, version 7."""
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return False
    return str(parsed) == text and parsed.version == _VERSION
