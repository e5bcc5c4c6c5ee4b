"""The lake tier: Parquet and raw objects as tables for Athena, when the data outgrows one database (requirement T-DATA-4).

It needs no crawler. Athena projects partitions from the dates in the keys, so a query finds an object as soon as it is written.
The columns are those that lambda_src/process writes; a test compares the two.

Athena reads an object in Glacier only after its restoration; the tables read restored objects.
Sources: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html and
https://docs.aws.amazon.com/athena/latest/ug/restored-glacier-objects.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import Base64, Join, Ref, Sub
from troposphere.athena import (
    EncryptionConfiguration,
    EngineVersion,
    ResultConfiguration,
    WorkGroup,
    WorkGroupConfiguration,
)
from troposphere.glue import Column, Database, DatabaseInput, SerdeInfo, StorageDescriptor, Table, TableInput
from troposphere.iam import ManagedPolicy

from builders.contract import parameters, ports
from builders.contract.names import SUFFIX, pascal
from builders.contract.template import Port, TierTemplate
from builders.iam import arns, lake, statements
from builders.iam.roles import add_policy
from builders.trading import facts

FIRST_DATE = "2000-01-01"
"""The earliest event that ingest accepts. Athena silently skips a partition outside the projection."""
LAST_DATE = "NOW+1DAYS"
"""The clock of a sender may already be past midnight."""
_DATE = {
    "projection.enabled": "true",
    "projection.date.type": "date",
    "projection.date.format": "yyyy-MM-dd",
    "projection.date.range": f"{FIRST_DATE},{LAST_DATE}",
    "projection.date.interval": "1",
    "projection.date.interval.unit": "DAYS",
}
_HOUR = {"projection.hour.type": "integer", "projection.hour.range": "0,23", "projection.hour.digits": "2"}
_PRICE = "decimal(18,8)"


@dataclass(frozen=True)
class FileFormat:
    """A file format by Hive's names."""

    input: str
    output: str
    library: str
    classification: str


PARQUET = FileFormat(
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "parquet",
)
NDJSON = FileFormat(
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.openx.data.jsonserde.JsonSerDe",
    "json",
)


@dataclass(frozen=True)
class LakeTable:
    """One table over the objects under a prefix.

    Attributes:
        name: the table's name.
        description: shown in the catalogue.
        bucket: the port of the bucket's name.
        prefix: the prefix of all partitions.
        columns: name → Hive type, as in the objects.
        format: the objects' format.
        hourly: whether a day is partitioned by hour.
    """

    name: str
    description: str
    bucket: Port
    prefix: str
    columns: Mapping[str, str]
    format: FileFormat = PARQUET
    hourly: bool = False


@dataclass(frozen=True)
class LakeView:
    """One view.

    Attributes:
        name: the view's name.
        description: shown in the catalogue.
        query: the view's SQL.
        columns: name → Hive type of the query's result.
    """

    name: str
    description: str
    query: str
    columns: Mapping[str, str] = field(default_factory=dict)


_TRADE = {
    "symbol": "string",
    "ts": "timestamp",
    "trade_id": "string",
    "ts_ns": "bigint",
    "price": _PRICE,
    "size": _PRICE,
    "side": "string",
    "venue": "string",
}
_QUOTE = {
    "symbol": "string",
    "ts": "timestamp",
    "ts_ns": "bigint",
    "bid": _PRICE,
    "ask": _PRICE,
    "bid_size": _PRICE,
    "ask_size": _PRICE,
}
_BAR = {
    "symbol": "string",
    "minute": "timestamp",
    "open": _PRICE,
    "high": _PRICE,
    "low": _PRICE,
    "close": _PRICE,
    "volume": "decimal(30,8)",
    "notional": "decimal(38,16)",
    "trades": "bigint",
}
_RECORD = {
    "type": "string",
    "symbol": "string",
    "ts": "bigint",
    "trade_id": "string",
    "price": "string",
    "size": "string",
    "side": "string",
    "venue": "string",
    "bid": "string",
    "ask": "string",
    "bid_size": "string",
    "ask_size": "string",
}
TABLES = (
    LakeTable(
        "bars",
        "Bars of one minute, an object an hour, as the database has them.",
        ports.PROCESSED_BUCKET,
        "bars/",
        _BAR,
    ),
    LakeTable(
        "trades",
        "Trades as they came, batch by batch; trades_distinct has each once.",
        ports.PROCESSED_BUCKET,
        "trades/",
        _TRADE,
    ),
    LakeTable(
        "quotes",
        "Quotes as they came, batch by batch; quotes_distinct has each once.",
        ports.PROCESSED_BUCKET,
        "quotes/",
        _QUOTE,
    ),
    LakeTable(
        "raw",
        "Records as ingest stored them, by the hour of their batch's earliest event; decimals as text.",
        ports.RAW_BUCKET,
        facts.RAW_PREFIX,
        _RECORD,
        NDJSON,
        hourly=True,
    ),
)
VIEWS = (
    # Duplicates are removed within each date, so that a filter on date limits the partitions. Across all dates every query
    # would read everything. Only a trade_id with different content on two dates appears twice; trading.trade_conflicts names it.
    LakeView(
        "trades_distinct",
        "Each trade once: of those that share symbol and trade_id on a date, the one that the database counts.",
        "SELECT symbol, CAST(ts AS timestamp(3)) AS ts, trade_id, ts_ns, price, size, side, venue, date FROM ("
        "SELECT *, row_number() OVER (PARTITION BY date, symbol, trade_id"
        " ORDER BY ts_ns, price, size, side, venue) AS place FROM trades) AS t WHERE place = 1",
        {**_TRADE, "date": "string"},
    ),
    LakeView(
        "quotes_distinct",
        "Each quote once.",
        "SELECT DISTINCT symbol, CAST(ts AS timestamp(3)) AS ts, ts_ns, bid, ask, bid_size, ask_size, date FROM quotes",
        {**_QUOTE, "date": "string"},
    ),
)
# Athena's names of types that differ from Hive's.
_PRESTO = {"string": "varchar", "timestamp": "timestamp(3)"}


