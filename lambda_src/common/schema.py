"""The one schema of market data, from which validation, JSON Schema and the API's request model come.

It imports only the standard library, so that the template builders and the documentation can import it.

A record is a JSON object with a ``type`` of ``trade`` or ``quote``. A batch is either a JSON object
``{"records": [...]}`` or NDJSON, one record a line. Timestamps are RFC 3339 (up to nanoseconds, any offset) or integer
nanoseconds since 1970-01-01T00:00:00Z. Stored ones are such integers. Decimals are JSON numbers or strings of plain
digits, exact, with at most 10 digits before and 8 after the point. They never pass through binary floating point.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

INTEGER_DIGITS = 10
FRACTION_DIGITS = 8
MAX_RECORD_CHARACTERS = 4096  # of its JSON text; only padding makes a valid record longer, and it would take memory
MAX_NUMBER_CHARACTERS = 64  # of a decimal as a JSON number; more would only take time
NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_MINUTE = 60 * NANOS_PER_SECOND
EARLIEST_NS = 946_684_800 * NANOS_PER_SECOND  # 2000-01-01T00:00:00Z
END_NS = 4_102_444_800 * NANOS_PER_SECOND  # 2100-01-01T00:00:00Z, exclusive
CLOCK_SKEW_NS = 5 * NANOS_PER_MINUTE  # how far an event may be ahead of the receiver's clock

SYMBOL_PATTERN = "[A-Z0-9][A-Z0-9._-]{0,15}"
IDENTIFIER_PATTERN = "[!-~]{1,64}"
VENUE_PATTERN = "[A-Z0-9][A-Z0-9._-]{0,11}"
# DuckDB (process) and clients' validators in any language read the patterns too, so they use only what all of them have.
DECIMAL_PATTERN = rf"[0-9]{{1,{INTEGER_DIGITS}}}(\.[0-9]{{1,{FRACTION_DIGITS}}})?"  # of a text; zero is invalid too
# The pattern has the ranges, because what datetime.fromisoformat accepts beyond RFC 3339 (+05:60, and from Python 3.14 on
# 24:00) differs by version. It rejects leap seconds (:60), which RFC 3339 has and epoch nanoseconds and Python have not.
RFC3339_PATTERN = (
    r"([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))[Tt ]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# Rules that the published JSON Schema cannot express. docs/openapi.yaml lists them, and tests show a case of each.
BEYOND_JSON_SCHEMA = (
    "no name comes twice in a record",
    f"the JSON text of a record has at most {MAX_RECORD_CHARACTERS:,} characters",
    f"a decimal given as a number has at most {INTEGER_DIGITS} digits before the point, {FRACTION_DIGITS} after it (but for"
    f" zeros) and {MAX_NUMBER_CHARACTERS} characters",
    "`ts` given as a number is written without point and exponent",
    "the date of `ts` exists (no 30 February)",
    "`ts` given as text lies in 2000 to 2099 (UTC)",
    f"an event is at most {CLOCK_SKEW_NS // NANOS_PER_MINUTE} minutes ahead of the platform's clock",
    "a bid is not above its ask",
    "the API key is entitled to the symbol",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(RFC3339_PATTERN)
_RFC3339_SHAPE = re.compile(
    r"[0-9]{4}(-[0-9]{2}){2}[Tt ][0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DECIMAL = re.compile(DECIMAL_PATTERN)
_SIGNED_DIGITS = re.compile(r"(-?)([0-9]+)(\.[0-9]+)?")
_EPOCH_NS = re.compile(r"-?[0-9]{1,19}")

Record = dict[str, str | int]

REPEATED = object()
"""The key under which ``loads`` notes a name that an object has twice.

