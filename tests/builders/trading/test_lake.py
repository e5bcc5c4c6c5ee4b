"""The lake tier: Athena reads what process writes, within limits that no client can override."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from builders.trading import facts
from builders.trading.lake import TABLES, VIEWS
from lambda_src.common import schema
from tests.builders.support.function_modules import function_module
from tests.builders.support.paths import PROJECT
from tests.builders.support.policies import permissions_of, statements
from tests.builders.support.resources import find_resource, resources, templates, text

pytestmark = pytest.mark.requirement("T-DATA-4")

engine = function_module("process.engine")
T0 = 1_767_348_000_000_000_000  # 2026-01-02T10:00:00Z
DUCKDB_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMP", "bigint": "BIGINT"}


def table(name: str) -> dict[str, Any]:
    (resource,) = [f for f in resources("trading", "AWS::Glue::Table") if f.properties["TableInput"]["Name"] == name]
    return dict(resource.properties["TableInput"])


def columns(name: str) -> dict[str, str]:
    """Name → DuckDB's name of the type."""
    types = {column["Name"]: column["Type"] for column in table(name)["StorageDescriptor"]["Columns"]}
    return {key: DUCKDB_TYPES.get(kind, kind.upper().replace(",", ", ")) for key, kind in types.items()}


def trade(trade_id: str, price: str, ts: int) -> dict[str, object]:
    return {
        "type": "trade",
        "trade_id": trade_id,
        "symbol": "ACME",
        "price": price,
        "size": "2",
        "ts": ts,
        "side": "buy",
        "venue": "XNYS",
    }


def quote(ts: int) -> dict[str, object]:
    return {"type": "quote", "symbol": "ACME", "bid": "9", "ask": "10", "bid_size": "1", "ask_size": "2", "ts": ts}


@pytest.fixture
def parquet_folder(tmp_path: Path) -> Path:
    """Parquet as process writes it, of two batches. The second repeats and contradicts the first."""
    batches = (
        [trade("1", "10", T0), trade("2", "11", T0 + 1), quote(T0)],
        [trade("1", "10", T0), trade("2", "12", T0), quote(T0)],
    )
    for number, records in enumerate(batches):
        plain = tmp_path / f"{number}.ndjson"
        plain.write_text("".join(json.dumps(record) + "\n" for record in records))
        with engine.open_engine(tmp_path) as duck:
            loaded = engine.load(duck, plain, "key", tmp_path)
            for name, events in (("trades", loaded.trades), ("quotes", loaded.quotes)):
                folder = tmp_path / name / "date=2026-01-02"
                folder.mkdir(parents=True, exist_ok=True)
                ((_, path),) = engine.by_day(duck, events, tmp_path)
                path.rename(folder / f"{number}.parquet")
    csv = tmp_path / "bars.csv"
    csv.write_text(f"ACME,{T0},10,11,10,11,4,42,2\n")
    (tmp_path / "bars" / "date=2026-01-02").mkdir(parents=True)
    with engine.open_engine(tmp_path) as duck:
        engine.write_bars(duck, csv, tmp_path / "bars" / "date=2026-01-02" / "hour-10.parquet")
    return tmp_path


