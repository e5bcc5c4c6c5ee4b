"""The operations on columns, each against the plain loop that it replaces."""

from __future__ import annotations

import json
import re
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import schema
from ingest import by_column, columns, decoding

pytestmark = pytest.mark.requirement("T-DATA-1")

PATTERNS = sorted({f.pattern for kind in schema.RECORD_TYPES.values() for f in kind.fields if f.pattern} | {"[0-9]+"})
_pieces = st.sampled_from(["A", "ACME", "a", "1", "12", ".", "-", "\n", "", " ", "é", "A" * 64, "0" * 65])
_words = st.lists(_pieces, max_size=3).map("".join)


# --- set_column -------------------------------------------------------------------------------------------------------
def test_set_column_sets_each_row_and_only_that_attribute() -> None:
    rows = [SimpleNamespace(price="1.0", size=size) for size in range(5)]
    columns.set_column(rows, "price", (str(size) for size in range(5)))
    assert [(row.price, row.size) for row in rows] == [(str(size), size) for size in range(5)]


def test_set_column_works_on_the_decoders_rows() -> None:
    rows = [decoding.record_decoder().decode(line(price=1)) for _ in range(3)]
    columns.set_column(rows, "price", ["1", "2", "3"])
    assert [row.price for row in rows] == ["1", "2", "3"]


# --- number_to_digits -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("digits", ["1.10", "9999999999.99999999", "1e-8", "0.1000000000000000055511151231257827"])
def test_number_to_digits_keeps_what_was_written_and_distinguishes_a_number_from_a_text(digits: str) -> None:
    as_number, as_text = (
        decoding.record_decoder().decode(line(price="<>").replace(b'"<>"', value.encode()))
        for value in (digits, f'"{digits}"')
    )
    assert as_number.price == digits.encode()
    assert as_text.price == digits


# --- all_match --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("pattern", PATTERNS)
@given(st.lists(_words, max_size=6))
@settings(max_examples=200, deadline=None)
def test_all_match_says_what_a_match_of_each_value_says(pattern: str, values: list[str]) -> None:
    assert columns.all_match(pattern, values) == all(re.fullmatch(pattern, value) for value in values)


def test_all_match_is_not_deceived_by_line_feeds() -> None:
    r"""Joined, ``A\nB`` and ``C`` are the same text as ``A``, ``B`` and ``C``."""
    assert columns.all_match("[A-Z]", ["A", "B", "C"])
    assert not columns.all_match("[A-Z]", ["A\nB", "C"])
    assert not columns.all_match("[A-Z]", ["A", "\nC"])
    assert not columns.all_match("[A-Z]", ["A\n"])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_all_match_rests_on_patterns_that_match_no_line_feed(pattern: str) -> None:
    assert not any(re.fullmatch(pattern, text) for text in ("\n", "A\n", "A\nA", "\nA", "1\n", "1\n1"))


# --- colons -----------------------------------------------------------------------------------------------------------
def test_colons_in_json_counts_inside_and_outside_of_strings() -> None:
    assert columns.colons_in_json([b'{"a":"::"}', b"{}", b'{"b" : 1}']) == 4
    assert columns.colons_in_json([]) == 0


def test_colons_in_values_counts_in_texts_and_skips_all_else() -> None:
    assert columns.colons_in_values(["a:b", "", "::"]) == 3
    assert columns.colons_in_values(["a:b", 5, None, b"::", [":"], "10:00:00"]) == 3


# --- names_are_distinct -----------------------------------------------------------------------------------------------
def line(**values: Any) -> bytes:
    trade = {"type": "trade", "trade_id": "1", "symbol": "ACME", "price": "1.5", "size": 2, "ts": 1767348000000000000}
    return json.dumps({**trade, **values}).encode()


def has_a_name_twice(text: str) -> bool:
    """By the standard library, in the object itself."""
    pairs = json.loads(text, object_pairs_hook=lambda pairs: [name for name, _ in pairs])
    return len(set(pairs)) < len(pairs)


