"""Records as clients send them, and odd values of each field as JSON texts."""

from __future__ import annotations

import json
import re
from typing import Any

from common import schema
from tests.lambda_src.support.records import T0

LATEST_NS = T0 + 10 * 365 * 86_400 * 10**9
TRADE = {"type": "trade", "trade_id": "1", "symbol": "ACME", "price": "1.5", "size": 2, "ts": T0}
QUOTE = {"type": "quote", "symbol": "ACME", "bid": 1, "ask": 2, "bid_size": 3, "ask_size": 4, "ts": T0}


def trade_line(**fields: Any) -> str:
    """A trade as a line of NDJSON.

    Args:
        **fields: Fields that differ from ``TRADE``; a value in bytes is JSON text and used as it is.
    """
    json_texts = {name: value.decode() for name, value in fields.items() if isinstance(value, bytes)}
    marked = {name: f"<{name}>" if name in json_texts else value for name, value in fields.items()}
    return re.sub(r'"<(\w+)>"', lambda match: json_texts[match[1]], json.dumps({**TRADE, **marked}))


NUMBERS = [
    *(b"1.10", b"1", b"0.00000001", b"9999999999.99999999", b"10000000000", b"0.000000001", b"1e2", b"1E-8", b"12e-1"),
    *(b"-0", b"0", b"0.0", b"-1", b"-0.0", b"1e400", b"1e-400", b"01", b"1.", b".5", b"+1", b"1_0", b"0x1", b"NaN"),
    *(b"Infinity", b"-Infinity", b"1" * 30, b"1" * 3900, b"1." + b"0" * 100, b"0.1000000000000000055511151231257827"),
    *(b"true", b"false", b"null", b"[]", b"{}", b"[1]", b'{"a":1}', b'"1.10"', b'"\\u0031"', b'"1.5\\n"', b'" 1"'),
    *(b'"+1"', b'"1E+2"', b'"1.500000000"', b"1.500000000", b'"1 "', b'"00000000001"', b"1E+2", b"5e-05", b'"5e-05"'),
    *(
        b'"1_0"',
        b'"NaN"',
        b'"-1"',
        b'"1e2"',
        b'""',
        b'"0"',
        b'"00"',
        b'"007.50"',
        b'"1."',
        b'".5"',
        '"\u0661"'.encode(),
    ),
]
TIMES = [
    *(
        b"1767348000000000000",
        b'"1767348000000000000"',
        b"1.767348e18",
        b"1767348000000000000.0",
        b"-1",
        b"true",
        b"null",
    ),
    *(str(edge + step).encode() for edge in (schema.EARLIEST_NS, schema.END_NS, LATEST_NS) for step in (-1, 0, 1)),
    *(f'"{t}"'.encode() for t in ("2026-01-02T10:00:00Z", "2026-01-02T10:00:00.1Z", "2026-01-02t10:00:00.123456789z")),
    *(f'"{t}"'.encode() for t in ("2026-01-02 10:00:00+02:00", "2026-01-02T10:00:00.5-23:59", "2026-02-30T10:00:00Z")),
    *(f'"{t}"'.encode() for t in ("2026-01-02T10:00:60Z", "2026-01-02T24:00:00Z", "2026-01-02T10:00Z", "2026-01-02")),
    *(f'"{t}"'.encode() for t in ("2026-01-02T10:00:00.1234567890Z", "2026-01-02T10:00:00.Z", "2026-01-02T10:00:00")),
    *(f'"{t}"'.encode() for t in ("2000-01-01T00:00:00+00:01", "1999-12-31T23:59:59-00:01", "2099-12-31T23:59:59.9Z")),
    *(
        f'"{t}"'.encode()
        for t in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-01-02T10:00:00+24:00")
    ),
    *(
        f'"2026-01-02T10:00:{t}"'.encode()
        for t in ("00+05:60", "00+00:99", "00.5-05:60", "00-00:00", "60.5Z", "61Z", "0Z")
    ),
    *(f'"2026-01-02T{t}"'.encode() for t in ("24:00:00+01:00", "24:00:30Z", "24:00:00.5Z", "23:60:00Z", "25:00:00Z")),
    *(f'"{t}T10:00:00Z"'.encode() for t in ("2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "0000-01-01")),
    *(f'"{t}"'.encode() for t in ("2026-01-02T10:00:0٣Z", "2026-01-02T10:00:00Z\\n", "\\u0032026-01-02T10:00:00Z", "")),
]
TEXTS = [
    *(
        b'"ACME"',
        b'"acme"',
        b'"A"',
        b'"A\\nB"',
        b'"ACME\\n"',
        b'""',
        b"null",
        b"5",
        b"5.5",
        b"true",
        b"[]",
        b'{"a":[]}',
    ),
    *(b'"buy"', b'"sell"', b'"BUY"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0041"', '"é"'.encode(), b'"NOT-MINE"'),
    *(
        b'"a\\"b"',
        b'"a\\\\b"',
        b'"a/b"',
        b'"\x7f"',
        b'"a\tb"',
        b'"\\x"',
        b'"' + b"A" * 64 + b'"',
        b'"' + b"A" * 65 + b'"',
    ),
]
FIELDS = {
    **dict.fromkeys(("price", "size"), NUMBERS),
    "ts": TIMES,
    **dict.fromkeys(("symbol", "trade_id", "side", "venue", "type"), TEXTS),
}