@pytest.fixture
def lake(parquet_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables as DuckDB reads them, with hive partitions."""
    with duckdb.connect() as connection:
        for name in ("bars", "trades", "quotes"):
            files, options = parquet_folder / name, "hive_partitioning = true, hive_types = {'date': VARCHAR}"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}/*/*.parquet', {options})")
        yield connection


@pytest.mark.parametrize("name", ["bars", "trades", "quotes"])
def test_columns_are_those_that_process_writes(name: str, lake: duckdb.DuckDBPyConnection) -> None:
    types = {row[0]: row[1] for row in lake.execute(f"DESCRIBE {name}").fetchall()}
    assert types.pop("date") == "VARCHAR"
    assert types == {key: kind.replace(", ", ",") for key, kind in columns(name).items()}


def test_columns_of_raw_objects_are_the_schemas_fields() -> None:
    fields = {"type"} | {spec.name for kind in schema.RECORD_TYPES.values() for spec in kind.fields}
    assert set(columns("raw")) == fields
    stored = schema.parse_record({**trade("1", "10", T0), "size": schema.JsonNumber("2")})
    for name, value in stored.items():
        assert columns("raw")[name] == ("BIGINT" if isinstance(value, int) else "VARCHAR")
    assert gzip.decompress(gzip.compress(schema.dump_record(stored).encode())).startswith(b'{"type":')


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.name)
def test_partitions_are_projected_from_the_keys_so_no_crawler_is_needed(row: Any) -> None:
    table_input = table(row.name)
    parameters = table_input["Parameters"]
    location = text(table_input["StorageDescriptor"]["Location"])
    assert parameters["projection.enabled"] == "true"
    assert text(parameters["storage.location.template"]).startswith(location + "date=${!date}/")
    for key in table_input["PartitionKeys"]:
        assert f"projection.{key['Name']}.type" in parameters
        assert f"{key['Name']}=${{!{key['Name']}}}/" in text(parameters["storage.location.template"])
    first, last = parameters["projection.date.range"].split(",")
    assert schema.parse_timestamp(f"{first}T00:00:00Z") == schema.EARLIEST_NS, "every event that ingest accepts"
    assert last == "NOW+1DAYS"
    assert not list(resources("trading", "AWS::Glue::Crawler"))


def view(name: str) -> dict[str, Any]:
    """The view's definition as Athena decodes it."""
    table_input = table(name)
    head, body, tail = table_input["ViewOriginalText"]["Fn::Join"][1]
    assert (head, tail, table_input["Parameters"]["presto_view"]) == ("/* Presto View: ", " */", "true")
    return dict(json.loads(text(body["Fn::Base64"])))


@pytest.mark.parametrize("row", VIEWS, ids=lambda row: row.name)
def test_views_declare_the_columns_that_their_query_returns(row: Any, lake: duckdb.DuckDBPyConnection) -> None:
    definition = view(row.name)
    declared = {column["name"]: column["type"] for column in definition["columns"]}
    returned = {name: kind for name, kind, *_ in lake.execute(f"DESCRIBE {definition['originalSql']}").fetchall()}
    same = {"varchar": "VARCHAR", "bigint": "BIGINT", "timestamp(3)": "TIMESTAMP_MS", "decimal(18,8)": "DECIMAL(18,8)"}
    assert {name: same[kind] for name, kind in declared.items()} == returned
    assert list(declared) == [column["Name"] for column in table(row.name)["StorageDescriptor"]["Columns"]]
    assert definition["schema"] == text(find_resource("trading", "LakeDatabase").properties["DatabaseName"])


def test_trades_distinct_returns_each_trade_once_and_of_two_the_one_that_the_database_counts(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    assert lake.execute("SELECT count(*) FROM trades").fetchall() == [(4,)]
    rows = lake.execute(f"SELECT trade_id, price FROM ({view('trades_distinct')['originalSql']}) ORDER BY 1").fetchall()
    assert [(trade_id, str(price)) for trade_id, price in rows] == [("1", "10.00000000"), ("2", "12.00000000")]
    assert lake.execute(f"SELECT count(*) FROM ({view('quotes_distinct')['originalSql']})").fetchall() == [(1,)]


def test_no_client_can_override_the_limits_of_the_workgroup() -> None:
    workgroup = find_resource("trading", "LakeWorkGroup").properties
    configuration = workgroup["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["PublishCloudWatchMetricsEnabled"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == {"Ref": "QueryScanLimitBytes"}
    result = configuration["ResultConfiguration"]
    assert result["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": {"Ref": "DataKeyArn"}}
    assert text(result["OutputLocation"]) == f"s3://${{ProcessedBucketName}}/{facts.QUERY_RESULTS_PREFIX}"
    limit = templates("trading")["root"]["Parameters"]["QueryScanLimitBytes"]
    assert limit["MinValue"] == 10_000_000, "Athena accepts no less"


@pytest.mark.requirement("T-S3-2")
def test_query_results_expire() -> None:
    rules = find_resource("trading", "ProcessedBucket").properties["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == facts.QUERY_RESULTS_PREFIX] == [7]


@pytest.mark.requirement("A-6", "T-DB-3")
def test_analysts_may_query_the_lake_and_nothing_beyond() -> None:
    assert {"Ref": "LakeQueryPolicyArn"} in find_resource("trading", "AnalystRole").properties["ManagedPolicyArns"]
    allowed = statements(find_resource("trading", "LakeQueryPolicy").properties["PolicyDocument"])
    reached = [text(arn) for statement in allowed for arn in statement["Resource"]]
    assert not [
        arn
        for arn in reached
        if facts.QUARANTINE_PREFIX in arn or facts.IDEMPOTENCY_PREFIX in arn or arn.endswith("Arn}/*")
    ]
    writable = [text(arn) for s in allowed if "s3:PutObject" in s["Action"] for arn in s["Resource"]]
    assert writable == [f"${{ProcessedBucketArn}}/{facts.QUERY_RESULTS_PREFIX}*"]
    for statement in allowed:
        if "s3:ListBucket" in statement["Action"]:
            assert statement["Condition"]["StringLike"]["s3:prefix"]
    assert permissions_of("trading", "AnalystRole"), "and the database, as before"


def test_every_entry_of_the_catalogue_lists_its_partition_keys_even_if_there_are_none() -> None:
    """Regression: the two views had no list. Glue then returns null, on which readers of the catalogue have failed."""
    keys = {
        resource.title: resource.properties["TableInput"]["PartitionKeys"]
        for resource in resources("trading", "AWS::Glue::Table")
    }
    assert {title for title, names in keys.items() if names == []} == {"TradesDistinctView", "QuotesDistinctView"}
    committed = (PROJECT / "templates" / "trading" / "lake.yaml").read_text("utf-8")
    assert committed.count("PartitionKeys: []") == 2
