"""DuckDB at work on one batch: reads NDJSON, checks it with the schema's rules, writes CSV for COPY and Parquet.

Two paths, one schema. The fast one checks all records as columns. Only when it meets anything irregular does the slow
one go over the lines with ``common.schema``, which knows the reason for each refusal; what it accepts goes through the
fast path again.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common import schema
from common.errors import BadObjectError

if TYPE_CHECKING:
    import duckdb

UNPACKED_LIMIT_BYTES = 128 * 1024 * 1024  # ingest stores at most 32 MiB and a little; /tmp has 512 MiB
MEMORY_LIMIT = "384MB"
LINE_LIMIT_BYTES = 4096  # also what is kept of a refused line
_CHUNK = 1 << 20
DAY_NS = 24 * 60 * schema.NANOS_PER_MINUTE

_TRADES = f"""
CREATE OR REPLACE TABLE trades AS
SELECT DISTINCT symbol, trade_id, CAST(ts AS BIGINT) AS ts_ns,
    CAST(price AS DECIMAL(18, 8)) AS price, CAST(size AS DECIMAL(18, 8)) AS size,
    coalesce(side, '') AS side, coalesce(venue, '') AS venue
FROM raw WHERE type = '{schema.TRADE.name}' ORDER BY ALL
"""
_QUOTES = f"""
CREATE OR REPLACE TABLE quotes AS
SELECT DISTINCT symbol, CAST(ts AS BIGINT) AS ts_ns,
    CAST(bid AS DECIMAL(18, 8)) AS bid, CAST(ask AS DECIMAL(18, 8)) AS ask,
    CAST(bid_size AS DECIMAL(18, 8)) AS bid_size, CAST(ask_size AS DECIMAL(18, 8)) AS ask_size
