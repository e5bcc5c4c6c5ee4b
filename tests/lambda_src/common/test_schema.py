"""The schema: which records it accepts, which it rejects and why, and that its three forms agree."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import schema
from tests.lambda_src.support.client_records import QUOTE, TRADE
from tests.lambda_src.support.records import T0, quote, trade

pytestmark = pytest.mark.requirement("T-DATA-1")

NOT_PLAIN = "is not a number in plain digits (12.5)"
IMPOSSIBLE_TIMES = (
    *("2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z", "2026-01-32T10:00:00Z"),
    *("2026-01-01T24:00:00Z", "2026-01-01T24:00:30Z", "2026-01-01T23:60:00Z", "2016-12-31T23:59:60Z"),
    *("2026-01-02T10:00:00+05:60", "2026-01-02T10:00:00-00:99", "2026-01-02T10:00:00+24:00", "0000-01-01T00:00:00Z"),
)


class LenientDatetime(datetime):
    """A datetime whose ``fromisoformat`` accepts what Python's does from 3.14 on, which the functions run on."""

    @classmethod
    def fromisoformat(cls, text: str) -> Any:
        if text[11:19] == "24:00:00":
            return datetime.fromisoformat(f"{text[:11]}00{text[13:]}") + timedelta(days=1)
        return datetime.fromisoformat(text)


def parse(record: object) -> schema.Record:
    return schema.parse_record(schema.loads(json.dumps(record)))


