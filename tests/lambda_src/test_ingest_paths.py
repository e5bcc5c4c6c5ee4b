"""The quick way, the plain way and a reference that shares no code with them: one answer, record by record."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import plain_ingest
from common import schema
from common.errors import RequestError
from ingest import decoding, fields, validation
from ingest.validation import Rules, ValidationResult, validate, validate_exactly
from sample.generator import Plan, generate

from .records import T0

pytestmark = pytest.mark.requirement("T-DATA-1")

NDJSON, JSON, GZIP = "application/x-ndjson", "application/json", "application/gzip"
TRADE = {"type": "trade", "trade_id": "1", "symbol": "ACME", "price": "1.5", "size": 2, "ts": T0}
QUOTE = {"type": "quote", "symbol": "ACME", "bid": 1, "ask": 2, "bid_size": 3, "ask_size": 4, "ts": T0}
RULES = Rules(lambda symbol: symbol != "NOT-MINE", T0 + 10 * 365 * 86_400 * 10**9)


def answer(way: Callable[[str, str, Rules], ValidationResult], text: str, media_type: str) -> Any:
    """What a way says: the result, or the refusal of the whole body."""
    try:
        return way(text, media_type, RULES)
    except RequestError as error:
        return (error.status, error.code, error.message, error.details)


def agree(text: str, media_type: str = NDJSON) -> Any:
    """Both ways must give the same; and what the reference says of the lines of NDJSON."""
    quick = answer(validate, text, media_type)
    assert quick == answer(validate_exactly, text, media_type), text
    if isinstance(quick, ValidationResult) and media_type == NDJSON:
        lines, rejected = plain_ingest.validate_lines(text, RULES.allows, RULES.latest_ns)
        assert quick.lines.decode() == lines, text
        assert [(r.index, r.field, r.reason) for r in quick.rejected] == rejected, text
        assert quick.accepted == lines.count("\n")
    return quick


def one(**fields: Any) -> str:
    """A trade's line; a value given as bytes is put in as JSON text, unquoted."""
    raw = {name: value.decode() for name, value in fields.items() if isinstance(value, bytes)}
    whole = {**TRADE, **{name: f"<{name}>" if name in raw else value for name, value in fields.items()}}
    return re.sub(r'"<(\w+)>"', lambda match: raw[match[1]], json.dumps(whole))


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
    *(
        str(edge + step).encode()
        for edge in (schema.EARLIEST_NS, schema.END_NS, RULES.latest_ns)
        for step in (-1, 0, 1)
    ),
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


@pytest.mark.parametrize("field", FIELDS)
def test_every_odd_value_of_a_field_alone_among_good_ones_and_all_together(field: str) -> None:
    for value in FIELDS[field]:
        agree(one(**{field: value}))
        agree("\n".join([one(), one(**{field: value}), one()]))
    everything = [one(**{field: value}) for value in FIELDS[field]]
    agree("\n".join(everything))
    for value in FIELDS[field]:
        agree(f'{{"records":[{one()},{one(**{field: value})},{one()}]}}', JSON)


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"trade","type":"quote","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000}',
        '{"type":"order","type":"trade","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":"x","price":1,"size":1,"ts":1767348000000000000}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"price":"x","size":1,"ts":1767348000000000000}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":[1],"price":1,"size":1,"ts":1767348000000000000}',
        '{"trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000,"type":"trade"}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":{"a":1,"a":2},"size":1,"ts":1767348000000000000}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000,"é":1,"é":1}',
        '{"records":[],"records":[]}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":true,"size":1,"ts":1767348000000000000}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":true,"ts":1767348000000000000}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000,"":1}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000,"\\ud800":1}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000,}',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":1,"ts":1767348000000000000} x',
        '{"type":"trade","trade_id":"1","symbol":"A","price":1,"size":1},{"type":"trade"}',
        "\x0c{}",
        "\x1c",
        "\xa0",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 400 + "]" * 400,
        '{"a":' * 200 + "1" + "}" * 200,
        '{"type":"trade","x":' + "[" * 90 + "]" * 90 + "}",
        "null",
        '"trade"',
        "1",
        "[]",
        "{}",
    ],
)
def test_odd_lines_get_the_same_answer_in_every_form(line: str) -> None:
    agree("\n".join([one(), line, one()]))
    agree(line)
    agree(f'{{"records":[{one()},{line},{one()}]}}', JSON)
    for text in (line, f"{one()}\n{line}", f"{line}\n{one()}", f'{{"records":[{line}]}}'):
        agree(text, GZIP)