It equals no name, so a check of the object's names rejects the object. The right one of two values cannot be known
("behavior is unpredictable": RFC 8259, section 4).
"""


class JsonNumber(str):
    """The text of a JSON number, so that no digit is lost and no length limit of ``int`` applies."""

    __slots__ = ()


class Kind(Enum):
    """The kind of a field's values."""

    TEXT = "text"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type. An absent optional text is stored as ``""``."""

    name: str
    kind: Kind
    description: str
    required: bool = True
    pattern: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordType:
    """A type of records, with its ``type`` value and its fields in the order in which they are stored."""

    name: str
    description: str
    fields: tuple[Field, ...]


@dataclass
class RecordError(ValueError):
    """A rejected record. ``field`` is ``""`` if the whole record is at fault."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


_SYMBOL = Field("symbol", Kind.TEXT, "Ticker of the instrument, upper case", pattern=SYMBOL_PATTERN)
_TS = Field("ts", Kind.TIMESTAMP, "Event time: RFC 3339, or integer nanoseconds since the Unix epoch (UTC)")

TRADE = RecordType(
    "trade",
    "An execution; unique by (symbol, trade_id)",
    (
        Field("trade_id", Kind.TEXT, "The venue's identifier of the execution", pattern=IDENTIFIER_PATTERN),
        _SYMBOL,
        Field("price", Kind.DECIMAL, "Price per unit, in the instrument's currency, above zero"),
        Field("size", Kind.DECIMAL, "Units traded, above zero"),
        _TS,
        Field("side", Kind.TEXT, "Aggressor's side", required=False, choices=("buy", "sell")),
        Field("venue", Kind.TEXT, "Market where it happened", required=False, pattern=VENUE_PATTERN),
    ),
)
QUOTE = RecordType(
    "quote",
    "A best bid and offer; in force until the symbol's next quote",
    (
        _SYMBOL,
        Field("bid", Kind.DECIMAL, "Best bid price, above zero and not above the ask"),
        Field("ask", Kind.DECIMAL, "Best ask price, above zero"),
        Field("bid_size", Kind.DECIMAL, "Units at the bid, above zero"),
        Field("ask_size", Kind.DECIMAL, "Units at the ask, above zero"),
        _TS,
    ),
)
RECORD_TYPES: Mapping[str, RecordType] = {kind.name: kind for kind in (TRADE, QUOTE)}
_KNOWN_NAMES = {kind.name: frozenset({"type", *(f.name for f in kind.fields)}) for kind in RECORD_TYPES.values()}
_PATTERNS = {f.name: re.compile(f.pattern) for kind in RECORD_TYPES.values() for f in kind.fields if f.pattern}


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[Any, object]:
    members: dict[Any, object] = dict(pairs)
    if len(members) < len(pairs):
        members[REPEATED] = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return members


# Created once, because json.loads and json.dumps with options create a new one for each call, which takes longer than the
# work itself.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_reject_constant
)
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)


def loads(text: str | bytes) -> object:
    """Parse JSON and keep numbers as text. An object that has a name twice has it under ``REPEATED`` too.

    Raises:
        ValueError: The text is not JSON, has NaN or Infinity, which the standard library would accept, or is nested
            deeper than the interpreter's stack.
    """
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_record(raw: object, latest_ns: int = END_NS) -> Record:
    """One validated record in its stored form: ``type``, then all fields of the type, decimals as plain text.

    Args:
        raw: A value from ``loads``.
        latest_ns: The last event time to accept (the receiver's clock plus ``CLOCK_SKEW_NS``), in epoch nanoseconds.

    Raises:
        RecordError: The first fault of the record.
    """
    if not isinstance(raw, dict):
        raise RecordError("", "is not a JSON object")
    if REPEATED in raw:
        raise RecordError("", f"has the field {raw[REPEATED][:40]!a} more than once")
    name = raw.get("type")
    kind = RECORD_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RecordError("type", "must be one of " + ", ".join(RECORD_TYPES))
    record: Record = {"type": kind.name}
    for spec in kind.fields:
        value = raw.get(spec.name)
        if value is None:
            if spec.required:
                raise RecordError(spec.name, "is missing")
            record[spec.name] = ""
        else:
            record[spec.name] = _parse_value(spec, value, latest_ns)
    if not raw.keys() <= _KNOWN_NAMES[kind.name]:
        unknown = sorted(str(key) for key in raw.keys() - _KNOWN_NAMES[kind.name])[0]
        raise RecordError("", f"has an unknown field {unknown[:40]!a}")
    if kind is QUOTE and Decimal(str(record["bid"])) > Decimal(str(record["ask"])):
        raise RecordError("bid", "is above the ask")
    return record