FROM raw WHERE type = '{schema.QUOTE.name}' ORDER BY ALL
"""
_DAYS = f"SELECT DISTINCT ts_ns // {DAY_NS} AS day FROM {{table}} ORDER BY day"
_DAY = f"""
COPY (SELECT symbol, make_timestamp(ts_ns // 1000) AS ts, * EXCLUDE (symbol) FROM {{table}}
      WHERE ts_ns >= {{day}} * {DAY_NS} AND ts_ns < ({{day}} + 1) * {DAY_NS})
TO '{{path}}' (FORMAT parquet, COMPRESSION zstd)
"""
_BARS = """
COPY (
    SELECT symbol, make_timestamp(minute_ns // 1000) AS minute, * EXCLUDE (symbol, minute_ns)
    FROM read_csv(?, header = false, auto_detect = false, delim = ',', quote = '"', columns = {{
        'symbol': 'VARCHAR', 'minute_ns': 'BIGINT', 'open': 'DECIMAL(18, 8)', 'high': 'DECIMAL(18, 8)',
        'low': 'DECIMAL(18, 8)', 'close': 'DECIMAL(18, 8)', 'volume': 'DECIMAL(30, 8)',
        'notional': 'DECIMAL(38, 16)', 'trades': 'BIGINT'
    }}) ORDER BY symbol, minute
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A refused line of an object; ``line`` counts from 1."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an object held, after removal of equal records."""

    trades: int
    quotes: int
    bad: tuple[BadLine, ...]


@contextmanager
def engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private in-memory DuckDB that spills into ``folder`` and can install nothing."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        yield connection
    finally:
        connection.close()


def unpack(packed: Path, plain: Path, key: str) -> None:
    """Gunzip into a file, bounded. Raises BadObjectError."""
    written = 0
    try:
        with gzip.open(packed, "rb") as source, plain.open("wb") as target:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > UNPACKED_LIMIT_BYTES:
                    raise BadObjectError(key, f"unpacks to more than {UNPACKED_LIMIT_BYTES} bytes")
                target.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, not the object
        raise BadObjectError(key, f"is not complete gzip ({error})") from None


def load(connection: duckdb.DuckDBPyConnection, plain: Path, key: str) -> Loaded:
    """Fill the tables ``trades`` and ``quotes`` from an NDJSON file. Raises BadObjectError."""
    bad: tuple[BadLine, ...] = ()
    if not _load_fast(connection, plain):
        cleaned = plain.with_suffix(".clean")
        bad = _clean(plain, cleaned)
        if not _load_fast(connection, cleaned):
            raise BadObjectError(key, "passes the schema but not the engine")
    connection.execute(_TRADES)
    connection.execute(_QUOTES)
    return Loaded(_count(connection, "trades"), _count(connection, "quotes"), bad)


def write_csv(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """The table as CSV without header, for PostgreSQL's COPY."""
    connection.execute(f"COPY {table} TO {_literal(path)} (FORMAT csv, HEADER false, FORCE_QUOTE *)")


def days(connection: duckdb.DuckDBPyConnection, table: str) -> list[int]:
    """The UTC days on which the table has events, counted from 1970-01-01."""
    return [int(day) for (day,) in connection.execute(_DAYS.format(table=table)).fetchall()]


def write_day(connection: duckdb.DuckDBPyConnection, table: str, day: int, path: Path) -> None:
    """One day of the table as Parquet, in the table's order: ``ts`` in microseconds for Athena, ``ts_ns`` exact."""
    connection.execute(_DAY.format(table=table, day=day, path=_escaped(path)))


def write_bars(connection: duckdb.DuckDBPyConnection, csv: Path, path: Path) -> None:
    """Bars from PostgreSQL's CSV as Parquet."""
    connection.execute(_BARS.format(path=_escaped(path)), [str(csv)])


def _load_fast(connection: duckdb.DuckDBPyConnection, plain: Path) -> bool:
    """Read all lines as columns; False when any of them is irregular."""
    import duckdb

    if plain.stat().st_size == 0:
        connection.execute(f"CREATE OR REPLACE TABLE raw AS SELECT {_null_columns()} WHERE false")
        return True
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _columns().items())
    try:
        connection.execute(
            f"CREATE OR REPLACE TABLE raw AS SELECT * FROM read_json(?, format = 'newline_delimited', "
            f"compression = 'none', maximum_object_size = {LINE_LIMIT_BYTES}, columns = {{{columns}}})",
            [str(plain)],
        )
        row = connection.execute(f"SELECT count(*) FROM raw WHERE ({_regular()}) IS NOT TRUE").fetchone()
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.InvalidTypeException):
        return False
    return row is not None and row[0] == 0


def _columns() -> dict[str, str]:
    """Column types for reading: every field of every record type, as text that is checked by its pattern.

    As numbers they would lose digits unseen. In return a number where the schema wants text (a trade_id of 12) is read
    as that text; ingest never stores such a record.
    """
    names = [spec.name for kind in schema.RECORD_TYPES.values() for spec in kind.fields]
    return dict.fromkeys(["type", *names], "VARCHAR")


def _null_columns() -> str:
    return ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _columns().items())


def _regular() -> str:
    """SQL that holds for a valid record, derived from the schema."""
    return " OR ".join(f"(type = '{kind.name}' AND {_regular_fields(kind)})" for kind in schema.RECORD_TYPES.values())


def _regular_fields(kind: schema.RecordType) -> str:
    tests = [_regular_field(spec) for spec in kind.fields]
    if kind is schema.QUOTE:
        tests.append("TRY_CAST(bid AS DECIMAL(18, 8)) <= TRY_CAST(ask AS DECIMAL(18, 8))")
    return " AND ".join(tests)


def _regular_field(spec: schema.Field) -> str:
    name = spec.name
    if spec.kind is schema.Kind.TIMESTAMP:
        in_range = f"BETWEEN {schema.EARLIEST_NS} AND {schema.END_NS - 1}"
        return f"regexp_full_match({name}, '[0-9]{{1,19}}') AND TRY_CAST({name} AS BIGINT) {in_range}"
    if spec.kind is schema.Kind.DECIMAL:
        return f"regexp_full_match({name}, '{schema.DECIMAL_PATTERN}') AND TRY_CAST({name} AS DECIMAL(18, 8)) > 0"
    if spec.choices:
        test = f"{name} IN ({', '.join(repr(choice) for choice in spec.choices)})"
    else:
        test = f"regexp_full_match({name}, '{spec.pattern}')"
    return test if spec.required else f"(coalesce({name}, '') = '' OR {test})"


def _clean(plain: Path, cleaned: Path) -> tuple[BadLine, ...]:
    """Copy what the schema accepts, in its stored form, and say why the rest is refused."""
    bad: list[BadLine] = []
    with plain.open("rb") as source, cleaned.open("w", encoding="ascii") as target:
        for number, line in enumerate(source, start=1):
            if not line.strip():
                continue
            try:
                if len(line) > LINE_LIMIT_BYTES:
                    raise ValueError(f"is longer than {LINE_LIMIT_BYTES} bytes")
                target.write(schema.dump_record(schema.parse_record(_stored(schema.loads(line)))) + "\n")
            except ValueError as error:
                bad.append(BadLine(number, str(error), line[:LINE_LIMIT_BYTES].decode("utf-8", "replace").rstrip("\n")))
    return tuple(bad)


def _stored(raw: object) -> object:
    """In stored records an absent optional text is ``""``."""
    return {key: value for key, value in raw.items() if value != ""} if isinstance(raw, dict) else raw


def bad_lines_document(key: str, bad: tuple[BadLine, ...]) -> bytes:
    """Gzip NDJSON of refused lines with their reasons; the same lines give the same bytes."""
    lines = (json.dumps({"object": key, "line": b.line, "reason": b.reason, "record": b.text}) + "\n" for b in bad)
    return gzip.compress("".join(lines).encode(), mtime=0)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _literal(path: Path) -> str:
    return f"'{_escaped(path)}'"


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