@pytest.mark.parametrize(
    "text",
    [
        '{"records":[],"records":[%s]}',
        '{"records":[%s],"records":[]}',
        '{"records":[%s],"records":5}',
        '{"records":5,"records":[%s]}',
        '{"x":1,"records":[%s]}',
        '{"records":[%s],"x":NaN}',
        '{"records":[%s,]}',
        '{"records":[%s]}{}',
        '{"records":[%s]',
        '[{"records":[%s]}]',
        '{"\\u0072ecords":[%s]}',
        '{"\\u0072ecords":[%s],"records":[]}',
        '{"records":[{"a":":"}],"records":[%s]}',
        '{"records":[{"a":":"},%s,{"records":[]}]}',
        '{"records":[%s],"x":1,"x":2}',
        '{"x":%s,"x":2}',
        '{"records":\n[\n%s\n]\n}\n',
        '{"records":[%s,NaN]}',
        '{"records":[%s,"\\x"]}',
        '{"records":[%s,01]}',
        '{"records":[%s,"a\tb"]}',
        '{"records":[%s,"\\ud800"]}',
    ],
)
def test_odd_envelopes_get_the_same_answer(text: str) -> None:
    for media_type in (JSON, GZIP):
        agree(text % one(), media_type)
        agree(text % one(price=-1), media_type)


@pytest.mark.parametrize("length", [4096, 4097])
@pytest.mark.parametrize("field", ["venue", "x"])
def test_a_record_may_have_so_many_characters_and_no_more(length: int, field: str) -> None:
    """Padding is all that a valid record can be long by; each character counts once, however many bytes it has."""
    for filler in (" ", "\t"):
        assert agree(one() + "\n" + one()[:-1] + filler * (length - len(one())) + "}").accepted == (
            2 if length <= 4096 else 1
        )
    for letter in ("x", "é"):
        whole = one(**{field: ""})
        text = whole.replace('""', f'"{letter * (length - len(whole))}"')
        lines = agree(f"{one()}\n{text}")
        document = validate(f'{{"records":[{one()},{text}]}}', JSON, RULES)
        assert document == lines
        assert (lines.rejected[0].reason == "is longer than 4096 characters") is (length > 4096)


def test_what_is_neither_short_nor_plainly_a_batch_is_not_held_in_memory() -> None:
    text = '{"x":[' + "1," * 1_000_001 + "1]}"
    assert answer(validate, text, JSON)[:2] == (400, "malformed_body")
    assert answer(validate, text, GZIP)[:2] == (400, "malformed_body")


def with_again(record: str, member: str) -> str:
    """The record with one more member at its end."""
    return f"{record[:-1]},{member}}}"


def test_nor_is_one_of_many_brackets_or_of_one_wide_character_among_many() -> None:
    """Incident: each bracket is an object, and a wide character makes all others as wide as itself."""
    message = 'The body is not JSON, not a batch, has "records" more than once, or is nested too deeply'
    for text in ('{"x":[' + "[]" * 1_000_001 + "]}", '{"x":["' + "a" * 2**25 + '\U0001f600"]}'):
        for media_type in (JSON, GZIP):
            assert answer(validate, text, media_type)[:3] == (400, "malformed_body", message)