def build(platform: str) -> TierTemplate:
    """Builds the catalogue, the workgroup, and the policy to use both."""
    template = TierTemplate(platform, "Glue catalogue and Athena workgroup over processed and raw market data.")
    database = add_database(template)
    for row in TABLES:
        add_table(template, database, row)
    for view in VIEWS:
        add_view(template, database, view)
    workgroup = add_workgroup(template)
    policy = add_query_policy(template)
    template.export(ports.LAKE_DATABASE, Ref(database))
    template.export(ports.LAKE_WORKGROUP, Ref(workgroup))
    template.export(ports.LAKE_QUERY_POLICY, Ref(policy))
    return template


def database_name(platform: str) -> str:
    """Text of the database's name, with underscores, the only special character in Athena's names.

    SQL must quote a suffix with hyphens.

    Source: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
    """
    return f"{platform}_lake_{SUFFIX}"


def add_database(template: TierTemplate) -> Database:
    """Adds the database in the account's Glue catalogue."""
    name = Sub(database_name(template.platform))
    return template.add(
        Database(
            "LakeDatabase",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            CatalogId=Ref("AWS::AccountId"),
            DatabaseName=name,
            DatabaseInput=DatabaseInput(Name=name, Description="Processed and raw market data"),
        )
    )


def add_table(template: TierTemplate, database: Database, row: LakeTable) -> Table:
    """Adds a table over the objects under a prefix, with projected partitions."""
    location = f"s3://{template.placeholder(row.bucket)}/{row.prefix}"
    partitions = f"date=${{!date}}/{'hour=${!hour}/' if row.hourly else ''}"
    names = ("date", "hour") if row.hourly else ("date",)
    return template.add(
        _catalogue_entry(
            f"{pascal(row.name)}Table",
            database,
            TableInput(
                Name=row.name,
                Description=row.description,
                TableType="EXTERNAL_TABLE",
                PartitionKeys=_columns(dict.fromkeys(names, "string")),
                Parameters={
                    "EXTERNAL": "TRUE",
                    "classification": row.format.classification,
                    "read_restored_glacier_objects": "true",
                    **_DATE,
                    **(_HOUR if row.hourly else {}),
                    "storage.location.template": Sub(location + partitions),
                },
                StorageDescriptor=StorageDescriptor(
                    Columns=_columns(row.columns),
                    Location=Sub(location),
                    InputFormat=row.format.input,
                    OutputFormat=row.format.output,
                    SerdeInfo=SerdeInfo(SerializationLibrary=row.format.library),
                ),
            ),
        )
    )


