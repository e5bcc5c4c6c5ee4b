"""The published JSON Schema of a record and the function's validator accept the same records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.trading.storage import IDEMPOTENCY_DAYS
from common import schema
from ingest.validation import Rules, validate
from tests.lambda_src.support.client_records import FIELDS, NUMBERS, QUOTE, TEXTS, TIMES, TRADE, trade_line
from tests.lambda_src.support.records import T0

pytestmark = pytest.mark.requirement("T-DATA-1", "T-API-1")

ROOT = Path(__file__).parents[3]
DOCUMENT = yaml.load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
DECIMALS = {
    spec.name for kind in schema.RECORD_TYPES.values() for spec in kind.fields if spec.kind is schema.Kind.DECIMAL
}


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """Match as ECMA 262 does, in which $ is the end; in Python $ also matches before a final line feed."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"does not match {pattern}")


_schemas = DOCUMENT["components"]["schemas"]
_extend: Any = jsonschema.validators.extend  # jsonschema has no types for it
PUBLISHED = _extend(jsonschema.Draft202012Validator, {"pattern": _pattern})(
    {"oneOf": [_schemas["Trade"], _schemas["Quote"]]}
)


def _number(text: str) -> Any:
    """The exact number; JSON Schema calls a number without a fraction an integer, however it is written."""
    number = Decimal(text)
    return int(number) if number.adjusted() < 400 and number == number.to_integral_value() else number


def _reject_constant(name: str) -> Any:
    raise ValueError(name)


def is_valid(text: str) -> bool:
    """Whether the published schema accepts a record's JSON text."""
    return bool(PUBLISHED.is_valid(json.loads(text, parse_float=_number, parse_constant=_reject_constant)))


def rejection(text: str) -> schema.RecordError | None:
    """The error with which the function rejects a record's JSON text, or None."""
    try:
        schema.parse_record(schema.loads(text))
    except schema.RecordError as error:
        return error
    return None


def is_beyond(text: str, error: schema.RecordError) -> bool:
    """Whether a JSON Schema cannot express a rejection: ``schema.BEYOND_JSON_SCHEMA``, as far as it is about a single record."""
    reason = error.reason
    if reason == "is above the ask" or reason.endswith("more than once"):
        return True
    raw: Any = schema.loads(text)
    is_number = isinstance(raw.get(error.field), schema.JsonNumber)
    if error.field in DECIMALS:
        return is_number and reason.startswith(("has more than", "has too many"))
    if error.field == "ts":
        of_text = ("is not a valid date and time", "is before 2000", "is after 2099")
        return reason.startswith("as a number is integer" if is_number else of_text)
    return False


def assert_same_verdict(text: str) -> None:
    """Fail unless schema and function agree about a record's JSON text."""
    error, valid = rejection(text), is_valid(text)
    if error is None:
        assert valid, f"accepted by the function and rejected by the schema: {text}"
    elif valid:
        assert is_beyond(text, error), f"rejected by the function ({error}) and accepted by the schema: {text}"


@pytest.mark.parametrize("field", FIELDS)
def test_every_odd_value_of_a_field(field: str) -> None:
    for value in FIELDS[field]:
        text = trade_line(**{field: value})
        try:
            schema.loads(text)
        except ValueError:
            continue  # the text is not JSON
        assert_same_verdict(text)


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        *(
            ({"price": text}, False)
            for text in (" 1", "+1", "1.", ".5", "1e2", "1E+2", "1.500000000", "1\n", "0", "0.0", "00.00")
        ),
        *(
            ({"price": text}, True)
            for text in ("1", "0.1", "00.1", "100.00000000", "9999999999.99999999", 1.5, 1e2, 1e-8)
        ),
        *(({"price": number}, False) for number in (0, 0.0, -1, 10**10, True, None)),
        *(({"side": value}, True) for value in (None, "buy")),
        *(({"side": value}, False) for value in ("", "short", 1)),
        *(({"venue": value}, True) for value in (None, "XNYS")),
        *(({"venue": value}, False) for value in ("", "x y", "XNYS\n")),
        *(
            ({"ts": text}, True)
            for text in (str(T0), "2026-01-02T10:00:00Z", "2026-01-02t10:00:00.5z", "2026-01-02 10:00:00-05:30")
        ),
        *(
            ({"ts": text}, False)
            for text in ("2026-01-02T10:00:00+05:60", "2026-01-02T10:00:00+00:99", "2026-01-02T24:00:00Z")
        ),
        *(
            ({"ts": text}, False)
            for text in ("2016-12-31T23:59:60Z", "2026-13-01T10:00:00Z", "2026-01-02T10:00:00Z\n", "-5")
        ),
        *(({name: value}, False) for name, value in (("symbol", None), ("trade_id", 5), ("pirce", 1))),
    ],
    ids=str,
)
def test_records_about_which_schema_and_function_once_disagreed(change: dict[str, Any], accepted: bool) -> None:
    """Incident: the function accepted prices that the document forbade, and the document accepted zero."""
    text = json.dumps({**TRADE, **change})
    assert (rejection(text) is None, is_valid(text)) == (accepted, accepted)