def dump_record(record: Record) -> str:
    """The stored line of a record, without the line feed. The same record gives the same bytes."""
    return _ENCODER.encode(record)


def parse_decimal(value: object) -> str:
    """The canonical text of an exact decimal above zero, from a JSON number or a text of plain digits.

    Raises ValueError with the reason.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = JsonNumber(value)
    if not isinstance(value, str):
        raise ValueError("is not a number")  # noqa: TRY004  (a reason for the client, not a programming error)
    text = value if _DECIMAL.fullmatch(value) else _plain_decimal(value)
    whole, _, fraction = text.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if whole == "0" and not fraction:
        raise ValueError("must be above zero")
    return f"{whole}.{fraction}" if fraction else whole


def parse_timestamp(value: object) -> int:
    """Epoch nanoseconds from RFC 3339 text or an integer of nanoseconds. Raises ValueError with the reason."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = JsonNumber(value)
    if isinstance(value, JsonNumber) or (isinstance(value, str) and _EPOCH_NS.fullmatch(value)):
        if not _EPOCH_NS.fullmatch(value):
            raise ValueError("as a number is integer nanoseconds since 1970")
        nanos = int(value)
    elif isinstance(value, str):
        nanos = _from_rfc3339(value)
    else:
        raise ValueError("is neither RFC 3339 text nor an integer of nanoseconds")
    if nanos < EARLIEST_NS:
        raise ValueError("is before 2000-01-01 (a number is nanoseconds since 1970)")
    if nanos >= END_NS:
        raise ValueError("is after 2099-12-31 (a number is nanoseconds since 1970)")
    return nanos


def format_timestamp(nanos: int) -> str:
    """RFC 3339 in UTC, with as many digits of fraction as the time needs (0, 3, 6 or 9)."""
    seconds, fraction = divmod(nanos, NANOS_PER_SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction:
        digits = f"{fraction:09d}"
        while digits.endswith("000"):
            digits = digits[:-3]
        text += "." + digits
    return text + "Z"


def request_model() -> dict[str, object]:
    """JSON Schema (draft 4) of the JSON envelope, for ``AWS::ApiGateway::Model``.

    It checks only the envelope. The function validates each record alone, so that the 202 reports an invalid record
    instead of a 400 rejecting the whole batch.
    """
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "MarketDataBatch",
        "type": "object",
        "required": ["records"],
        "properties": {"records": {"type": "array", "minItems": 1}},
        "additionalProperties": False,
    }


def record_json_schema(kind: RecordType) -> dict[str, object]:
    """JSON Schema (2020-12) of one record type, for OpenAPI and documentation.

    It accepts and rejects what ``parse_record`` accepts and rejects, except for the rules in ``BEYOND_JSON_SCHEMA``.
    """
    properties: dict[str, object] = {"type": {"type": "string", "enum": [kind.name]}}
    properties.update({spec.name: _field_json_schema(spec) for spec in kind.fields})
    return {
        "title": kind.name.capitalize(),
        "description": kind.description,
        "type": "object",
        "required": ["type", *(spec.name for spec in kind.fields if spec.required)],
        "properties": properties,
        "additionalProperties": False,
    }


