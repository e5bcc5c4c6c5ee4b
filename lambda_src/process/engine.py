"""DuckDB's work on one batch: from NDJSON to checked and distinct Parquet, and from that to CSV for PostgreSQL's COPY.

One streaming pass for each type of record reads, checks and writes. No table is ever in memory. The later questions
(repetitions, days, symbols) read a few columns of that Parquet. The slow path (``lines``) reads the lines with
``common.schema``, which knows the reason for each rejection. It runs only if the pass finds something irregular, or if
ingest did not write the file; the accepted lines then take the fast pass again. docs/engine.md has the reasons and figures.
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
SPILL_LIMIT = "256MB"  # of the 512 MB in /tmp, which also holds the unpacked object
LINE_BUFFER_BYTES = 1 << 16

# The lowest level of zstd is a tenth faster, and the file a fifth larger. A column with more than 1,000 distinct values in
# a row group (identifiers, times) gets no dictionary, because DuckDB would build one and then discard it.
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
    """The distinct records of one type in a batch, as a Parquet file. Days count from 1970-01-01 (UTC)."""

    path: Path
    count: int
    first_day: int
    last_day: int
    symbols: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoadedObject:
    """The content of an object.

    Attributes:
        trades: The accepted trades.
        quotes: The accepted quotes.
        rejections: The number of rejected lines.
        bad_lines: The gzip NDJSON of the rejected lines, with reasons. Without a rejected line the file does not exist.
    """

    trades: Events
    quotes: Events
    rejections: int
    bad_lines: Path

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of the batch, ascending."""
        return tuple(sorted(self.trades.symbols | self.quotes.symbols))


@contextmanager
def open_engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private in-memory DuckDB that spills into ``folder`` and cannot install extensions.

    It gets half of the function's memory and as many threads as the function has processors. The other half is for
    Python, psycopg and buffers that DuckDB does not count.
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
) -> LoadedObject:
    """Check an NDJSON file and write its distinct records into ``folder``.

    Args:
        connection: The engine.
        plain: The NDJSON file.
        key: The object's key, which errors and rejected lines name.
        folder: Where to write.
        earliest_ns: The horizon; events before it are rejected like other bad lines.
        by_ingest: Whether ingest stored the file, so that it has no numbers without quotes.

    Raises:
        BadObjectError: The schema and the engine do not agree about the file.
    """
    rejections, bad_lines = 0, folder / "bad.ndjson.gz"
    column_of = _stored_column if by_ingest else _json_column
    events = _load_if_regular(connection, plain, folder, earliest_ns, column_of)
    if events is None:
        cleaned = folder / "clean.ndjson"
        rejections = lines.clean(plain, cleaned, bad_lines, key, earliest_ns)
        events = _load_if_regular(connection, cleaned, folder, earliest_ns, _stored_column)
        cleaned.unlink()
    if events is None:
        raise BadObjectError(key, "passes the schema but not the engine")
    return LoadedObject(events["trades"], events["quotes"], rejections, bad_lines)


def write_csv(connection: duckdb.DuckDBPyConnection, events: Events, path: Path) -> None:
    """Write the records as CSV for PostgreSQL's COPY: no header, columns as in the schema ``trading``."""
    if not events.count:
        path.write_bytes(b"")
        return
    source = f"SELECT * EXCLUDE (ts) FROM '{_escaped(events.path)}'"
    _copy(connection, f"COPY ({source}) TO '{_escaped(path)}' (FORMAT csv, HEADER false, FORCE_QUOTE *)")


def by_day(connection: duckdb.DuckDBPyConnection, events: Events, folder: Path) -> Iterator[tuple[int, Path]]:
    """Each UTC day with events, and its Parquet file, which is valid only until the iterator advances."""
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
    """Write bars from PostgreSQL's CSV as Parquet.

    A notional of 10²² or more becomes empty, because decimals of Parquet and Athena have at most 38 digits, here 16 of
    them after the point.
    """
    _copy(connection, _BARS.format(path=_escaped(path)), [str(csv)])


def _load_if_regular(
    connection: duckdb.DuckDBPyConnection, plain: Path, folder: Path, earliest_ns: int, column_of: ColumnOf
) -> dict[str, Events] | None:
    """The events by table; None if the file's lines are not in ingest's form, or one is irregular.

    A type that no sampled line has is first assumed to be absent, which saves its pass over the file. If the file has it
    nevertheless, its first record is irregular in the pass of the other type.
    """
    sampled_types, all_types = lines.sampled_types(plain), {kind.name for kind in KINDS.values()}
    if sampled_types is None:
        return None
    if sampled_types and sampled_types != all_types:
        events = _load_fast(connection, plain, folder, earliest_ns, column_of, sampled_types)
        if events is not None:
            return events
    return _load_fast(connection, plain, folder, earliest_ns, column_of, all_types)