def _quoted(*texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(texts).map(json.dumps)


def _like(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


_decimal = _like(schema.DECIMAL_PATTERN)
_digits = _like(r"[ +-]?[0-9]{0,11}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,2})?")
_time = _like(
    r"(19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]"
    r"(\.[0-9]{0,10})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])?"
)
_near = st.datetimes(datetime(1999, 12, 31), datetime(2100, 1, 2)).map(lambda t: f"{t:%Y-%m-%dT%H:%M:%S}")
_offset = st.sampled_from(["Z", "z", "+00:00", "-23:59", "+05:60", ".5Z", ".123456789+01:00", ".Z", ""])
_local = st.builds(str.__add__, _near, _offset)
_epoch = _like("-?[0-9]{16,20}")
_nanos = st.integers(schema.EARLIEST_NS - 1, schema.END_NS).map(str)
_word = _like("[A-Z0-9][A-Za-z0-9 ._/-]{0,17}")
_any = st.sampled_from([value.decode() for value in (*NUMBERS, *TIMES, *TEXTS) if len(value) < 200]) | _quoted(
    st.text()
)
# For each kind of value valid, nearly valid and invalid JSON texts.
_VALUES = {
    schema.Kind.DECIMAL: st.one_of(_decimal, _quoted(_decimal), _digits, _quoted(_digits), _any),
    schema.Kind.TIMESTAMP: st.one_of(
        _nanos, _quoted(_nanos), _quoted(_local), _quoted(_time), _epoch, _quoted(_epoch), _any
    ),
    schema.Kind.TEXT: st.one_of(_quoted(_word), st.sampled_from(['"buy"', '"sell"', "null"]), _any),
}


def _members(kind: schema.RecordType) -> st.SearchStrategy[dict[str, str]]:
    """The names of a mostly valid record with the JSON texts of their values."""
    example = {TRADE["type"]: TRADE, QUOTE["type"]: QUOTE}[kind.name]
    base = {name: json.dumps(value) for name, value in example.items()}
    fields = [st.tuples(st.just(spec.name), _VALUES[spec.kind]) for spec in kind.fields]
    changes = st.lists(st.one_of(*fields, *fields, st.tuples(st.sampled_from(["x", "type"]), _any)), max_size=2)
    dropped = st.sampled_from([*[""] * 2 * len(base), *base])
    return st.builds(
        lambda changed, removed: {n: value for n, value in {**base, **dict(changed)}.items() if n != removed},
        changes,
        dropped,
    )


@pytest.mark.slow
@given(st.one_of(*map(_members, schema.RECORD_TYPES.values())))
@settings(max_examples=2_000, deadline=None)
def test_any_record_gets_the_same_verdict(members: dict[str, str]) -> None:
    text = "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"
    try:
        schema.loads(text)
    except ValueError:
        return
    assert_same_verdict(text)


CROSSED = json.dumps({**QUOTE, "bid": 3})
# For each line of the list a record that the schema accepts, and the reason with which the function rejects it.
BEYOND = (
    (trade_line()[:-1] + ',"price":"9"}', "has the field 'price' more than once"),
    (trade_line()[:-1] + " " * schema.MAX_RECORD_CHARACTERS + "}", "is longer than 4096 characters"),
    (trade_line(price=b"0.000000001"), "has more than 8 digits after the point"),
    (trade_line(ts=b"1767348000000000000.0"), "as a number is integer nanoseconds since 1970"),
    (trade_line(ts="2026-02-30T10:00:00Z"), "is not a valid date and time"),
    (trade_line(ts="1999-12-31T23:59:59Z"), "is before 2000-01-01"),
    (trade_line(ts=T0 + 2), "is in the future"),
    (CROSSED, "is above the ask"),
    (trade_line(symbol="NOT-MINE"), "is not in this API key's entitlement"),
)


def test_the_list_of_rules_that_a_json_schema_cannot_express_is_correct() -> None:
    rules = Rules(lambda symbol: symbol != "NOT-MINE", T0 + 1)
    for line, (text, reason) in zip(schema.BEYOND_JSON_SCHEMA, BEYOND, strict=True):
        (rejected,) = validate(f"{trade_line()}\n{text}", "application/x-ndjson", rules).rejected
        assert rejected.reason.startswith(reason), line
        assert is_valid(text), line
        assert line in _schemas["Record"]["description"]


def test_no_pattern_needs_a_feature_that_a_dialect_lacks() -> None:
    """Go's RE2, which clients and DuckDB use, has no lookaround and no backreference."""
    texts = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps([_schemas["Trade"], _schemas["Quote"]]))
    assert len(texts) > 10
    for pattern in map(json.loads, texts):
        assert not re.search(r"\(\?[^:]|\\[1-9dwsb]", pattern), pattern


@pytest.mark.requirement("T-DATA-2")
def test_the_document_says_how_long_an_idempotency_key_lives() -> None:
    """S3 deletes the markers after so many days (builders/trading/storage.py); then a key can be bound again."""
    parameters = DOCUMENT["paths"]["/v1/market-data"]["post"]["parameters"]
    (header,) = (p for p in parameters if p["name"] == "Idempotency-Key")
    assert f"for {IDEMPOTENCY_DAYS} days" in header["description"]
    assert f"for {IDEMPOTENCY_DAYS} days" in (ROOT / "lambda_src" / "README.md").read_text(encoding="utf-8")