def _field_json_schema(spec: Field) -> dict[str, object]:
    if spec.kind is Kind.DECIMAL:
        number = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10**INTEGER_DIGITS}
        # Two patterns (plain digits, one of them not 0) instead of a lookahead, which the dialects of Go and DuckDB lack.
        digits = {"type": "string", "allOf": [{"pattern": f"^{DECIMAL_PATTERN}$"}, {"pattern": "[1-9]"}]}
        return {"description": spec.description, "oneOf": [number, digits]}
    if spec.kind is Kind.TIMESTAMP:
        return {"description": spec.description, "oneOf": _timestamp_forms()}
    text: dict[str, object] = {"type": "string" if spec.required else ["string", "null"]}
    text["description"] = spec.description + ("" if spec.required else "; null is the same as absent")
    if spec.choices:
        text["enum"] = [*spec.choices, *([] if spec.required else [None])]
    if spec.pattern:
        text["pattern"] = f"^{spec.pattern}$"
    return text


def _timestamp_forms() -> list[dict[str, object]]:
    # Not the format date-time, which forbids the blank between date and time and allows leap seconds.
    digits = f"[0-9]{{{len(str(EARLIEST_NS))},{len(str(END_NS))}}}"
    return [
        {"type": "string", "pattern": f"^{RFC3339_PATTERN}$"},
        {"type": "string", "pattern": f"^{digits}$"},
        {"type": "integer", "minimum": EARLIEST_NS, "maximum": END_NS - 1},
    ]


def _parse_value(spec: Field, value: object, latest_ns: int) -> str | int:
    try:
        if spec.kind is Kind.DECIMAL:
            return parse_decimal(value)
        if spec.kind is Kind.TIMESTAMP:
            nanos = parse_timestamp(value)
            if nanos > latest_ns:
                raise ValueError("is in the future")
            return nanos
        return _parse_text(spec, value)
    except ValueError as error:
        raise RecordError(spec.name, str(error)) from None


def _parse_text(spec: Field, value: object) -> str:
    if type(value) is not str:
        raise ValueError("is not a string")
    if spec.choices and value not in spec.choices:
        raise ValueError("must be one of " + ", ".join(spec.choices))
    if spec.pattern and not _PATTERNS[spec.name].fullmatch(value):
        raise ValueError(f"does not match {spec.pattern}")
    return value


def _plain_decimal(value: str) -> str:
    """The plain digits of a number in another form, such as 1e2 or 1.500000000. A text has no other form."""
    if not isinstance(value, JsonNumber):
        raise ValueError(_fault_of_text(value))  # noqa: TRY004
    if len(value) > MAX_NUMBER_CHARACTERS:
        raise ValueError("has too many digits")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("is not a number") from None  # an exponent beyond that of Decimal
    if number <= 0:
        raise ValueError("must be above zero")
    if number.adjusted() >= INTEGER_DIGITS:
        raise ValueError(f"has more than {INTEGER_DIGITS} digits before the point")
    plain = format(number, "f") if number.adjusted() > -20 else "0.000000001"
    if len(plain.partition(".")[2].rstrip("0")) > FRACTION_DIGITS:
        raise ValueError(f"has more than {FRACTION_DIGITS} digits after the point")
    return plain


def _fault_of_text(text: str) -> str:
    match = _SIGNED_DIGITS.fullmatch(text)
    if match is None:
        return "is not a number in plain digits (12.5)"
    if match[1]:
        return "must be above zero"
    if len(match[2]) > INTEGER_DIGITS:
        return f"has more than {INTEGER_DIGITS} digits before the point"
    return f"has more than {FRACTION_DIGITS} digits after the point"


def _from_rfc3339(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        if _RFC3339_SHAPE.fullmatch(text):
            raise ValueError("is not a valid date and time")
        raise ValueError("is not RFC 3339 with an offset (2026-01-02T15:04:05.123456789Z)")
    date, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise ValueError("is not a valid date and time") from None
    return seconds * NANOS_PER_SECOND + int((fraction or "0").ljust(9, "0"))