def _load_fast(
    connection: duckdb.DuckDBPyConnection,
    plain: Path,
    folder: Path,
    earliest_ns: int,
    column_of: ColumnOf,
    present: set[str],
) -> dict[str, Events] | None:
    """The events of the types that are present; None if a line is irregular, such as a line of another type."""
    import duckdb

    # Each pass has its own folder. A failed COPY removes its file, and once the next pass's file of that name was missing.
    folder = Path(tempfile.mkdtemp(dir=folder))
    events_by_table: dict[str, Events] = {}
    for table, kind in KINDS.items():
        path = folder / f"{table}.parquet"
        if kind.name not in present:
            events_by_table[table] = Events(path, 0, 0, 0, frozenset())
            continue
        try:
            checked = _checked(plain, kind, present - {kind.name}, column_of)
            _copy(connection, f"COPY ({checked}) TO '{_escaped(path)}' ({_PARQUET})")
        except duckdb.InvalidInputException:
            return None  # not JSON, or a test failed
        _make_distinct(connection, kind, path)
        events = _inspect(connection, kind, path, earliest_ns)
        if events is None:
            return None
        events_by_table[table] = events
    return events_by_table


def _checked(plain: Path, kind: schema.RecordType, other_types: set[str], column_of: ColumnOf) -> str:
    """SQL of the checked records of one type, in the order of the file. An irregular record raises an error in DuckDB.

    It ignores a field that the schema does not know. If a sampled line has one (``lines.sampled_types``), the slow path
    rejects the line.
    """
    columns = {spec.name: column_of(spec) for spec in kind.fields}
    sql_types = {"type": "VARCHAR"} | {name: column.sql_type for name, column in columns.items()}
    declared = ", ".join(f"'{name}': '{sql_type}'" for name, sql_type in sql_types.items())
    source = (
        f"read_json('{_escaped(plain)}', format = 'newline_delimited', compression = 'none', "
        f"maximum_object_size = {LINE_BUFFER_BYTES}, columns = {{{declared}}})"
    )
    row_filter = " AND ".join(["true", *(f"type IS DISTINCT FROM '{other}'" for other in sorted(other_types))])
    regular = " AND ".join([f"type = '{kind.name}'", *_tests(kind, columns)])
    checked = f"CASE WHEN {regular} THEN nanos ELSE error('irregular') END"
    values = [_value(spec, columns[spec.name]) for spec in kind.fields]
    identifier = ["trade_id"] if kind is schema.TRADE else []
    names = ["symbol", "make_timestamp(ts_ns // 1000) AS ts", *identifier, "ts_ns", *_other_names(kind)]
    return (
        f"SELECT {', '.join(names)} FROM (SELECT {checked} AS ts_ns, {', '.join(values)} "
        f"FROM (SELECT *, TRY_CAST(ts AS BIGINT) AS nanos FROM {source} WHERE {row_filter}))"
    )


@dataclass(frozen=True, slots=True)
class Column:
    """How DuckDB reads a field.

    Attributes:
        sql_type: DuckDB's type.
        text: SQL of the field's text.
        matches: SQL that is true for a text that matches the field's pattern.
    """

    sql_type: str
    text: str
    matches: str


ColumnOf = Callable[[schema.Field], Column]


def _stored_column(spec: schema.Field) -> Column:
    """For a file whose lines are as ``schema.dump_record`` writes them, so that all fields are texts."""
    return Column("VARCHAR", spec.name, f"regexp_full_match({spec.name}, '{_pattern(spec)}')")


def _json_column(spec: schema.Field) -> Column:
    """For any file: DuckDB reads numbers and identifiers as JSON, with or without quotes.

    Reading a JSON number as text would lose digits silently, because DuckDB converts it by way of a double. A text with
    escapes counts as irregular. Decoding escapes in each line would cost more than the slow path for the few that have one.
    """
    if not (spec.kind is schema.Kind.DECIMAL or spec.name == "trade_id"):
        return _stored_column(spec)
    json = f"CAST({spec.name} AS VARCHAR)"
    matches = f"""regexp_full_match({json}, '"{_pattern(spec)}"')"""
    if spec.kind is schema.Kind.TEXT:
        matches += f" AND NOT contains({json}, '\\')"
    return Column("JSON", f"substr({json}, 2, strlen({json}) - 2)", matches)


def _pattern(spec: schema.Field) -> str:
    return schema.DECIMAL_PATTERN if spec.kind is schema.Kind.DECIMAL else spec.pattern


def _other_names(kind: schema.RecordType) -> list[str]:
    """The fields beside symbol, time and identifier."""
    return [spec.name for spec in kind.fields if spec.name not in ("symbol", "ts", "trade_id")]


