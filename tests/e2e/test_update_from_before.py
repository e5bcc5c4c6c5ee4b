"""A stack of an earlier commit is updated with its own parameter file and what docs/upgrading.md says, and keeps its data.

The commit is the last one before the findings about AWS were answered (docs/aws-notes.md).
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest

from local.cloud import EmbeddedCloud
from local.demos.platforms import DEMOS
from review.resource_types.holds import HOLDS
from tests.e2e.support.site import PROJECT, Site
from tests.local.support.databases import master

pytestmark = [pytest.mark.emulator, pytest.mark.database("MariaDB")]

BEFORE = "9655c23e161052cda70944b2489eaa9bc35f8fa5"
FOLDERS = ("templates", "params", "lambda_src", "web_src")
TO_SET = {"trading": ("AnalystPrincipalArns", "ApiClientPrincipalArns"), "transactions": ("AllowPlaintextOrigin",)}
"""Platform → the parameters that docs/upgrading.md tells to set; the values are those of today's dev.json."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is deployed of the earlier commit."""
    command = ["git", "-C", str(PROJECT), "archive", "--format=zip", BEFORE, *FOLDERS]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"this copy of the repository does not have the commit {BEFORE[:7]}")
    root = tmp_path_factory.mktemp("before")
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as files:
        files.extractall(root)
    (root / ".deploy").symlink_to(PROJECT / ".deploy")  # its caches are keyed by content
    return root


@pytest.fixture
def old(site: Site, before: Path, platform: str) -> Site:
    """The earlier commit's project on the embedded AWS."""
    return Site(before, site.cloud, site.read, platform)


@pytest.fixture
def new(site: Site, before: Path, platform: str) -> Site:
    """Today's project with the earlier commit's parameter file."""
    path = Path("params") / platform / "dev.json"
    shutil.copy(before / path, site.root / path)
    return Site(site.root, site.cloud, site.read, platform)


def physical_ids(site: Site) -> dict[str, str]:
    """Logical id → physical id of everything that holds data."""
    resources = site.resources(f"{site.platform}-dev", *HOLDS)
    return {
        f"{entry['StackName'].split('-')[2]}/{entry['LogicalResourceId']}": entry["PhysicalResourceId"]
        for entry in resources
    }


def objects(site: Site) -> set[tuple[str, str, str]]:
    """Bucket, key and ETag of every object, except for the logs that S3 and the load balancer write on and on."""
    s3 = site.client("s3")
    buckets = [entry["PhysicalResourceId"] for entry in site.resources(f"{site.platform}-dev", "AWS::S3::Bucket")]
    pages = (
        (bucket, page)
        for bucket in buckets
        if "-logs-" not in bucket
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    )
    return {(bucket, entry["Key"], entry["ETag"]) for bucket, page in pages for entry in page.get("Contents", [])}


def items(site: Site) -> list[str]:
    """Every item of every table, as text."""
    tables = [entry["PhysicalResourceId"] for entry in site.resources(f"{site.platform}-dev", "AWS::DynamoDB::Table")]
    scans = (site.client("dynamodb").scan(TableName=table)["Items"] for table in tables)
    return sorted(json.dumps(item, sort_keys=True) for scan in scans for item in scan)


def _mysql(cloud: EmbeddedCloud) -> Any:
    """A connection as the master user of transactions."""
    described = cloud.client("rds").describe_db_clusters(DBClusterIdentifier="transactions-aurora-dev")["DBClusters"][0]
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=described["MasterUserSecret"]["SecretArn"])
    login = json.loads(secret["SecretString"])
    return pymysql.connect(
        host=described["Endpoint"],
        port=int(described["Port"]),
        user=login["username"],
        password=login["password"],
        database="payments",
        ssl_ca=str(cloud.authority),
        ssl_verify_cert=True,
        ssl_verify_identity=True,
    )


TABLES = {
    "trading": "SELECT table_schema, table_name FROM information_schema.tables"
    " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    "transactions": "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = 'payments'",
}
MARK = "(42,)"
"""The row of the table ``kept``."""


def database(site: Site) -> Any:
    """A connection as the master user of the platform's cluster."""
    return master(site.cloud, "trading-aurora-dev") if site.platform == "trading" else _mysql(site.cloud)


def fill(site: Site) -> None:
    """Put a row into the database, an object into each bucket, and an item into each table."""
    stack = f"{site.platform}-dev"
    with closing(database(site)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("CREATE TABLE kept (answer INTEGER)")
        cursor.execute("INSERT INTO kept VALUES (42)")
        connection.commit()
    for bucket in site.resources(stack, "AWS::S3::Bucket"):
        site.client("s3").put_object(Bucket=bucket["PhysicalResourceId"], Key="kept", Body=b"kept")
    tables = site.client("dynamodb")
    for table in site.resources(stack, "AWS::DynamoDB::Table"):
        name = table["PhysicalResourceId"]
        (key,) = tables.describe_table(TableName=name)["Table"]["KeySchema"]
        tables.put_item(TableName=name, Item={key["AttributeName"]: {"S": "kept"}})


def rows(site: Site) -> dict[str, list[str]]:
    """Table → its rows as texts, without the table of the migrations that ran."""
    with closing(database(site)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(TABLES[site.platform])
        names = [f"{schema}.{table}" for schema, table in cursor.fetchall() if "migration" not in table]
        found = {}
        for name in names:
            cursor.execute(f"SELECT * FROM {name}")
            found[name] = sorted(map(str, cursor.fetchall()))
    return found


def missing_rows(earlier: Mapping[str, list[str]], later: Mapping[str, list[str]]) -> Iterator[str]:
    """The rows of before that are not there any more."""
    for table, texts in earlier.items():
        yield from (f"{table}: {text}" for text in set(texts) - set(later.get(table, [])))


@pytest.mark.requirement("A-2", "T-DB-1", "X-DB-1")
@pytest.mark.parametrize("platform", TO_SET)
def test_an_earlier_stack_is_updated_and_keeps_its_data(old: Site, new: Site, platform: str) -> None:
    stack = f"{platform}-dev"
    assert old.deploy("bootstrap", "--yes") == 0, old.output
    assert old.change() == 0, old.output
    fill(old)
    kept, stored, entries, written = physical_ids(old), objects(old), items(old), rows(old)
    assert kept
    assert stored
    assert [MARK] in written.values()

    assert new.deploy("plan", "--wheels", "host") == 2
    today = json.loads((PROJECT / "params" / platform / "dev.json").read_text("utf-8"))["Parameters"]
    for name in TO_SET[platform]:
        assert name in new.output
    new.edit_parameters(**{name: today[name] for name in TO_SET[platform]})
    assert new.change() == 0, (
        new.output
    )  # A change that is blocked would end it, because nothing is allowed by its name.

    assert {name: identifier for name, identifier in physical_ids(new).items() if name in kept} == kept
    assert stored <= objects(new)
    assert set(entries) <= set(items(new))
    assert not list(missing_rows(written, rows(new)))
    DEMOS[platform].use(new.cloud, stack)
    assert new.deploy("plan", "--wheels", "host") == 0, new.output
    assert "No changes" in new.stdout
