"""Validation of NDJSON market data once more, as one would write it at first: a loop over the lines.

The reference of `bench ingest`, and of the tests that compare ingest's answers record by record. It shares no code and
no constant with the functions: rules and reasons are written down again, with the standard library's own types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

Rejected = tuple[int, str, str]
FIELDS = {
    "trade": ("trade_id", "symbol", "price", "size", "ts", "side", "venue"),
    "quote": ("symbol", "bid", "ask", "bid_size", "ask_size", "ts"),
}
OPTIONAL = ("side", "venue")
DECIMALS = ("price", "size", "bid", "ask", "bid_size", "ask_size")
WORDS = {
    "trade_id": re.compile("[!-~]{1,64}"),
    "symbol": re.compile("[A-Z0-9][A-Z0-9._-]{0,15}"),
    "venue": re.compile("[A-Z0-9][A-Z0-9._-]{0,11}"),
}
EPOCH_NS = re.compile("-?[0-9]{1,19}")
PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
TWICE = "\0twice"  # no name of a record that is taken
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 10**9
END = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 10**9


class Fault(Exception):
    """Why a record is refused."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(reason)


class Number(str):
    """A JSON number's own text."""


def refuse(_name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one that has a name twice says so."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        made[TWICE] = next(name for name in made if names.count(name) > 1)
    return made


# Made once, which json.loads and json.dumps with options do not: the reference is plain, not slow on purpose.
DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_float=Number, parse_int=Number, parse_constant=refuse)
ENCODER = json.JSONEncoder(separators=(",", ":"))


def validate_lines(
    text: str, allows: Callable[[str], bool] = lambda _: True, latest: int = END
) -> tuple[str, list[Rejected]]:
    """The stored lines, and (index, field, reason) of each refused record."""
    lines: list[str] = []
    rejected: list[Rejected] = []
    index = -1
    for line in text.split("\n"):
        if not line.strip():
            continue
        index += 1
        try:
            record = check(parse(line), latest)
            if not allows(record["symbol"]):
                raise Fault("symbol", "is not in this API key's entitlement")
            lines.append(ENCODER.encode(record) + "\n")
        except Fault as fault:
            rejected.append((index, fault.field, fault.reason))
    return "".join(lines), rejected


def parse(line: str) -> Any:
    """The line's JSON value. Raises Fault."""
    if len(line) > 4096:
        raise Fault("", "is longer than 4096 characters")
    try:
        return DECODER.decode(line)
    except (ValueError, RecursionError):
        raise Fault("", "is not valid JSON") from None


def check(raw: Any, latest: int) -> dict[str, Any]:
    """The record as it is stored. Raises Fault."""
    if not isinstance(raw, dict):
        raise Fault("", "is not a JSON object")
    if TWICE in raw:
        raise Fault("", f"has the field {raw[TWICE][:40]!a} more than once")
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise Fault("type", "must be one of trade, quote")
    record: dict[str, Any] = {"type": kind}
    for field in FIELDS[kind]:
        value = raw.get(field)
        if value is None:
            if field not in OPTIONAL:
                raise Fault(field, "is missing")
            record[field] = ""
        elif field in DECIMALS:
            record[field] = decimal(field, value)
        elif field == "ts":
            record[field] = timestamp(value, latest)
        else:
            record[field] = word(field, value)
    unknown = sorted(set(raw) - {"type", *FIELDS[kind]})
    if unknown:
        raise Fault("", f"has an unknown field {unknown[0][:40]!a}")
    if kind == "quote" and Decimal(record["bid"]) > Decimal(record["ask"]):
        raise Fault("bid", "is above the ask")
    return record


def word(field: str, value: Any) -> str:
    """A text of the field's form. Raises Fault."""
    if type(value) is not str:
        raise Fault(field, "is not a string")
    if field == "side":
        if value not in ("buy", "sell"):
            raise Fault(field, "must be one of buy, sell")
    elif not WORDS[field].fullmatch(value):
        raise Fault(field, f"does not match {WORDS[field].pattern}")
    return value


def decimal(field: str, value: Any) -> str:
    """Plain digits of a decimal above zero with at most 10 digits before the point and 8 after it. Raises Fault."""
    if not isinstance(value, str):
        raise Fault(field, "is not a number")
    if not isinstance(value, Number):
        plain_digits(field, value)
    if len(value) > 64:
        raise Fault(field, "has too many digits")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Fault(field, "is not a number") from None
    if number <= 0:
        raise Fault(field, "must be above zero")
    if number.adjusted() >= 10:
        raise Fault(field, "has more than 10 digits before the point")
    if number.adjusted() < -8:
        raise Fault(field, "has more than 8 digits after the point")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        if len(text.partition(".")[2]) > 8:
            raise Fault(field, "has more than 8 digits after the point")
    return text


def plain_digits(field: str, value: str) -> None:
    """Only a number may have an exponent. Raises Fault."""
    match = PLAIN.fullmatch(value)
    if match is None:
        raise Fault(field, "is not a number in plain digits (12.5)")
    if match[1]:
        raise Fault(field, "must be above zero")
    if len(match[2]) > 10:
        raise Fault(field, "has more than 10 digits before the point")
    if len(match[3] or "") > 8:
        raise Fault(field, "has more than 8 digits after the point")


def timestamp(value: Any, latest: int) -> int:
    """Nanoseconds since 1970. Raises Fault."""
    nanos = epoch(value) if isinstance(value, Number) or is_epoch(value) else moment(value)
    if nanos < START:
        raise Fault("ts", "is before 2000-01-01 (a number is nanoseconds since 1970)")
    if nanos >= END:
        raise Fault("ts", "is after 2099-12-31 (a number is nanoseconds since 1970)")
    if nanos > latest:
        raise Fault("ts", "is in the future")
    return nanos


def is_epoch(value: Any) -> bool:
    """Whether it is up to 19 digits, perhaps with a minus."""
    return isinstance(value, str) and EPOCH_NS.fullmatch(value) is not None


def epoch(value: str) -> int:
    """The integer of a number or of digits. Raises Fault."""
    if not is_epoch(value):
        raise Fault("ts", "as a number is integer nanoseconds since 1970")
    return int(value)


def moment(value: Any) -> int:
    """Nanoseconds of an RFC 3339 text. Raises Fault."""
    if not isinstance(value, str):
        raise Fault("ts", "is neither RFC 3339 text nor an integer of nanoseconds")
    match = TIME.fullmatch(value)
    if match is None:
        raise Fault("ts", "is not RFC 3339 with an offset (2026-01-02T15:04:05.123456789Z)")
    date, clock, fraction, offset = match.groups()
    if clock > "23:59:59" or clock[3:] > "59:59" or clock[6:] > "59" or offset[1:] > "23:59" or offset[4:] > "59":
        raise Fault("ts", "is not a valid date and time")
    try:
        local = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        seconds = (local - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise Fault("ts", "is not a valid date and time") from None
    return seconds * 10**9 + int((fraction or "").ljust(9, "0"))