def _value(spec: schema.Field, column: Column) -> str:
    if spec.kind is schema.Kind.DECIMAL:
        return f"{_number(column)} AS {spec.name}"
    return f"{column.text} AS {spec.name}" if spec.required else f"coalesce({column.text}, '') AS {spec.name}"


def _number(column: Column) -> str:
    return f"TRY_CAST({column.text} AS {_DECIMAL})"


def _tests(kind: schema.RecordType, columns: Mapping[str, Column]) -> list[str]:
    """SQL of the tests of each record, derived from the schema. The Parquet no longer shows what they test."""
    tests = []
    for spec in kind.fields:
        if spec.kind is schema.Kind.TIMESTAMP:
            # The number gives the same text again, so it has no sign, leading zero, exponent or fraction.
            tests.append(f"{spec.name} = CAST(nanos AS VARCHAR)")
        elif spec not in _word_fields(kind):
            tests.append(columns[spec.name].matches)
    if kind is schema.QUOTE:
        tests.append(f"{_number(columns['bid'])} <= {_number(columns['ask'])}")
    return tests


def _word_fields(kind: schema.RecordType) -> list[schema.Field]:
    """Text fields with few distinct values. Checking these values afterwards costs less than checking each record."""
    return [spec for spec in kind.fields if spec.kind is schema.Kind.TEXT and spec.name != "trade_id"]


def _make_distinct(connection: duckdb.DuckDBPyConnection, kind: schema.RecordType, path: Path) -> None:
    """Remove equal records, if the file may have any."""
    source = f"'{_escaped(path)}'"
    if not _may_repeat(connection, kind, source):
        return
    distinct = path.with_suffix(".distinct")
    # Sorted, because the order of DISTINCT depends on threads, and the same batch must give the same bytes.
    statement = f"SELECT DISTINCT * FROM {source} ORDER BY ALL"
    _copy(connection, f"COPY ({statement}) TO '{_escaped(distinct)}' ({_PARQUET})")
    distinct.replace(path)


def _may_repeat(connection: duckdb.DuckDBPyConnection, kind: schema.RecordType, source: str) -> bool:
    """Whether the file may have a record twice. A wrong yes is possible, a wrong no is not.

    Equal records have equal times. In a file in the order of time, only neighbours of one time are compared, and most
    files have none. In other files, all records are compared by their hashes.
    """
    times = f"SELECT ts_ns, lag(ts_ns) OVER () AS before FROM {source}"  # a streaming window, in the order of the file
    row = connection.execute(f"SELECT count_if(ts_ns < before), count_if(ts_ns = before) FROM ({times})").fetchone()
    earlier, same = row or (0, 0)
    if not earlier and not same:
        return False
    compared = "true" if earlier else f"ts_ns IN (SELECT ts_ns FROM ({times}) WHERE ts_ns = before)"
    identity = ["symbol", "trade_id"] if kind is schema.TRADE else ["symbol", "ts_ns", *_other_names(kind)]
    hashed = f"xor(hash({identity[0]}), hash({', '.join(identity[1:])}))"
    statement = f"SELECT count(*), count(DISTINCT {hashed}) FROM {source} WHERE {compared}"
    counts = connection.execute(statement).fetchone() or (0, 0)
    return bool(counts[0] != counts[1])


def _inspect(
    connection: duckdb.DuckDBPyConnection, kind: schema.RecordType, path: Path, earliest_ns: int
) -> Events | None:
    """The remaining checks, on minima and on distinct words; None if one fails."""
    source, word_fields = f"'{_escaped(path)}'", _word_fields(kind)
    decimals = [f"min({spec.name})" for spec in kind.fields if spec.kind is schema.Kind.DECIMAL]
    statement = f"SELECT count(*), min(ts_ns), max(ts_ns), {', '.join(decimals)} FROM {source}"
    count, first, last, *least = connection.execute(statement).fetchone() or (0, 0, 0)
    if not count:
        return Events(path, 0, 0, 0, frozenset())
    if first < max(earliest_ns, schema.EARLIEST_NS) or last >= schema.END_NS or min(least) <= 0:
        return None
    names = ", ".join(spec.name for spec in word_fields)
    rows = connection.execute(f"SELECT DISTINCT {names} FROM {source}").fetchall()
    for spec, words in zip(word_fields, zip(*rows, strict=True), strict=True):
        if not all(_is_regular_word(spec, word) for word in set(words)):
            return None
    return Events(path, count, first // DAY_NS, last // DAY_NS, frozenset(row[0] for row in rows))


def _is_regular_word(spec: schema.Field, word: str | None) -> bool:
    if not word:
        return word == "" and not spec.required
    return word in spec.choices if spec.choices else re.fullmatch(spec.pattern, word) is not None


def _copy(connection: duckdb.DuckDBPyConnection, statement: str, parameters: list[str] | None = None) -> None:
    """Run COPY and read its result, which may bring an error."""
    connection.execute(statement, parameters).fetchall()


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
