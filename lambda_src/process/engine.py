"""DuckDB at work on one batch: NDJSON in, checked and distinct Parquet out, and that as CSV for PostgreSQL's COPY.

One streaming pass for each type of record reads, checks and writes; no table is ever held in memory. What follows (are
there repetitions, which days, which symbols) reads a few columns of that Parquet. Only when the pass meets anything
irregular, or the file was not written by ingest, does the slow path (``lines``) go over the lines with ``common.schema``,
which knows the reason for each refusal; what it accepts takes the fast pass again. Why so, with figures: docs/engine.md.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common import schema
from common.errors import BadObjectError

from . import lines

if TYPE_CHECKING:
    import duckdb

DAY_NS = 24 * 60 * schema.NANOS_PER_MINUTE
KINDS = {"trades": schema.TRADE, "quotes": schema.QUOTE}
MEMORY_MIB_WITHOUT_LAMBDA = 1024
MEMORY_MIB_PER_CPU = 1769  # "Configure Lambda function memory", Lambda Developer Guide
SPILL_LIMIT = "256MB"  # of the 512 MB in /tmp; the unpacked object is there too
LINE_BUFFER_BYTES = 1 << 16

# The lowest level of zstd: a tenth faster, a fifth larger. A column with more distinct values in a row group than 1,000
# (identifiers, times) gets no dictionary: building one only to give it up costs more than it ever saves.
_PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000"
_DECIMAL = "DECIMAL(18, 8)"

_BARS = """
COPY (
    SELECT symbol, make_timestamp(minute_ns // 1000) AS minute,
        * EXCLUDE (symbol, minute_ns) REPLACE (TRY_CAST(notional AS DECIMAL(38, 16)) AS notional)
    FROM read_csv(?, header = false, auto_detect = false, delim = ',', quote = '"', columns = {{
        'symbol': 'VARCHAR', 'minute_ns': 'BIGINT', 'open': 'DECIMAL(18, 8)', 'high': 'DECIMAL(18, 8)',
        'low': 'DECIMAL(18, 8)', 'close': 'DECIMAL(18, 8)', 'volume': 'DECIMAL(30, 8)',
        'notional': 'VARCHAR', 'trades': 'BIGINT'
    }}) ORDER BY symbol, minute
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


@dataclass(frozen=True, slots=True)
class Events:
    """The distinct records of one type in a batch, as a Parquet file; days count from 1970-01-01 (UTC)."""

    path: Path
    count: int
    first_day: int
    last_day: int
    symbols: frozenset[str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an object held. ``bad_lines`` is their gzip NDJSON with reasons; without any there is no such file."""

    trades: Events
    quotes: Events
    bad: int
    bad_lines: Path

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol of the batch, ascending."""
        return tuple(sorted(self.trades.symbols | self.quotes.symbols))


@contextmanager
def engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private in-memory DuckDB that spills into ``folder`` and can install nothing.

    It gets half of the function's memory (the rest is for Python, psycopg and buffers that DuckDB does not count) and
    as many threads as the function has processors.
    """
    import duckdb

    memory = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or MEMORY_MIB_WITHOUT_LAMBDA)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": max(1, -(-memory // MEMORY_MIB_PER_CPU)),
        "memory_limit": f"{memory // 2}MiB",
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": SPILL_LIMIT,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        yield connection
    finally:
        connection.close()


def load(
    connection: duckdb.DuckDBPyConnection,
    plain: Path,
    key: str,
    folder: Path,
    earliest_ns: int = schema.EARLIEST_NS,
    *,
    by_ingest: bool = False,
) -> Loaded:
    """Check an NDJSON file and write its distinct records into ``folder``.

    Events before ``earliest_ns`` are refused like other bad lines. ``by_ingest``: the file is what ingest has stored, so
    that it need not be checked for numbers without quotes. Raises BadObjectError.
    """
    bad, bad_lines = 0, folder / "bad.ndjson.gz"
    found = _load_known(connection, plain, folder, earliest_ns, _read_stored if by_ingest else _read_unknown)
    if found is None:
        cleaned = folder / "clean.ndjson"
        bad = lines.clean(plain, cleaned, bad_lines, key, earliest_ns)
        found = _load_known(connection, cleaned, folder, earliest_ns, _read_stored)
        cleaned.unlink()
    if found is None:
        raise BadObjectError(key, "passes the schema but not the engine")
    return Loaded(found["trades"], found["quotes"], bad, bad_lines)


def write_csv(connection: duckdb.DuckDBPyConnection, events: Events, path: Path) -> None:
    """The records as CSV without header, columns as in the schema ``trading``, for PostgreSQL's COPY."""
    if not events.count:
        path.write_bytes(b"")
        return
    source = f"SELECT * EXCLUDE (ts) FROM '{_escaped(events.path)}'"
    _copy(connection, f"COPY ({source}) TO '{_escaped(path)}' (FORMAT csv, HEADER false, FORCE_QUOTE *)")


def by_day(connection: duckdb.DuckDBPyConnection, events: Events, folder: Path) -> Iterator[tuple[int, Path]]:
    """Each UTC day with events and its Parquet file, which is gone or another one once the next day is asked for."""
    if not events.count:
        return
    if events.first_day == events.last_day:
        yield events.first_day, events.path
        return
    source, path = f"'{_escaped(events.path)}'", folder / "day.parquet"
    rows = connection.execute(f"SELECT DISTINCT ts_ns // {DAY_NS} AS day FROM {source} ORDER BY day").fetchall()
    for (day,) in rows:
        span = f"ts_ns >= {day * DAY_NS} AND ts_ns < {(day + 1) * DAY_NS}"
        _copy(connection, f"COPY (SELECT * FROM {source} WHERE {span}) TO '{_escaped(path)}' ({_PARQUET})")
        yield int(day), path


def write_bars(connection: duckdb.DuckDBPyConnection, csv: Path, path: Path) -> None:
    """Bars from PostgreSQL's CSV as Parquet.

    A notional of 10²² or more is left empty: Parquet's and Athena's decimals end at 38 digits, 16 of them after the point.
    """
    _copy(connection, _BARS.format(path=_escaped(path)), [str(csv)])


def _load_known(
    connection: duckdb.DuckDBPyConnection, plain: Path, folder: Path, earliest_ns: int, read: Read
) -> dict[str, Events] | None:
    """Both types of records; None when the file was not written by ingest, or any line is irregular.

    A type that no sampled line has is first taken for absent, which spares its pass over the file: should it be there
    after all, its first record is irregular in the other type's pass.
    """
    sampled, every = lines.sampled_types(plain), {kind.name for kind in KINDS.values()}
    if sampled is None:
        return None
    if sampled and sampled != every:
        found = _load_fast(connection, plain, folder, earliest_ns, read, sampled)
        if found is not None:
            return found
    return _load_fast(connection, plain, folder, earliest_ns, read, every)


def _load_fast(
    connection: duckdb.DuckDBPyConnection, plain: Path, folder: Path, earliest_ns: int, read: Read, present: set[str]
) -> dict[str, Events] | None:
    """Records of the types that are present; None when any line is irregular, such as one of another type."""
    import duckdb

    # Its own folder: a COPY that fails removes its file, and once the file of the next pass, of that name, was missing.
    folder = Path(tempfile.mkdtemp(dir=folder))
    found: dict[str, Events] = {}
    for table, kind in KINDS.items():
        path = folder / f"{table}.parquet"
        if kind.name not in present:
            found[table] = Events(path, 0, 0, 0, frozenset())
            continue
        try:
            checked = _checked(plain, kind, present - {kind.name}, read)
            _copy(connection, f"COPY ({checked}) TO '{_escaped(path)}' ({_PARQUET})")
        except duckdb.InvalidInputException:
            return None  # no JSON, or a test failed
        _make_distinct(connection, kind, path)
        events = _inspect(connection, kind, path, earliest_ns)
        if events is None:
            return None
        found[table] = events
    return found


def _checked(plain: Path, kind: schema.RecordType, others: set[str], read: Read) -> str:
    """SQL of the checked records of one type, in the order of the file; an irregular one is an error.

    A field that the schema does not know is passed over; where a sampled line has one (``lines.sampled_types``) the slow
    path refuses the line.
    """
    fields = {spec.name: read(spec) for spec in kind.fields}
    kinds = {"type": "VARCHAR"} | {name: field.kind for name, field in fields.items()}
    columns = ", ".join(f"'{name}': '{column_kind}'" for name, column_kind in kinds.items())
    source = (
        f"read_json('{_escaped(plain)}', format = 'newline_delimited', compression = 'none', "
        f"maximum_object_size = {LINE_BUFFER_BYTES}, columns = {{{columns}}})"
    )
    wanted = " AND ".join(["true", *(f"type IS DISTINCT FROM '{other}'" for other in sorted(others))])
    regular = " AND ".join([f"type = '{kind.name}'", *_tests(kind, fields)])
    checked = f"CASE WHEN {regular} THEN nanos ELSE error('irregular') END"
    values = [_value(spec, fields[spec.name]) for spec in kind.fields]
    identifier = ["trade_id"] if kind is schema.TRADE else []
    names = ["symbol", "make_timestamp(ts_ns // 1000) AS ts", *identifier, "ts_ns", *_others(kind)]
    return (
        f"SELECT {', '.join(names)} FROM (SELECT {checked} AS ts_ns, {', '.join(values)} "
        f"FROM (SELECT *, TRY_CAST(ts AS BIGINT) AS nanos FROM {source} WHERE {wanted}))"
    )


@dataclass(frozen=True, slots=True)
class Column:
    """How a field is read: DuckDB's type, SQL of its text, and SQL that it is one, and has this pattern."""

    kind: str
    text: str
    matches: str


Read = Callable[[schema.Field], Column]


def _read_stored(spec: schema.Field) -> Column:
    """Of a file whose lines are all as ``schema.dump_record`` writes them: all are texts."""
    return Column("VARCHAR", spec.name, f"regexp_full_match({spec.name}, '{_pattern(spec)}')")


def _read_unknown(spec: schema.Field) -> Column:
    """Of any file: numbers and identifiers as JSON, in quotes or without.

    Read as texts they would lose digits unseen, for what JSON itself has as a number comes by way of a double. A text with
    escapes counts as irregular: to undo them in every line would cost more than the slow path for the few that have any.
    """
    if not (spec.kind is schema.Kind.DECIMAL or spec.name == "trade_id"):
        return _read_stored(spec)
    json = f"CAST({spec.name} AS VARCHAR)"
    matches = f"""regexp_full_match({json}, '"{_pattern(spec)}"')"""
    if spec.kind is schema.Kind.TEXT:
        matches += f" AND NOT contains({json}, '\\')"
    return Column("JSON", f"substr({json}, 2, strlen({json}) - 2)", matches)


def _pattern(spec: schema.Field) -> str:
    return schema.DECIMAL_PATTERN if spec.kind is schema.Kind.DECIMAL else spec.pattern


def _others(kind: schema.RecordType) -> list[str]:
    return [spec.name for spec in kind.fields if spec.name not in ("symbol", "ts", "trade_id")]


def _value(spec: schema.Field, column: Column) -> str:
    if spec.kind is schema.Kind.DECIMAL:
        return f"{_number(column)} AS {spec.name}"
    return f"{column.text} AS {spec.name}" if spec.required else f"coalesce({column.text}, '') AS {spec.name}"


def _number(column: Column) -> str:
    return f"TRY_CAST({column.text} AS {_DECIMAL})"


def _tests(kind: schema.RecordType, fields: Mapping[str, Column]) -> list[str]:
    """What is tested record by record, derived from the schema: what cannot be seen any more in the Parquet."""
    tests = []
    for spec in kind.fields:
        if spec.kind is schema.Kind.TIMESTAMP:
            # Its own text again: no sign, no leading zero, no exponent, no fraction.
            tests.append(f"{spec.name} = CAST(nanos AS VARCHAR)")
        elif spec not in _words(kind):
            tests.append(fields[spec.name].matches)
    if kind is schema.QUOTE:
        tests.append(f"{_number(fields['bid'])} <= {_number(fields['ask'])}")
    return tests


def _words(kind: schema.RecordType) -> list[schema.Field]:
    """Text fields with few distinct values: checking those few afterwards costs less than checking every record."""
    return [spec for spec in kind.fields if spec.kind is schema.Kind.TEXT and spec.name != "trade_id"]


def _make_distinct(connection: duckdb.DuckDBPyConnection, kind: schema.RecordType, path: Path) -> None:
    """Remove equal records, if there may be any."""
    source = f"'{_escaped(path)}'"
    if not _may_repeat(connection, kind, source):
        return
    distinct = path.with_suffix(".distinct")
    # Sorted: the order of DISTINCT depends on threads, and the same batch shall give the same bytes.
    statement = f"SELECT DISTINCT * FROM {source} ORDER BY ALL"
    _copy(connection, f"COPY ({statement}) TO '{_escaped(distinct)}' ({_PARQUET})")
    distinct.replace(path)


def _may_repeat(connection: duckdb.DuckDBPyConnection, kind: schema.RecordType, source: str) -> bool:
    """Whether any record may be there twice; a wrong yes is possible, a wrong no is not.

    Equal records have equal times. So in a file in the order of time only neighbours of one time need be compared, and
    mostly there are none; otherwise all records are, by their hashes.
    """
    times = f"SELECT ts_ns, lag(ts_ns) OVER () AS before FROM {source}"  # a streaming window: in the order of the file
    row = connection.execute(f"SELECT count_if(ts_ns < before), count_if(ts_ns = before) FROM ({times})").fetchone()
    earlier, same = row or (0, 0)
    if not earlier and not same:
        return False
    compared = "true" if earlier else f"ts_ns IN (SELECT ts_ns FROM ({times}) WHERE ts_ns = before)"
    identity = ["symbol", "trade_id"] if kind is schema.TRADE else ["symbol", "ts_ns", *_others(kind)]
    hashed = f"xor(hash({identity[0]}), hash({', '.join(identity[1:])}))"
    statement = f"SELECT count(*), count(DISTINCT {hashed}) FROM {source} WHERE {compared}"
    counts = connection.execute(statement).fetchone() or (0, 0)
    return bool(counts[0] != counts[1])


def _inspect(
    connection: duckdb.DuckDBPyConnection, kind: schema.RecordType, path: Path, earliest_ns: int
) -> Events | None:
    """The rest of the checks, on minima and on distinct words; None when one fails."""
    source, words = f"'{_escaped(path)}'", _words(kind)
    decimals = [f"min({spec.name})" for spec in kind.fields if spec.kind is schema.Kind.DECIMAL]
    statement = f"SELECT count(*), min(ts_ns), max(ts_ns), {', '.join(decimals)} FROM {source}"
    count, first, last, *least = connection.execute(statement).fetchone() or (0, 0, 0)
    if not count:
        return Events(path, 0, 0, 0, frozenset())
    if first < max(earliest_ns, schema.EARLIEST_NS) or last >= schema.END_NS or min(least) <= 0:
        return None
    names = ", ".join(spec.name for spec in words)
    rows = connection.execute(f"SELECT DISTINCT {names} FROM {source}").fetchall()
    for spec, values in zip(words, zip(*rows, strict=True), strict=True):
        if not all(_is_regular_word(spec, value) for value in set(values)):
            return None
    return Events(path, count, first // DAY_NS, last // DAY_NS, frozenset(row[0] for row in rows))


def _is_regular_word(spec: schema.Field, value: str | None) -> bool:
    if not value:
        return value == "" and not spec.required
    return value in spec.choices if spec.choices else re.fullmatch(spec.pattern, value) is not None


def _copy(connection: duckdb.DuckDBPyConnection, statement: str, parameters: list[str] | None = None) -> None:
    """COPY, up to its result, with which an error may come."""
    connection.execute(statement, parameters).fetchall()


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
