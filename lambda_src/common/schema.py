"""The one schema of market data: validation, JSON Schema and the API's request model all come from here.

Imports nothing beyond the standard library, so that the template builders and the documentation can import it.

A record is a JSON object with a ``type`` of ``trade`` or ``quote``. A batch is either a JSON object
``{"records": [...]}`` or NDJSON, one record a line. Timestamps are RFC 3339 (up to nanoseconds, any offset) or integer
nanoseconds since 1970-01-01T00:00:00Z; inside they are such integers. Decimals are JSON numbers or strings, exact, with
at most 10 digits before and 8 after the point; they never pass through binary floating point.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum

INTEGER_DIGITS = 10
FRACTION_DIGITS = 8
MAX_RECORD_CHARACTERS = 4096  # of its JSON text; more cannot be valid, but for padding, and would only take memory
NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_MINUTE = 60 * NANOS_PER_SECOND
EARLIEST_NS = 946_684_800 * NANOS_PER_SECOND  # 2000-01-01T00:00:00Z
END_NS = 4_102_444_800 * NANOS_PER_SECOND  # 2100-01-01T00:00:00Z, exclusive
CLOCK_SKEW_NS = 5 * NANOS_PER_MINUTE  # how far ahead of the receiver's clock an event may be

SYMBOL_PATTERN = "[A-Z0-9][A-Z0-9._-]{0,15}"
IDENTIFIER_PATTERN = "[!-~]{1,64}"
VENUE_PATTERN = "[A-Z0-9][A-Z0-9._-]{0,11}"
DECIMAL_PATTERN = rf"[0-9]{{1,{INTEGER_DIGITS}}}(\.[0-9]{{1,{FRACTION_DIGITS}}})?"
RFC3339_PATTERN = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(RFC3339_PATTERN)
_DECIMAL = re.compile(DECIMAL_PATTERN)
_EPOCH_NS = re.compile(r"-?[0-9]{1,19}")

Record = dict[str, str | int]


class JsonNumber(str):
    """A JSON number kept as its text, so that no digit is lost and no length limit of ``int`` applies."""

    __slots__ = ()


class Kind(Enum):
    """What a field may hold."""

    TEXT = "text"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type; an absent optional text is stored as ``""``."""

    name: str
    kind: Kind
    description: str
    required: bool = True
    pattern: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordType:
    """A kind of record: its ``type`` value and its fields in the order in which they are stored."""

    name: str
    description: str
    fields: tuple[Field, ...]


@dataclass
class RecordError(ValueError):
    """A record that is refused: ``field`` is ``""`` where the whole record is at fault."""

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


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


# Made once: json.loads and json.dumps with options make a new one for every call, which takes longer than the work.
_DECODER = json.JSONDecoder(parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)


def loads(text: str | bytes) -> object:
    """Parse JSON with numbers kept as text.

    Raises ValueError for anything that is not JSON: also NaN and Infinity, which the standard library would accept,
    and nesting deeper than the interpreter's stack.
    """
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_record(raw: object, latest_ns: int = END_NS) -> Record:
    """One validated record in its stored form: ``type``, then all fields of the type, decimals as plain text.

    ``latest_ns`` is the last event time to accept (the receiver's clock plus ``CLOCK_SKEW_NS``), in epoch nanoseconds.
    Raises RecordError with the first fault.
    """
    if not isinstance(raw, dict):
        raise RecordError("", "is not a JSON object")
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
    """A record's stored line (without the newline): same record, same bytes."""
    return _ENCODER.encode(record)


def parse_decimal(value: object) -> str:
    """The canonical text of an exact decimal above zero. Raises ValueError with the reason."""
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
    """RFC 3339 in UTC with as many fraction digits as needed (0, 3, 6 or 9)."""
    seconds, fraction = divmod(nanos, NANOS_PER_SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction:
        digits = f"{fraction:09d}"
        while digits.endswith("000"):
            digits = digits[:-3]
        text += "." + digits
    return text + "Z"


def request_model() -> dict[str, object]:
    """JSON Schema (draft 4) of the JSON envelope, fit for ``AWS::ApiGateway::Model``.

    It checks the envelope only: each record is validated on its own by the function, so that one bad record is
    reported in the 202 and does not turn the batch into a 400.
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

    What it cannot say: how many digits a number has, that a bid is not above its ask, and the latest time.
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
        return {
            "description": spec.description,
            "oneOf": [number, {"type": "string", "pattern": f"^{DECIMAL_PATTERN}$"}],
        }
    if spec.kind is Kind.TIMESTAMP:
        whole = {"type": "integer", "minimum": EARLIEST_NS, "maximum": END_NS - 1}
        return {"description": spec.description, "oneOf": [{"type": "string", "format": "date-time"}, whole]}
    text: dict[str, object] = {"type": "string", "description": spec.description}
    if spec.choices:
        text["enum"] = list(spec.choices)
    if spec.pattern:
        text["pattern"] = f"^{spec.pattern}$"
    return text


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


def _plain_decimal(text: str) -> str:
    """Decimal text without exponent; only the rare forms (1e2, 1.500000000) come here."""
    if len(text) > 64:
        raise ValueError("has too many digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not text.isascii() or "_" in text or not number.is_finite():
        raise ValueError("is not a number")
    if number <= 0:
        raise ValueError("must be above zero")
    if number.adjusted() >= INTEGER_DIGITS:
        raise ValueError(f"has more than {INTEGER_DIGITS} digits before the point")
    plain = format(number, "f") if number.adjusted() > -20 else "0.000000001"
    if len(plain.partition(".")[2].rstrip("0")) > FRACTION_DIGITS:
        raise ValueError(f"has more than {FRACTION_DIGITS} digits after the point")
    return plain


def _from_rfc3339(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("is not RFC 3339 with an offset (2026-01-02T15:04:05.123456789Z)")
    date, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise ValueError("is not a valid date and time") from None
    return seconds * NANOS_PER_SECOND + int((fraction or "0").ljust(9, "0"))
