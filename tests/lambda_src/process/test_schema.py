"""The engine accepts and rejects exactly the records that the schema does."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from common import schema
from process import engine, lines
from tests.lambda_src.support.records import T0, quote, records, trade

pytestmark = pytest.mark.requirement("T-DATA-1", "T-DATA-2")

FAULTS: list[dict[str, Any]] = [
    *({"price": p} for p in ("0", "-1", "12345678901", "1.123456789", None, [1], "x")),
    *({"symbol": s} for s in ("acme", None, "A" * 17, "A\nB")),
    *({"ts": t} for t in (5, 1.5, 2**62, 2**70, 1.7673e18, "x", None)),
    *({"side": "short"}, {"venue": "x y"}, {"trade_id": "é"}, {"type": "order"}, {"type": None}),
]


WRITERS = pytest.mark.parametrize("by_ingest", [True, False], ids=["ingest's", "another writer's"])


@pytest.mark.slow
@WRITERS
@given(sample=records)
@settings(max_examples=20, deadline=None)
def test_the_engine_accepts_what_the_schema_accepts(by_ingest: bool, sample: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name, engine.open_engine(Path(name)) as duck:
        path = Path(name) / "lines"
        path.write_text("".join(schema.dump_record(record) + "\n" for record in sample))
        loaded = engine.load(duck, path, "key", Path(name), by_ingest=by_ingest)
    stored = {json.dumps(schema.parse_record({k: v for k, v in record.items() if v != ""})) for record in sample}
    assert (loaded.rejections, loaded.trades.count + loaded.quotes.count) == (0, len(stored))


@WRITERS
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_each_fault_alone_is_rejected_with_the_schemas_reason(
    fault: dict[str, Any], by_ingest: bool, tmp_path: Path
) -> None:
    good = trade("1", "1.5", "2", T0)
    faulty = {k: v for k, v in {**good, **fault}.items() if v != ""}
    with pytest.raises(schema.RecordError) as rejection:
        schema.parse_record(schema.loads(json.dumps(faulty)))
    path = tmp_path / "lines"
    path.write_text(schema.dump_record(good) + "\n" + json.dumps(faulty) + "\n")
    assert lines.sampled_types(path) == {"trade"}, "so that the engine's own checks apply"
    with engine.open_engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path, by_ingest=by_ingest)
    (line,) = gzip.decompress(loaded.bad_lines.read_bytes()).splitlines()
    assert (loaded.trades.count, loaded.rejections, json.loads(line)["reason"]) == (1, 1, str(rejection.value))


@pytest.mark.parametrize(
    ("price", "read"),
    [
        ("1234567890.12345678", "1234567890.12345678"),  # as a double it ends with .1234567
        ("9999999999.99999999", "9999999999.99999999"),
        ("1e2", "100.00000000"),
        ("1.123456789", None),
        ("1.00000000000000000001", None),
    ],
)
def test_numbers_of_another_writer_keep_their_digits_or_are_rejected(
    price: str, read: str | None, tmp_path: Path
) -> None:
    """DuckDB reads a JSON number as a double, even into a text column: 1234567890.12345678 lost a digit without notice."""
    path = tmp_path / "lines"
    record = schema.dump_record(trade("1", "0", "2", T0)).replace('"price":"0"', f'"price":{price}')
    path.write_text(record + "\n")
    with engine.open_engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path)
        assert (loaded.trades.count, loaded.rejections) == ((0, 1) if read is None else (1, 0))
        if read is not None:
            assert duck.execute(f"SELECT price::VARCHAR FROM '{loaded.trades.path}'").fetchall() == [(read,)]


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("price", "1234567890.12345678", True),  # as a double it ends with .1234567
        ("size", "9999999999.99999999", True),
        ("size", "1.123456789", False),
        ("trade_id", "12345678901234567890123", False),  # as a double it is 1.2345678901234568e+22, an identifier
    ],
)
def test_a_line_of_another_writer_between_those_of_ingest_loses_no_digit(
    field: str, value: str, accepted: bool, tmp_path: Path
) -> None:
    path, stored = tmp_path / "lines", schema.dump_record(trade("1", "1.5", "2", T0)) + "\n"
    other = {**trade("2", "1", "1", T0 + 1), field: "?"}
    path.write_text(stored + schema.dump_record(other).replace('"?"', value) + "\n" + stored)
    assert lines.sampled_types(path) == {"trade"}, "so that the engine's own checks apply"
    with engine.open_engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path)
        values = duck.execute(f"SELECT {field}::VARCHAR FROM '{loaded.trades.path}' WHERE ts_ns = {T0 + 1}").fetchall()
    assert (values, loaded.rejections) == (([(value,)], 0) if accepted else ([], 1))


@pytest.mark.parametrize("identifier", ['"', "\\", 'a"b\\"c', "\\\\n", "'", "/", '"' * 64])
def test_identifiers_with_escapes_are_read_as_they_are(identifier: str, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text(schema.dump_record(trade(identifier, "1.5", "2", T0)) + "\n")
    with engine.open_engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path)
        assert loaded.rejections == 0
        assert duck.execute(f"SELECT trade_id FROM '{loaded.trades.path}'").fetchall() == [(identifier,)]


def test_the_writer_and_the_types_of_a_file_are_recognised_beyond_its_first_line(tmp_path: Path) -> None:
    path, stored = tmp_path / "lines", schema.dump_record(trade("1", "1.5", "2", T0)) + "\n"
    other = schema.dump_record(quote("1", "2", T0)) + "\n"
    path.write_text(stored * 20_000 + other * 20_000)
    assert lines.sampled_types(path) == {"trade", "quote"}
    path.write_text(stored * 20_000 + (json.dumps(json.loads(stored)) + "\n") * 20_000)
    assert lines.sampled_types(path) is None


def test_a_type_that_is_not_in_the_sample_is_found(tmp_path: Path) -> None:
    """A single quote among the trades of a file, and a single trade among its quotes."""
    for number, (many, single) in enumerate(((trade, quote), (quote, trade))):
        path = tmp_path / f"{number}"
        records = {
            trade: schema.dump_record(trade("1", "1.5", "2", T0)),
            quote: schema.dump_record(quote("1", "2", T0)),
        }
        path.write_text("\n".join([records[many], records[single], records[many], ""]))
        with engine.open_engine(tmp_path) as duck:
            loaded = engine.load(duck, path, "key", tmp_path)
        assert (loaded.trades.count, loaded.quotes.count, loaded.rejections) == (1, 1, 0)


def test_records_after_blank_lines_count(tmp_path: Path) -> None:
    """Where every sampled line is blank the engine knows no type, and may not assume that one is absent."""
    path = tmp_path / "lines"
    path.write_text("\n\n" + schema.dump_record(quote("1", "2", T0)) + "\n")
    assert lines.sampled_types(path) == set()
    with engine.open_engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path)
    assert (loaded.trades.count, loaded.quotes.count, loaded.rejections) == (0, 1, 0)


@pytest.mark.parametrize("body", ["", "\n\n"])
def test_a_file_without_records_is_valid(body: str, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text(body)
    with engine.open_engine(tmp_path) as duck:
        loaded = engine.load(duck, path, "key", tmp_path)
    assert (loaded.trades.count, loaded.quotes.count, loaded.rejections, loaded.symbols) == (0, 0, 0, ())


# As (trade_id, nanoseconds after the first); 130,000 are more than a row group.
IN_ORDER = [(n, n) for n in range(130_000)]
TIES = [(n, n // 3) for n in range(130_000)]


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["1024", "3008"], ids=["one thread", "two threads"])
@pytest.mark.parametrize(
    ("rows", "distinct"),
    [
        (IN_ORDER, len(IN_ORDER)),
        (TIES, len(TIES)),
        ([*IN_ORDER, IN_ORDER[-1]], len(IN_ORDER)),
        ([*IN_ORDER, IN_ORDER[0]], len(IN_ORDER)),
        ([*IN_ORDER[:125_000], IN_ORDER[7], *IN_ORDER[125_000:]], len(IN_ORDER)),
        ([*TIES[:124_001], TIES[123_999], *TIES[124_001:]], len(TIES)),
        ([*reversed(IN_ORDER), IN_ORDER[-1]], len(IN_ORDER)),
        ([(1, 5), (2, 5), (1, 5)], 2),
        ([(1, 5), (1, 6)], 2),  # the same identifier with other content: the database decides
    ],
    ids=["in order", "ties", "last again", "first again", "one in the middle again", "tie again", "reversed", "3", "2"],
)
def test_equal_records_count_once_wherever_they_are(
    rows: list[tuple[int, int]], distinct: int, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a file in the order of time, the engine has a shorter proof that no record repeats."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)
    path = tmp_path / "lines"
    form = schema.dump_record(trade("{}", "1.5", "2", 0)).replace('"ts":0', '"ts":%d').replace("{}", "%d")
    path.write_text("".join(form % (number, T0 + later) + "\n" for number, later in rows))
    with engine.open_engine(tmp_path) as duck:
        assert engine.load(duck, path, "key", tmp_path).trades.count == distinct