BLANKS = [character for character in map(chr, range(sys.maxunicode + 1)) if not character.strip()]


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_blank_lines_are_none_whatever_blanks_they_are_of(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_WINDOW_BYTES", window)
    assert len(BLANKS) > 25
    blanks = [*BLANKS, *(first + second for first in BLANKS[:6] for second in BLANKS), "".join(BLANKS)]
    records = [one(trade_id=str(number)) for number in range(len(blanks))]
    for end in ("\n", "\r\n"):
        text = "".join(f"{record}{end}{blank}{end}" for record, blank in zip(records, blanks, strict=True))
        for media_type in (NDJSON, GZIP):
            assert agree(text, media_type).accepted == len(records)
    for no_blank in ("\u200b", "\u180e", "\0", "\u3000x"):
        assert len(agree(f"{one()}\n{no_blank}\n{one()}").rejected) == 1


@given(
    st.lists(st.sampled_from([one(), "x", "{", "[", "5", '"é"', "😀", "", " ", "\u3000", "\x1c", "\r"])),
    st.integers(1, 40),
)
@settings(max_examples=300, deadline=None)
def test_windows_change_nothing(lines: list[str], window: int) -> None:
    """A reader that splits the whole text is the reference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validation, "_WINDOW_BYTES", window)
        text = "\n".join(lines)
        found = agree(text)
        assert agree(text, GZIP) == found or len([line for line in text.split("\n") if line.strip()]) < 2
        if isinstance(found, ValidationResult):
            assert found.accepted + len(found.rejected) == sum(bool(line.strip()) for line in text.split("\n"))


@pytest.mark.parametrize("blank", ["", " ", "\r", "\u3000"])
def test_as_many_records_as_are_allowed_are_taken_and_one_more_is_not(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incident: lines were split before they were counted. Blank ones are none, neither between nor behind the records."""
    monkeypatch.setattr(validation, "MAX_RECORDS", 5)
    monkeypatch.setattr(validation, "_WINDOW_BYTES", 300)
    for line in (one(), "x"):
        for media_type in (NDJSON, GZIP):
            for end in ("", "\n", "\r\n", f"\n{blank}\n\n"):
                text = f"{one()}\n{blank}\n" + f"\n{blank}\n".join([line] * 4)
                found = agree(text + end, media_type)
                assert (found.accepted, len(found.rejected)) == ((5, 0) if line == one() else (1, 4))
                status, code, _, _ = agree(f"{text}\n{line}{end}", media_type)
                assert (status, code) == (413, "too_large")


def test_lines_behind_a_bad_first_one_are_taken_however_many_they_are() -> None:
    """Of a gzip whose first line is no JSON it was in doubt whether it is a document; a long one was refused as a whole."""
    text = "x\n" + (one(side="buy", venue="XNYS") + "\n") * 170_000
    found = validate(text, GZIP, RULES)
    assert (found.accepted, [rejection.index for rejection in found.rejected]) == (170_000, [0])


PLAIN = "2026-01-02T10:00:00Z"
# Each has one member too many. What is written in the values (colons, escapes of colons) must not make up for it.
REPEATING = [
    with_again(one(), '"price":"9"'),
    with_again(one(), '"price":"1.5"'),
    with_again(one(), '"type":"trade"'),
    with_again(one(ts=PLAIN), f'"ts":"{PLAIN}"'),
    with_again(one(ts=T0), '"ts":1767348000000000001'),
    with_again(one(ts=PLAIN), f'"ts":{T0}'),
    with_again(one(venue="XNYS"), '"venue":null'),
    with_again(one(venue=None), '"venue":null'),
    with_again(one(venue=None), '"venue":"XNYS"'),
    with_again(one(trade_id=b'"a\\u003ab"'), '"price":"9"'),
    with_again(one(trade_id=b'"a\\u003Ab"'), '"price":"9"'),
    with_again(one(trade_id=b'"\\\\u003a:"'), '"price":"9"'),
    with_again(one(trade_id="a:b"), '"trade_id":"ab"'),
    with_again(one(trade_id="ab"), '"trade_id":"a:b"'),
    with_again(one(trade_id="ab"), '"trade\\u005fid":"a:b"'),
    with_again(one(ts=b'"2026-01-02T10\\u003a00\\u003a00Z"'), '"price":"9","size":9'),
    with_again(json.dumps(QUOTE), '"bid" : 1'),
    json.dumps(QUOTE).replace("{", '{"bid":1,', 1),
]


@pytest.mark.parametrize("record", REPEATING)
def test_a_record_that_has_a_name_twice_is_refused_in_every_form(record: str) -> None:
    """Incident: the later of two prices was stored. Neighbours with odd but good colons must not hide it."""
    good = [one(), one(trade_id="a:b:c", ts=PLAIN), one(trade_id=b'"a\\u003ab"'), one(trade_id="5", venue=None)]
    for records in ([record], [*good, record], [record, *good], [*good[:2], record, *good[2:]]):
        at = records.index(record)
        for text, media_type in (
            ("\n".join(records), NDJSON),
            ("\n".join(records), GZIP),
            ('{"records":[' + ",\n".join(records) + "]}", JSON),
            ('{"records":[' + ",".join(records) + "]}", GZIP),
        ):
            found = agree(text, media_type)
            assert found.accepted == len(records) - 1
            ((index, reason),) = [(r.index, r.reason) for r in found.rejected]
            assert index == at
            assert re.fullmatch(r"has the field '\w+' more than once", reason)


@pytest.mark.parametrize(
    "text",
    [
        '{"records":[%s],"records":[%s]}',
        '{"records":[],"records":[%s,%s]}',
        '{"records":[%s],"r\\u0065cords":[%s]}',
        '{"records":[%s],"records":5,"x":[%s]}',
        '\n{ "records" : [%s] ,\n"records" : [%s] }\n',
    ],
)
def test_a_body_that_has_its_records_twice_is_refused(text: str) -> None:
    """Incident: the records of the first were lost, and the answer was 202."""
    body = text % (one(), one(trade_id="2"))
    for media_type in (JSON, GZIP):
        assert agree(body, media_type) == (
            400,
            "malformed_body",
            "The body has the member 'records' more than once",
            {},
        )


def test_a_long_body_that_has_its_records_twice_is_refused_too() -> None:
    many = ",".join([one()] * 170_000)
    status, code, message, _ = answer(validate, f'{{"records":[{many}],"records":[{one()}]}}', JSON)
    assert (status, code) == (400, "malformed_body")
    assert 'has "records" more than once' in message


def test_two_records_in_a_line_and_one_in_two_lines_are_told_apart() -> None:
    """The numbers of records and lines agree here; what stands in which line does not."""
    first, second = one(trade_id="1"), one(trade_id="2")
    found = agree("\n".join([f"{first},{second}", first[:-1] + ', "price":[{}', "{}]," + '"price":"1"}']))
    assert found[0] == 400 or found.accepted == 0


@pytest.mark.parametrize("fraction", ["", ".1", ".12", ".123", ".123456", ".1234567", ".123456789"])
def test_fractions_of_any_length_are_exact(fraction: str) -> None:
    texts = [f"2026-01-02T10:{minute:02d}:{second:02d}{fraction}Z" for minute in (0, 59) for second in (0, 7, 59)]
    found = agree("\n".join(one(ts=text) for text in texts))
    assert [json.loads(line)["ts"] for line in found.lines.splitlines()] == [*map(schema.parse_timestamp, texts)]
    mixed = ["2026-01-02T10:00:07Z", *texts, "2026-01-02T10:00:07.5+05:30", str(T0)]
    assert agree("\n".join(one(ts=text) for text in mixed)).accepted == len(mixed)


def test_the_quick_way_is_taken_where_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this the comparisons could compare the plain way with itself."""
    records = list(generate(Plan(trades=500)))
    lines = "".join(json.dumps(record) + "\n" for record in records)
    floats = "\n".join(one(price=b"1.10", size=b"5e-05", trade_id=str(n)) for n in range(100))
    odd = "\n".join(
        one(trade_id=f"{n}:a:b", ts="2026-01-02 10:00:00.5+01:00", side=None, **({"venue": None} if n % 2 else {}))
        for n in range(100)
    )
    escaped = "\n".join(one(trade_id=f"a/{n}").replace("/", "\\/").replace(":", " : ") for n in range(100))
    of_odd = '{"records":[' + odd.replace("\n", ",") + "]}"
    whole, asked = json.dumps({"records": records}), [0]
    exact = schema.parse_record

    def counted(*arguments: Any) -> schema.Record:
        asked[0] += 1
        return exact(*arguments)

    monkeypatch.setattr(schema, "parse_record", counted)
    monkeypatch.setattr(validation, "validate_exactly", None)
    bodies = [
        (lines, NDJSON),
        (lines, GZIP),
        (whole, JSON),
        (whole, GZIP),
        (floats, NDJSON),
        (odd, NDJSON),
        (of_odd, JSON),
    ]
    for text, media_type in (*bodies, (escaped, NDJSON)):
        assert validate(text, media_type, RULES).rejected == ()
    assert asked == [0]
    found = validate(lines + one(price="x") + "\n" + one(price=b"1e0"), NDJSON, RULES)
    assert (asked, len(found.rejected)) == ([1], 1)


def test_chunks_and_forgetting_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "CHUNK_RECORDS", 7)
    monkeypatch.setattr(fields, "REMEMBERED_VALUES", 3)
    records = list(generate(Plan(trades=200, bad=20)))
    found = agree("".join(json.dumps(record) + "\n" for record in records))
    assert (found.accepted, len(found.rejected)) == (400, 20)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [validation.MAX_REJECTED, validation.MAX_REJECTED + 1])
@pytest.mark.parametrize("line", ["{", "5"])
def test_the_limit_of_rejections_is_the_same(bad: int, line: str) -> None:
    assert isinstance(agree(f"{line}\n" * bad + one()), ValidationResult) is (bad == validation.MAX_REJECTED)
    agree(f"{line}\n" * bad)


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
_known = st.sampled_from([v.decode() for v in (*NUMBERS, *TIMES, *TEXTS) if len(v) < 200])


@st.composite
def _record(draw: st.DrawFn) -> str:
    """A record in which some fields are missing, odd, repeated or unknown."""
    members = [(name, json.dumps(value)) for name, value in draw(st.sampled_from([TRADE, QUOTE])).items()]
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*TRADE, *QUOTE, "side", "venue", "x", "é"]))
        value = draw(st.one_of(_known, st.builds(json.dumps, _values)))
        at = draw(st.integers(0, len(members) - 1))
        how = draw(st.sampled_from(["put", "insert", "drop"]))
        if how == "drop":
            del members[at]
        elif how == "insert":
            members.insert(at, (name, value))
        else:
            members = [(key, value if key == name else old) for key, old in members]
    return "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"


# Of a record in a document the plain way does not know the length.
_not_too_long = _record().filter(lambda text: len(text) <= schema.MAX_RECORD_CHARACTERS)


@pytest.mark.slow
@given(st.lists(_not_too_long | _known, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_records_get_the_same_answer(records: list[str]) -> None:
    agree("\n".join(records))
    for media_type in (JSON, GZIP):
        agree('{"records":[' + ",".join(records) + "]}", media_type)
    agree("\n".join(records), GZIP)


@pytest.mark.slow
def test_three_thousand_mutilated_bodies_get_the_same_answer() -> None:
    chance = random.Random(3)
    records = [json.dumps(record) for record in generate(Plan(trades=20, bad=4))]
    noise = '{}[]",:0123456789.eE-+\\untrfalse \n\t\x0c\xa0é'
    for _ in range(3_000):
        some = chance.sample(records, chance.randrange(1, 5))
        is_lines = chance.random() < 0.6
        text = list("\n".join(some) if is_lines else '{"records":[' + ",".join(some) + "]}")
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(text))
            text[at : at + chance.randrange(3)] = chance.choice(noise) * chance.randrange(3)
        agree("".join(text), chance.choice((NDJSON, GZIP)) if is_lines else chance.choice((JSON, GZIP)))