def add_view(template: TierTemplate, database: Database, view: LakeView) -> Table:
    """Adds a view in Athena's own form: its definition as JSON in base64 in the catalogue.

    Its list of partition keys is empty, but present. Glue returns null for an absent one, which readers of the catalogue may not
    expect.

    Source: https://docs.aws.amazon.com/athena/latest/ug/views-console.html shows the form under the table's properties;
    https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html requires the empty list.
    """
    definition = json.dumps(
        {
            "originalSql": view.query,
            "catalog": "awsdatacatalog",
            "schema": database_name(template.platform),
            "columns": [{"name": name, "type": _PRESTO.get(kind, kind)} for name, kind in view.columns.items()],
        },
        separators=(",", ":"),
    )
    return template.add(
        _catalogue_entry(
            f"{pascal(view.name)}View",
            database,
            TableInput(
                Name=view.name,
                Description=view.description,
                TableType="VIRTUAL_VIEW",
                PartitionKeys=[],
                Parameters={"presto_view": "true", "comment": "Presto View"},
                StorageDescriptor=StorageDescriptor(
                    Columns=_columns(view.columns), SerdeInfo=SerdeInfo(Name="-", SerializationLibrary="-")
                ),
                ViewOriginalText=Join("", ["/* Presto View: ", Base64(Sub(definition)), " */"]),
                ViewExpandedText="/* Presto View */",
            ),
            DependsOn=[f"{pascal(row.name)}Table" for row in TABLES if f"FROM {row.name}" in view.query],
        )
    )


def _catalogue_entry(title: str, database: Database, content: TableInput, **attributes: Any) -> Table:
    """A table or a view of the database. It goes with the stack."""
    return Table(
        title,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        CatalogId=Ref("AWS::AccountId"),
        DatabaseName=Ref(database),
        TableInput=content,
        **attributes,
    )


def add_workgroup(template: TierTemplate) -> WorkGroup:
    """Adds the workgroup.

    It limits how much a query may read, and decides the place and the key of its result. Clients cannot override it.
    """
    key = template.use(ports.DATA_KEY)
    results = f"s3://{template.placeholder(ports.PROCESSED_BUCKET)}/{facts.QUERY_RESULTS_PREFIX}"
    return template.add(
        WorkGroup(
            "LakeWorkGroup",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Name=template.named("lake"),
            Description="Queries of the lake: encrypted results, bounded scans",
            State="ENABLED",
            RecursiveDeleteOption=True,  # also deletes the queries that people saved in it
            WorkGroupConfiguration=WorkGroupConfiguration(
                EnforceWorkGroupConfiguration=True,
                PublishCloudWatchMetricsEnabled=True,
                RequesterPaysEnabled=False,
                BytesScannedCutoffPerQuery=template.use(parameters.QUERY_SCAN_LIMIT),
                EngineVersion=EngineVersion(SelectedEngineVersion="Athena engine version 3"),
                ResultConfiguration=ResultConfiguration(
                    OutputLocation=Sub(results),
                    ExpectedBucketOwner=Ref("AWS::AccountId"),
                    EncryptionConfiguration=EncryptionConfiguration(EncryptionOption="SSE_KMS", KmsKey=key),
                ),
            ),
        )
    )


def add_query_policy(template: TierTemplate) -> ManagedPolicy:
    """Adds the policy to query the lake in its workgroup only. Athena acts with the permissions of the caller."""
    processed, raw = template.use(ports.PROCESSED_BUCKET_ARN), template.use(ports.RAW_BUCKET_ARN)
    database = database_name(template.platform)
    return add_policy(
        template,
        "LakeQueryPolicy",
        "lake-query-policy",
        "Query the lake in its Athena workgroup",
        [
            lake.run_queries("QueryInWorkGroup", arns.arn("athena", f"workgroup/{template.name_text('lake')}")),
            lake.read_catalogue(
                "ReadCatalogue",
                # Athena reads the database "default" before any query, whichever database the query names.
                [
                    arns.arn("glue", part)
                    for part in ("catalog", "database/default", f"database/{database}", f"table/{database}/*")
                ],
            ),
            *(
                statements.read_objects(f"Read{pascal(row.name)}", _bucket_arn(row, processed, raw), f"{row.prefix}*")
                for row in TABLES
            ),
            lake.locate_buckets("FindBuckets", [processed, raw]),
            lake.list_below(
                "ListProcessed", processed, [*_prefixes(ports.PROCESSED_BUCKET), facts.QUERY_RESULTS_PREFIX]
            ),
            lake.list_below("ListRaw", raw, _prefixes(ports.RAW_BUCKET)),
            lake.find_uploads("FindUploads", processed),
            lake.keep_query_results("KeepResults", processed, f"{facts.QUERY_RESULTS_PREFIX}*"),
            statements.use_key("UseDataKey", template.use(ports.DATA_KEY), "s3"),
        ],
    )


def _prefixes(bucket: Port) -> list[str]:
    return [row.prefix for row in TABLES if row.bucket == bucket]


def _bucket_arn(row: LakeTable, processed: Ref, raw: Ref) -> Ref:
    return raw if row.bucket == ports.RAW_BUCKET else processed


def _columns(columns: Mapping[str, str]) -> list[Column]:
    return [Column(Name=name, Type=kind) for name, kind in columns.items()]
