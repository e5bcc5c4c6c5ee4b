"""The catalog and the workgroup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import ACCOUNT, created, unique
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

CATALOG = """
Resources:
  Results: {Type: AWS::S3::Bucket, Properties: {BucketName: NAME}}
  Database: {Type: AWS::Glue::Database, Properties: {CatalogId: !Ref "AWS::AccountId", DatabaseInput: {Name: DATABASE}}}
  Trades:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Database
      TableInput:
        Name: trades
        TableType: EXTERNAL_TABLE
        Parameters:
          projection.enabled: "true"
          projection.day.type: date
          projection.day.format: yyyy-MM-dd
          projection.day.range: 2026-01-01,NOW
          storage.location.template: s3://NAME/trades/day=${day}
        PartitionKeys: [{Name: day, Type: string}]
        StorageDescriptor:
          Location: s3://NAME/trades/
          Columns: [{Name: symbol, Type: string}, {Name: price, Type: "decimal(18,8)"}]
          InputFormat: org.apache.hadoop.mapred.TextInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat
          SerdeInfo: {SerializationLibrary: org.openx.data.jsonserde.JsonSerDe}
  View:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Database
      TableInput:
        Name: latest
        TableType: VIRTUAL_VIEW
        PartitionKeys: []
        Parameters: {presto_view: "true"}
        ViewOriginalText: "/* Presto View: abc */"
        StorageDescriptor: {Columns: [{Name: symbol, Type: string}]}
  Group:
    Type: AWS::Athena::WorkGroup
    Properties:
      Name: NAME
      RecursiveDeleteOption: true
      WorkGroupConfiguration:
        EnforceWorkGroupConfiguration: true
        PublishCloudWatchMetricsEnabled: true
        BytesScannedCutoffPerQuery: 10000000
        ResultConfiguration:
          OutputLocation: s3://NAME/results/
          EncryptionConfiguration: {EncryptionOption: SSE_S3}
"""


class Catalog:
    """A database with a table and a view, and a workgroup."""

    def __init__(self, cloud: EmbeddedCloud, name: str) -> None:
        self.cloud, self.name, self.database = cloud, name, name.replace("-", "_")

    def table(self, name: str) -> dict[str, Any]:
        return dict(self.cloud.client("glue").get_table(DatabaseName=self.database, Name=name)["Table"])

    def query(self, text: str, **options: Any) -> dict[str, Any]:
        """Run a query and give its execution."""
        athena = self.cloud.client("athena")
        identifier = athena.start_query_execution(
            QueryString=text, WorkGroup=self.name, QueryExecutionContext={"Database": self.database}, **options
        )["QueryExecutionId"]

        def execution() -> Any:
            found = athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            return found if found["Status"]["State"] not in ("QUEUED", "RUNNING") else None

        return dict(eventually(execution))


@pytest.fixture(scope="module")
def catalog(cloud: EmbeddedCloud) -> Iterator[Catalog]:
    name = unique("conformance")
    template = CATALOG.replace("DATABASE", name.replace("-", "_")).replace("NAME", name)
    with created(cloud, template):
        yield Catalog(cloud, name)
        s3 = cloud.client("s3")
        for entry in s3.list_objects_v2(Bucket=name).get("Contents", []):
            s3.delete_object(Bucket=name, Key=entry["Key"])


def test_glue_table_shows_columns_and_location(catalog: Catalog) -> None:
    table = catalog.table("trades")
    assert [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]] == [
        ("symbol", "string"),
        ("price", "decimal(18,8)"),
    ]
    assert table["StorageDescriptor"]["Location"] == f"s3://{catalog.name}/trades/"
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    assert table["Parameters"]["projection.enabled"] == "true"
    assert table["CatalogId"] == ACCOUNT


def test_glue_view_keeps_empty_partition_keys(catalog: Catalog) -> None:
    view = catalog.table("latest")
    assert (view["ViewOriginalText"], view["PartitionKeys"]) == ("/* Presto View: abc */", [])


def test_workgroup_enforces_its_settings(catalog: Catalog) -> None:
    group = catalog.cloud.client("athena").get_work_group(WorkGroup=catalog.name)["WorkGroup"]["Configuration"]
    assert group["EnforceWorkGroupConfiguration"] is True
    assert group["BytesScannedCutoffPerQuery"] == 10_000_000
    assert group["ResultConfiguration"]["OutputLocation"] == f"s3://{catalog.name}/results/"
    assert group["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_workgroup_overrides_client_settings(catalog: Catalog) -> None:
    location = {"OutputLocation": f"s3://{catalog.name}/elsewhere/"}
    execution = catalog.query("SELECT 1", ResultConfiguration=location)
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{catalog.name}/results/")


def test_partition_projection_needs_no_partitions(catalog: Catalog) -> None:
    catalog.cloud.client("s3").put_object(
        Bucket=catalog.name, Key="trades/day=2026-01-02/a.json", Body=b'{"symbol": "ACME", "price": 1.5}\n'
    )
    execution = catalog.query("SELECT symbol, day FROM trades WHERE day = '2026-01-02'")
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    answer = catalog.cloud.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["ResultSet"]["Rows"]]
    assert ["ACME", "2026-01-02"] in rows
