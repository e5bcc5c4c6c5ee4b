"""The quick path, the plain path and a reference that shares no code with them give the same answer for each record."""

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
from local.market_data.generator import GeneratorOptions, generate
from tests.lambda_src.support.client_records import FIELDS, LATEST_NS, NUMBERS, QUOTE, TEXTS, TIMES, TRADE, trade_line
from tests.lambda_src.support.records import T0

pytestmark = pytest.mark.requirement("T-DATA-1")

NDJSON, JSON, GZIP = "application/x-ndjson", "application/json", "application/gzip"
RULES = Rules(lambda symbol: symbol != "NOT-MINE", LATEST_NS)


def answer(path: Callable[[str, str, Rules], ValidationResult], text: str, media_type: str) -> Any:
    """The answer of a path: its result, or the rejection of the whole body."""
    try:
        return path(text, media_type, RULES)
    except RequestError as error:
        return (error.status, error.code, error.message, error.details)


def agree(text: str, media_type: str = NDJSON) -> Any:
    """Fail unless both paths give the same answer, and for NDJSON the reference the same lines and rejections."""
    result = answer(validate, text, media_type)
    assert result == answer(validate_exactly, text, media_type), text
    if isinstance(result, ValidationResult) and media_type == NDJSON:
        lines, rejected = plain_ingest.validate_lines(text, RULES.allows, RULES.latest_ns)
        assert result.lines.decode() == lines, text
        assert [(r.index, r.field, r.reason) for r in result.rejected] == rejected, text
        assert result.accepted == lines.count("\n")
    return result


@pytest.mark.parametrize("field", FIELDS)
def test_every_odd_value_of_a_field_alone_among_good_ones_and_all_together(field: str) -> None:
    for value in FIELDS[field]:
        agree(trade_line(**{field: value}))
        agree("\n".join([trade_line(), trade_line(**{field: value}), trade_line()]))
    everything = [trade_line(**{field: value}) for value in FIELDS[field]]
    agree("\n".join(everything))
    for value in FIELDS[field]:
        agree(f'{{"records":[{trade_line()},{trade_line(**{field: value})},{trade_line()}]}}', JSON)


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
    agree("\n".join([trade_line(), line, trade_line()]))
    agree(line)
    agree(f'{{"records":[{trade_line()},{line},{trade_line()}]}}', JSON)
    for text in (line, f"{trade_line()}\n{line}", f"{line}\n{trade_line()}", f'{{"records":[{line}]}}'):
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
        agree(text % trade_line(), media_type)
        agree(text % trade_line(price=-1), media_type)


@pytest.mark.parametrize("length", [4096, 4097])
@pytest.mark.parametrize("field", ["venue", "x"])
def test_a_record_has_at_most_4096_characters(length: int, field: str) -> None:
    """Only padding can make a valid record long; each character counts once, however many bytes it has."""
    for filler in (" ", "\t"):
        assert agree(
            trade_line() + "\n" + trade_line()[:-1] + filler * (length - len(trade_line())) + "}"
        ).accepted == (2 if length <= 4096 else 1)
    for letter in ("x", "é"):
        record = trade_line(**{field: ""})
        text = record.replace('""', f'"{letter * (length - len(record))}"')
        lines = agree(f"{trade_line()}\n{text}")
        document = validate(f'{{"records":[{trade_line()},{text}]}}', JSON, RULES)
        assert document == lines
        assert (lines.rejected[0].reason == "is longer than 4096 characters") is (length > 4096)


def test_a_long_body_that_is_not_plainly_a_batch_is_not_held_in_memory() -> None:
    text = '{"x":[' + "1," * 1_000_001 + "1]}"
    assert answer(validate, text, JSON)[:2] == (400, "malformed_body")
    assert answer(validate, text, GZIP)[:2] == (400, "malformed_body")


def with_member(record: str, member: str) -> str:
    """The record with one more member at its end."""
    return f"{record[:-1]},{member}}}"