def proof(texts: list[str]) -> bool:
    """``names_are_distinct`` as ``by_column`` asks it, with names and colons from a decoder that keeps the last value."""
    objects = [json.loads(text) for text in texts]
    value_colons = columns.colons_in_values([value for object_ in objects for value in object_.values()])
    return columns.names_are_distinct([text.encode() for text in texts], sum(map(len, objects)), value_colons)


_names = st.sampled_from(['"a"', '"b"', '"\\u0061"'])
_values = st.sampled_from(['"x"', '"a:b"', '":::"', '"\\u003a"', '"\\u003A:"', '"\\\\u003a"', "1", "null", '{"a":1}'])
_objects = st.lists(st.tuples(_names, _values), max_size=4).map(
    lambda members: "{" + ",".join(f"{name} : {value}" for name, value in members) + "}"
)


@given(st.lists(_objects, min_size=1, max_size=4))
@settings(max_examples=1000, deadline=None)
def test_names_are_distinct_never_says_yes_where_a_name_comes_twice(texts: list[str]) -> None:
    """Not even if the values of other objects have colons, or escapes of colons, to make up for it."""
    assert not (proof(texts) and any(map(has_a_name_twice, texts)))


@pytest.mark.parametrize("colon", [":", "::", "", "\\\\", "\\n", "10:00:00"])
def test_names_are_distinct_says_yes_for_ordinary_records(colon: str) -> None:
    """Or each batch would be counted record by record."""
    assert proof([f'{{"a":"{colon}","b" : 1}}', '{"a":null}', "{}"])


def test_names_are_distinct_gives_up_where_a_colon_may_be_escaped() -> None:
    """The value has a colon that the text lacks, which makes up for the second ``a``."""
    text = '{"a":1,"a":"\\u003a"}'
    assert text.count(":") == len(json.loads(text)) + 1, "the sums are equal, and the name comes twice"
    assert not proof([text])
    assert not proof(['{"a":"\\u003a"}']), "a wrong no"


@pytest.mark.parametrize("kind", schema.RECORD_TYPES.values(), ids=str)
def test_only_texts_and_times_of_the_schema_may_have_colons(kind: schema.RecordType) -> None:
    """Colons in other fields are not subtracted, so the records that have them are doubted, and rightly so."""
    with_colons = {spec.name for spec in kind.fields if spec.name in by_column._fields_with_colons(kind)}
    assert with_colons == ({"trade_id", "ts"} if kind is schema.TRADE else {"ts"})


# --- nanoseconds_of_utc -----------------------------------------------------------------------------------------------
FRACTIONS = ["", ".1", ".12", ".000", ".123456", ".12345678", ".123456789"]
MINUTE = "2026-01-02T10:00"


def by_the_schema(tail: str) -> int:
    return schema.parse_timestamp(MINUTE + tail) - schema.parse_timestamp(MINUTE + ":00Z")


@pytest.mark.parametrize(("first", "second"), list(product(FRACTIONS, repeat=2)))
def test_nanoseconds_of_utc_are_the_schemas_for_one_length_of_fraction_and_for_several(first: str, second: str) -> None:
    tails = [f":{seconds:02d}{fraction}Z" for seconds in (0, 7, 59) for fraction in (first, second)]
    assert columns.nanoseconds_of_utc(tails) == [by_the_schema(tail) for tail in tails]


@pytest.mark.parametrize(
    "odd",
    [":60Z", ":7Z", ":07", ":07z", ":07+01:00", ":07.Z", ":07.1234567890Z", ":07.1Z\n", ":0٣Z", "07.1Z", ":07,1Z", ""],
)
def test_nanoseconds_of_utc_leave_every_other_form_to_the_schema(odd: str) -> None:
    for tails in ([odd], [":07.1Z", odd], [odd, ":07.1Z"], [":07Z", odd, ":07Z"]):
        assert columns.nanoseconds_of_utc(tails) is None