def test_a_record_is_stored_with_all_fields_and_exact_decimals() -> None:
    assert parse(TRADE) == trade("1", "1.5", "2", T0)
    assert parse({**QUOTE, "bid": 1.10, "ask": "001.20"}) == quote("1.1", "1.2", T0, ("3", "4"))


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"price": 0}, "price", "must be above zero"),
        ({"price": -1}, "price", "must be above zero"),
        ({"price": "-1"}, "price", "must be above zero"),
        ({"price": "1,5"}, "price", NOT_PLAIN),
        ({"price": True}, "price", "is not a number"),
        ({"price": [1]}, "price", "is not a number"),
        *(
            ({"price": text}, "price", NOT_PLAIN)
            for text in ("NaN", "1_0.5e0", "١", "", " 1", "1 ", "1\n", "+1", "1.", ".5")
        ),
        *(
            ({"price": text}, "price", NOT_PLAIN)
            for text in ("1e2", "1E+2", "1e-999999999", "1e999999999", "--1", "1.5.5")
        ),
        ({"price": "1.500000000"}, "price", "has more than 8 digits after the point"),
        ({"price": "00000000001"}, "price", "has more than 10 digits before the point"),
        ({"price": "0.0"}, "price", "must be above zero"),
        ({"price": 10**10}, "price", "has more than 10 digits before the point"),
        ({"price": 1e-9}, "price", "has more than 8 digits after the point"),
        ({"price": "1" * 70}, "price", "has more than 10 digits before the point"),
        ({"price": None}, "price", "is missing"),
        ({"symbol": "acme"}, "symbol", f"does not match {schema.SYMBOL_PATTERN}"),
        ({"symbol": "ACME\n"}, "symbol", f"does not match {schema.SYMBOL_PATTERN}"),
        ({"symbol": 5}, "symbol", "is not a string"),
        ({"trade_id": "a b"}, "trade_id", f"does not match {schema.IDENTIFIER_PATTERN}"),
        ({"trade_id": 12}, "trade_id", "is not a string"),
        ({"trade_id": "\ud800"}, "trade_id", f"does not match {schema.IDENTIFIER_PATTERN}"),
        ({"side": "BUY"}, "side", "must be one of buy, sell"),
        ({"ts": "2026-01-02"}, "ts", "is not RFC 3339 with an offset (2026-01-02T15:04:05.123456789Z)"),
        ({"ts": "2026-01-02T10:00:00"}, "ts", "is not RFC 3339 with an offset (2026-01-02T15:04:05.123456789Z)"),
        *(({"ts": text}, "ts", "is not a valid date and time") for text in IMPOSSIBLE_TIMES),
        ({"ts": 1.5}, "ts", "as a number is integer nanoseconds since 1970"),
        ({"ts": 1767348000}, "ts", "is before 2000-01-01 (a number is nanoseconds since 1970)"),
        ({"ts": 10**19}, "ts", "as a number is integer nanoseconds since 1970"),
        ({"ts": {}}, "ts", "is neither RFC 3339 text nor an integer of nanoseconds"),
        ({"type": "order"}, "type", "must be one of trade, quote"),
        ({"type": ["trade"]}, "type", "must be one of trade, quote"),
        ({"pirce": 1}, "", "has an unknown field 'pirce'"),
    ],
)
def test_a_bad_field_is_rejected_with_its_reason(change: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(schema.RecordError) as error:
        parse({**TRADE, **change})
    assert (error.value.field, error.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1" * 70, "has too many digits"),
        ("1e-999999999", "has more than 8 digits after the point"),
        ("1e999999999", "has more than 10 digits before the point"),
        ("1e99999999999999999999", "is not a number"),
        ("-0.0", "must be above zero"),
    ],
)
def test_a_number_that_is_no_decimal_is_rejected_with_its_reason(number: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        schema.parse_decimal(schema.JsonNumber(number))


def test_only_a_number_may_have_an_exponent_or_more_zeros() -> None:
    """Incident: the text "1e2" was accepted, which docs/openapi.yaml forbids."""
    for text, value in (("1e2", "100"), ("1E+2", "100"), ("12e-1", "1.2"), ("1.500000000", "1.5")):
        assert schema.parse_decimal(schema.JsonNumber(text)) == value
        with pytest.raises(ValueError, match=r"plain digits|after the point"):
            schema.parse_decimal(text)


@pytest.mark.parametrize("text", IMPOSSIBLE_TIMES)
def test_times_are_the_same_whatever_the_running_python_accepts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Incident: tests ran on Python 3.11, and the functions on 3.14, whose fromisoformat accepts 24:00."""
    monkeypatch.setattr(schema, "datetime", LenientDatetime)
    assert schema.parse_timestamp("2026-01-02T10:00:00Z") == T0
    with pytest.raises(ValueError, match="is not a valid date and time"):
        schema.parse_timestamp(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"type":"trade","price":"1.5","price":"9"}', "price"),
        ('{"type":"trade","type":"trade"}', "type"),
        ('{"x":1,"y":1,"y":2,"x":3}', "x"),
        ('{"price":1,"pr\\u0069ce":2}', "price"),
    ],
)
def test_a_record_that_has_a_name_twice_is_rejected(text: str, name: str) -> None:
    """Incident: of two prices the last one was stored, and the first one lost without notice."""
    with pytest.raises(schema.RecordError) as error:
        schema.parse_record(schema.loads(text))
    assert (error.value.field, error.value.reason) == ("", f"has the field '{name}' more than once")


def test_a_repeated_name_fails_a_check_of_the_names() -> None:
    """Sessions and process do not check for it, and must not accept such an object either."""
    request = schema.loads('{"ttlSeconds":60,"ttlSeconds":61}')
    assert isinstance(request, dict)
    assert not request.keys() <= {"ttlSeconds"}
    assert schema.loads('{"a":{"b":1},"c":[{"b":2}]}') == {"a": {"b": "1"}, "c": [{"b": "2"}]}


@pytest.mark.parametrize("record", [None, 5, "x", [TRADE], True])
def test_a_value_that_is_no_object_is_rejected(record: object) -> None:
    with pytest.raises(schema.RecordError, match="is not a JSON object"):
        parse(record)


def test_a_crossed_quote_is_rejected_and_a_locked_one_accepted() -> None:
    with pytest.raises(schema.RecordError, match="bid: is above the ask"):
        parse({**QUOTE, "bid": "10", "ask": "9.5"})
    assert parse({**QUOTE, "bid": "2", "ask": 2.0})["ask"] == "2"


def test_an_event_of_the_future_is_rejected() -> None:
    with pytest.raises(schema.RecordError, match="ts: is in the future"):
        schema.parse_record(schema.loads(json.dumps(TRADE)), T0 - 1)


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "[" * 100_000, "", "{", "\x00"])
def test_a_text_that_is_no_json_raises_only_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the parser's
        schema.loads(text)


@given(st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal("9999999999.99999999"), places=8))
def test_decimals_keep_their_exact_value(value: Decimal) -> None:
    for form in (f"{value:f}", schema.JsonNumber(str(value)), schema.JsonNumber(f"{value:e}")):
        assert Decimal(schema.parse_decimal(form)) == value
    canonical = schema.parse_decimal(f"{value:f}")
    assert schema.parse_decimal(canonical) == canonical


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),
    st.integers(0, 999_999_999),
    st.integers(-14 * 60, 14 * 60),
)
def test_timestamps_are_utc_to_the_nanosecond(local: datetime, nanos: int, offset: int) -> None:
    local = local.replace(microsecond=0)
    sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    text = f"{local:%Y-%m-%dT%H:%M:%S}.{nanos:09d}{sign}{hours:02d}:{minutes:02d}"
    seconds = (local.replace(tzinfo=UTC) - timedelta(minutes=offset)).timestamp()
    expected = int(seconds) * 1_000_000_000 + nanos
    assert schema.parse_timestamp(text) == expected
    assert schema.parse_timestamp(schema.format_timestamp(expected)) == expected
    assert schema.parse_timestamp(expected) == expected


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=5,
)
_fuzzed = st.builds(
    lambda base, changes: {**base, **changes},
    st.sampled_from([TRADE, QUOTE]),
    st.dictionaries(st.sampled_from([*TRADE, *QUOTE, "side", "venue", "x"]), _json, max_size=3),
)


@pytest.mark.slow
@given(_json | _fuzzed)
@settings(max_examples=400)
def test_any_json_is_accepted_or_a_record_error(raw: object) -> None:
    try:
        record = parse(raw)
    except schema.RecordError:
        return
    kind = schema.RECORD_TYPES[str(record["type"])]
    assert list(record) == ["type", *(spec.name for spec in kind.fields)]
    # The stored form reads back as the same record.
    assert parse({key: value for key, value in record.items() if value != ""}) == record


@pytest.mark.requirement("T-API-1")
def test_the_request_model_checks_the_envelope_only() -> None:
    model = schema.request_model()
    jsonschema.Draft4Validator.check_schema(model)
    validator = jsonschema.Draft4Validator(model)
    assert not list(validator.iter_errors({"records": [{"type": "nonsense"}, 5]}))
    for text in ("[]", "{}", '{"records": []}', '{"records": {}}', '{"records": [1], "more": 1}'):
        assert list(validator.iter_errors(json.loads(text))), text


def test_the_schema_module_needs_the_standard_library_only() -> None:
    """The template builders import it, and must import neither boto3 nor any dependency of a function."""
    script = (
        "import sys, lambda_src.common.schema\n"
        "outside = {m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(m for m in outside if not m.startswith('_') and m not in ('lambda_src', 'sitecustomize')))"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-S", "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