def test_nor_is_a_body_of_many_brackets_or_with_one_wide_character() -> None:
    """Incident: each bracket is an object, and one wide character makes all others as wide as itself."""
    message = 'The body is not JSON, not a batch, has "records" more than once, or is nested too deeply'
    for text in ('{"x":[' + "[]" * 1_000_001 + "]}", '{"x":["' + "a" * 2**25 + '\U0001f600"]}'):
        for media_type in (JSON, GZIP):
            assert answer(validate, text, media_type)[:3] == (400, "malformed_body", message)


BLANKS = [character for character in map(chr, range(sys.maxunicode + 1)) if not character.strip()]


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_blank_lines_do_not_count_whatever_blanks_they_consist_of(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_WINDOW_BYTES", window)
    assert len(BLANKS) > 25
    blanks = [*BLANKS, *(first + second for first in BLANKS[:6] for second in BLANKS), "".join(BLANKS)]
    records = [trade_line(trade_id=str(number)) for number in range(len(blanks))]
    for end in ("\n", "\r\n"):
        text = "".join(f"{record}{end}{blank}{end}" for record, blank in zip(records, blanks, strict=True))
        for media_type in (NDJSON, GZIP):
            assert agree(text, media_type).accepted == len(records)
    for no_blank in ("\u200b", "\u180e", "\0", "\u3000x"):
        assert len(agree(f"{trade_line()}\n{no_blank}\n{trade_line()}").rejected) == 1


@given(
    st.lists(st.sampled_from([trade_line(), "x", "{", "[", "5", '"é"', "😀", "", " ", "\u3000", "\x1c", "\r"])),
    st.integers(1, 40),
)
@settings(max_examples=300, deadline=None)
def test_windows_change_nothing(lines: list[str], window: int) -> None:
    """The reference is a reader that splits the whole text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validation, "_WINDOW_BYTES", window)
        text = "\n".join(lines)
        result = agree(text)
        assert agree(text, GZIP) == result or len([line for line in text.split("\n") if line.strip()]) < 2
        if isinstance(result, ValidationResult):
            assert result.accepted + len(result.rejected) == sum(bool(line.strip()) for line in text.split("\n"))


@pytest.mark.parametrize("blank", ["", " ", "\r", "\u3000"])
def test_the_allowed_number_of_records_is_accepted_and_one_more_is_not(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incident: lines were split before they were counted. Blank lines do not count, neither between nor behind the records."""
    monkeypatch.setattr(validation, "MAX_RECORDS", 5)
    monkeypatch.setattr(validation, "_WINDOW_BYTES", 300)
    for line in (trade_line(), "x"):
        for media_type in (NDJSON, GZIP):
            for end in ("", "\n", "\r\n", f"\n{blank}\n\n"):
                text = f"{trade_line()}\n{blank}\n" + f"\n{blank}\n".join([line] * 4)
                result = agree(text + end, media_type)
                assert (result.accepted, len(result.rejected)) == ((5, 0) if line == trade_line() else (1, 4))
                status, code, _, _ = agree(f"{text}\n{line}{end}", media_type)
                assert (status, code) == (413, "too_large")


def test_lines_behind_a_bad_first_one_are_accepted_however_many_they_are() -> None:
    """A gzip whose first line is not JSON may be a document; a long one was once rejected as a whole."""
    text = "x\n" + (trade_line(side="buy", venue="XNYS") + "\n") * 170_000
    result = validate(text, GZIP, RULES)
    assert (result.accepted, [rejection.index for rejection in result.rejected]) == (170_000, [0])


PLAIN = "2026-01-02T10:00:00Z"
# Each has one member too many, which colons and escaped colons in its values must not compensate.
REPEATING = [
    with_member(trade_line(), '"price":"9"'),
    with_member(trade_line(), '"price":"1.5"'),
    with_member(trade_line(), '"type":"trade"'),
    with_member(trade_line(ts=PLAIN), f'"ts":"{PLAIN}"'),
    with_member(trade_line(ts=T0), '"ts":1767348000000000001'),
    with_member(trade_line(ts=PLAIN), f'"ts":{T0}'),
    with_member(trade_line(venue="XNYS"), '"venue":null'),
    with_member(trade_line(venue=None), '"venue":null'),
    with_member(trade_line(venue=None), '"venue":"XNYS"'),
    with_member(trade_line(trade_id=b'"a\\u003ab"'), '"price":"9"'),
    with_member(trade_line(trade_id=b'"a\\u003Ab"'), '"price":"9"'),
    with_member(trade_line(trade_id=b'"\\\\u003a:"'), '"price":"9"'),
    with_member(trade_line(trade_id="a:b"), '"trade_id":"ab"'),
    with_member(trade_line(trade_id="ab"), '"trade_id":"a:b"'),
    with_member(trade_line(trade_id="ab"), '"trade\\u005fid":"a:b"'),
    with_member(trade_line(ts=b'"2026-01-02T10\\u003a00\\u003a00Z"'), '"price":"9","size":9'),
    with_member(json.dumps(QUOTE), '"bid" : 1'),
    json.dumps(QUOTE).replace("{", '{"bid":1,', 1),
]


@pytest.mark.parametrize("record", REPEATING)
def test_a_record_that_has_a_name_twice_is_rejected_in_every_form(record: str) -> None:
    """Incident: the later of two prices was stored. Neighbours with unusual but valid colons must not hide it."""
    good = [
        trade_line(),
        trade_line(trade_id="a:b:c", ts=PLAIN),
        trade_line(trade_id=b'"a\\u003ab"'),
        trade_line(trade_id="5", venue=None),
    ]
    for records in ([record], [*good, record], [record, *good], [*good[:2], record, *good[2:]]):
        place = records.index(record)
        for text, media_type in (
            ("\n".join(records), NDJSON),
            ("\n".join(records), GZIP),
            ('{"records":[' + ",\n".join(records) + "]}", JSON),
            ('{"records":[' + ",".join(records) + "]}", GZIP),
        ):
            result = agree(text, media_type)
            assert result.accepted == len(records) - 1
            ((index, reason),) = [(r.index, r.reason) for r in result.rejected]
            assert index == place
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
def test_a_body_that_has_its_records_twice_is_rejected(text: str) -> None:
    """Incident: the records of the first array were lost, and the answer was 202."""
    body = text % (trade_line(), trade_line(trade_id="2"))
    for media_type in (JSON, GZIP):
        assert agree(body, media_type) == (
            400,
            "malformed_body",
            "The body has the member 'records' more than once",
            {},
        )


def test_a_long_body_that_has_its_records_twice_is_rejected_too() -> None:
    many = ",".join([trade_line()] * 170_000)
    status, code, message, _ = answer(validate, f'{{"records":[{many}],"records":[{trade_line()}]}}', JSON)
    assert (status, code) == (400, "malformed_body")
    assert 'has "records" more than once' in message


def test_two_records_in_a_line_and_one_in_two_lines_are_distinguished() -> None:
    """The numbers of records and lines agree here; the contents of the lines do not."""
    first, second = trade_line(trade_id="1"), trade_line(trade_id="2")
    result = agree("\n".join([f"{first},{second}", first[:-1] + ', "price":[{}', "{}]," + '"price":"1"}']))
    assert result[0] == 400 or result.accepted == 0


@pytest.mark.parametrize("fraction", ["", ".1", ".12", ".123", ".123456", ".1234567", ".123456789"])
def test_fractions_of_any_length_are_exact(fraction: str) -> None:
    texts = [f"2026-01-02T10:{minute:02d}:{second:02d}{fraction}Z" for minute in (0, 59) for second in (0, 7, 59)]
    result = agree("\n".join(trade_line(ts=text) for text in texts))
    assert [json.loads(line)["ts"] for line in result.lines.splitlines()] == [*map(schema.parse_timestamp, texts)]
    mixed = ["2026-01-02T10:00:07Z", *texts, "2026-01-02T10:00:07.5+05:30", str(T0)]
    assert agree("\n".join(trade_line(ts=text) for text in mixed)).accepted == len(mixed)


def test_the_quick_path_is_taken_where_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this test the comparisons could compare the plain path with itself."""
    records = list(generate(GeneratorOptions(trades=500)))
    lines = "".join(json.dumps(record) + "\n" for record in records)
    floats = "\n".join(trade_line(price=b"1.10", size=b"5e-05", trade_id=str(n)) for n in range(100))
    odd = "\n".join(
        trade_line(
            trade_id=f"{n}:a:b", ts="2026-01-02 10:00:00.5+01:00", side=None, **({"venue": None} if n % 2 else {})
        )
        for n in range(100)
    )
    escaped = "\n".join(trade_line(trade_id=f"a/{n}").replace("/", "\\/").replace(":", " : ") for n in range(100))
    of_odd = '{"records":[' + odd.replace("\n", ",") + "]}"
    document, exact_checks = json.dumps({"records": records}), [0]
    exact = schema.parse_record

    def counted(*arguments: Any) -> schema.Record:
        exact_checks[0] += 1
        return exact(*arguments)

    monkeypatch.setattr(schema, "parse_record", counted)
    monkeypatch.setattr(validation, "validate_exactly", None)
    bodies = [
        (lines, NDJSON),
        (lines, GZIP),
        (document, JSON),
        (document, GZIP),
        (floats, NDJSON),
        (odd, NDJSON),
        (of_odd, JSON),
    ]
    for text, media_type in (*bodies, (escaped, NDJSON)):
        assert validate(text, media_type, RULES).rejected == ()
    assert exact_checks == [0]
    result = validate(lines + trade_line(price="x") + "\n" + trade_line(price=b"1e0"), NDJSON, RULES)
    assert (exact_checks, len(result.rejected)) == ([1], 1)


def test_chunks_and_forgetting_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "CHUNK_RECORDS", 7)
    monkeypatch.setattr(fields, "REMEMBERED_VALUES", 3)
    records = list(generate(GeneratorOptions(trades=200, bad=20)))
    result = agree("".join(json.dumps(record) + "\n" for record in records))
    assert (result.accepted, len(result.rejected)) == (400, 20)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [validation.MAX_REJECTED, validation.MAX_REJECTED + 1])
@pytest.mark.parametrize("line", ["{", "5"])
def test_the_limit_of_rejections_is_the_same(bad: int, line: str) -> None:
    assert isinstance(agree(f"{line}\n" * bad + trade_line()), ValidationResult) is (bad == validation.MAX_REJECTED)
    agree(f"{line}\n" * bad)


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
_known = st.sampled_from([v.decode() for v in (*NUMBERS, *TIMES, *TEXTS) if len(v) < 200])


@st.composite
def _record(draw: st.DrawFn) -> str:
    """A record in which some fields are missing, unusual, repeated or unknown."""
    members = [(name, json.dumps(value)) for name, value in draw(st.sampled_from([TRADE, QUOTE])).items()]
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*TRADE, *QUOTE, "side", "venue", "x", "é"]))
        value = draw(st.one_of(_known, st.builds(json.dumps, _values)))
        position = draw(st.integers(0, len(members) - 1))
        change = draw(st.sampled_from(["put", "insert", "drop"]))
        if change == "drop":
            del members[position]
        elif change == "insert":
            members.insert(position, (name, value))
        else:
            members = [(key, value if key == name else current) for key, current in members]
    return "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"


# The plain path does not know the length of a record in a document.
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
    records = [json.dumps(record) for record in generate(GeneratorOptions(trades=20, bad=4))]
    noise = '{}[]",:0123456789.eE-+\\untrfalse \n\t\x0c\xa0é'
    for _ in range(3_000):
        sample = chance.sample(records, chance.randrange(1, 5))
        is_lines = chance.random() < 0.6
        text = list("\n".join(sample) if is_lines else '{"records":[' + ",".join(sample) + "]}")
        for _ in range(chance.randrange(4)):
            position = chance.randrange(len(text))
            text[position : position + chance.randrange(3)] = chance.choice(noise) * chance.randrange(3)
        agree("".join(text), chance.choice((NDJSON, GZIP)) if is_lines else chance.choice((JSON, GZIP)))
