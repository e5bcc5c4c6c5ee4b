"""A second validation of NDJSON market data in the simplest form: a loop over the lines.

It is the reference of ``bench ingest``, and of the tests that compare ingest's answers record by record. It shares no code
and no constant with the functions. Rules and reasons are written again, with the standard library's own types.
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
DUPLICATE = "\0twice"  # not the name of any valid field
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 10**9
END = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 10**9


class RecordError(Exception):
    """The reason why a record is rejected."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(reason)


class Number(str):
    """The text of a JSON number."""


def reject_constant(_name: str) -> None:
    """Reject NaN and Infinity, which are not JSON."""
    raise ValueError


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object. If it has a name twice, its field ``DUPLICATE`` has that name."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        members[DUPLICATE] = next(name for name in members if names.count(name) > 1)
    return members


# Created once, unlike in json.loads and json.dumps with options: the reference is plain, not slow on purpose.
DECODER = json.JSONDecoder(
    object_pairs_hook=unique, parse_float=Number, parse_int=Number, parse_constant=reject_constant
)
ENCODER = json.JSONEncoder(separators=(",", ":"))


def validate_lines(
    text: str, allows: Callable[[str], bool] = lambda _: True, latest: int = END
) -> tuple[str, list[Rejected]]:
    """Return the stored lines, and (index, field, reason) of each rejected record.

    Args:
        text: The NDJSON.
        allows: Whether the API key is entitled to a symbol.
        latest: The latest valid timestamp in nanoseconds since 1970.
    """
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
                raise RecordError("symbol", "is not in this API key's entitlement")
            lines.append(ENCODER.encode(record) + "\n")
        except RecordError as error:
            rejected.append((index, error.field, error.reason))
    return "".join(lines), rejected


def parse(line: str) -> Any:
    """Parse the line's JSON value.

    Raises:
        RecordError: The line is too long or not JSON.
    """
    if len(line) > 4096:
        raise RecordError("", "is longer than 4096 characters")
    try:
        return DECODER.decode(line)
    except (ValueError, RecursionError):
        raise RecordError("", "is not valid JSON") from None


def check(raw: Any, latest: int) -> dict[str, Any]:
    """Check a record and return it as it is stored.

    Raises:
        RecordError: A field is missing, unknown or invalid.
    """
    if not isinstance(raw, dict):
        raise RecordError("", "is not a JSON object")
    if DUPLICATE in raw:
        raise RecordError("", f"has the field {raw[DUPLICATE][:40]!a} more than once")
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise RecordError("type", "must be one of trade, quote")
    record: dict[str, Any] = {"type": kind}
    for field in FIELDS[kind]:
        value = raw.get(field)
        if value is None:
            if field not in OPTIONAL:
                raise RecordError(field, "is missing")
            record[field] = ""
        elif field in DECIMALS:
            record[field] = decimal(field, value)
        elif field == "ts":
            record[field] = timestamp(value, latest)
        else:
            record[field] = word(field, value)
    unknown = sorted(set(raw) - {"type", *FIELDS[kind]})
    if unknown:
        raise RecordError("", f"has an unknown field {unknown[0][:40]!a}")
    if kind == "quote" and Decimal(record["bid"]) > Decimal(record["ask"]):
        raise RecordError("bid", "is above the ask")
    return record


def word(field: str, value: Any) -> str:
    """Check a text field and return its value.

    Raises:
        RecordError: The value is not a string of the field's form.
    """
    if type(value) is not str:
        raise RecordError(field, "is not a string")
    if field == "side":
        if value not in ("buy", "sell"):
            raise RecordError(field, "must be one of buy, sell")
    elif not WORDS[field].fullmatch(value):
        raise RecordError(field, f"does not match {WORDS[field].pattern}")
    return value


def decimal(field: str, value: Any) -> str:
    """Return a decimal above zero, with at most 10 digits before the point and 8 after it, in plain digits.

    Raises:
        RecordError: The value is not such a decimal.
    """
    if not isinstance(value, str):
        raise RecordError(field, "is not a number")
    if not isinstance(value, Number):
        plain_digits(field, value)
    if len(value) > 64:
        raise RecordError(field, "has too many digits")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise RecordError(field, "is not a number") from None
    if number <= 0:
        raise RecordError(field, "must be above zero")
    if number.adjusted() >= 10:
        raise RecordError(field, "has more than 10 digits before the point")
    if number.adjusted() < -8:
        raise RecordError(field, "has more than 8 digits after the point")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        if len(text.partition(".")[2]) > 8:
            raise RecordError(field, "has more than 8 digits after the point")
    return text


def plain_digits(field: str, value: str) -> None:
    """Check that a string is a decimal without an exponent, which only a number may have.

    Raises:
        RecordError: The value is not such a string.
    """
    match = PLAIN.fullmatch(value)
    if match is None:
        raise RecordError(field, "is not a number in plain digits (12.5)")
    if match[1]:
        raise RecordError(field, "must be above zero")
    if len(match[2]) > 10:
        raise RecordError(field, "has more than 10 digits before the point")
    if len(match[3] or "") > 8:
        raise RecordError(field, "has more than 8 digits after the point")


def timestamp(value: Any, latest: int) -> int:
    """Return the nanoseconds since 1970.

    Raises:
        RecordError: The value is not a timestamp, or outside the valid range.
    """
    nanos = epoch(value) if isinstance(value, Number) or is_epoch(value) else moment(value)
    if nanos < START:
        raise RecordError("ts", "is before 2000-01-01 (a number is nanoseconds since 1970)")
    if nanos >= END:
        raise RecordError("ts", "is after 2099-12-31 (a number is nanoseconds since 1970)")
    if nanos > latest:
        raise RecordError("ts", "is in the future")
    return nanos


def is_epoch(value: Any) -> bool:
    """Whether a value is a string of up to 19 digits, perhaps with a minus."""
    return isinstance(value, str) and EPOCH_NS.fullmatch(value) is not None


def epoch(value: str) -> int:
    """Return the integer of a number or of digits.

    Raises:
        RecordError: The value is not an integer.
    """
    if not is_epoch(value):
        raise RecordError("ts", "as a number is integer nanoseconds since 1970")
    return int(value)


def moment(value: Any) -> int:
    """Return the nanoseconds of an RFC 3339 text.

    Raises:
        RecordError: The value is not such a text.
    """
    if not isinstance(value, str):
        raise RecordError("ts", "is neither RFC 3339 text nor an integer of nanoseconds")
    match = TIME.fullmatch(value)
    if match is None:
        raise RecordError("ts", "is not RFC 3339 with an offset (2026-01-02T15:04:05.123456789Z)")
    date, clock, fraction, offset = match.groups()
    if clock > "23:59:59" or clock[3:] > "59:59" or clock[6:] > "59" or offset[1:] > "23:59" or offset[4:] > "59":
        raise RecordError("ts", "is not a valid date and time")
    try:
        local = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        seconds = (local - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise RecordError("ts", "is not a valid date and time") from None
    return seconds * 10**9 + int((fraction or "").ljust(9, "0"))
