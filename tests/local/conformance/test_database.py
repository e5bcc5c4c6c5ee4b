"""Clusters: connections, secrets, tokens, parameters and protection."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import psycopg
import pymysql
import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import ACCOUNT, allow, created, error_of, resources, session, unique
from tests.local.support.waiting import eventually

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

DATABASE = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.6.0.0/16}}
  One: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.6.0.0/24, AvailabilityZone: us-east-1a}}
  Two: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.6.1.0/24, AvailabilityZone: us-east-1b}}
  Subnets:
    Type: AWS::RDS::DBSubnetGroup
    Properties: {DBSubnetGroupName: NAME, DBSubnetGroupDescription: both, SubnetIds: [!Ref One, !Ref Two]}
  ClusterParameters:
    Type: AWS::RDS::DBClusterParameterGroup
    Properties:
      DBClusterParameterGroupName: NAME
      Family: aurora-postgresql16
      Description: as declared
      Parameters: {rds.force_ssl: "1", idle_in_transaction_session_timeout: "54321"}
  InstanceParameters:
    Type: AWS::RDS::DBParameterGroup
    Properties: {DBParameterGroupName: NAME, Family: aurora-postgresql16, Description: x, Parameters: {log_min_duration_statement: "1234"}}
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Snapshot
    Properties:
      DBClusterIdentifier: NAME
      Engine: aurora-postgresql
      EngineVersion: "16.8"
      DatabaseName: app
      MasterUsername: keeper
      ManageMasterUserPassword: true
      EnableIAMDatabaseAuthentication: true
      DBSubnetGroupName: !Ref Subnets
      DBClusterParameterGroupName: !Ref ClusterParameters
      ServerlessV2ScalingConfiguration: {MinCapacity: 0.5, MaxCapacity: 4}
  Writer:
    Type: AWS::RDS::DBInstance
    Properties:
      DBClusterIdentifier: !Ref Cluster
      DBInstanceClass: db.serverless
      Engine: aurora-postgresql
      DBParameterGroupName: !Ref InstanceParameters
"""  # noqa: E501 - a resource a line


class Database:
    """A PostgreSQL cluster with a user for IAM tokens."""

    def __init__(self, cloud: EmbeddedCloud, name: str, ids: dict[str, str]) -> None:
        self.cloud, self.name, self.ids, self.rds = cloud, name, ids, cloud.client("rds")

    def described(self) -> dict[str, Any]:
        (found,) = self.rds.describe_db_clusters(DBClusterIdentifier=self.name)["DBClusters"]
        return dict(found)

    def secret(self) -> dict[str, str]:
        arn = self.described()["MasterUserSecret"]["SecretArn"]
        answer = self.cloud.client("secretsmanager").get_secret_value(SecretId=arn)
        return dict(json.loads(answer["SecretString"]))

    def connect(self, user: str, password: str, mode: str = "verify-full") -> psycopg.Connection[Any]:
        target = self.described()
        return psycopg.connect(
            host=target["Endpoint"],
            port=target["Port"],
            user=user,
            password=password,
            dbname="app",
            sslmode=mode,
            sslrootcert=str(self.cloud.authority),
        )

    def master(self) -> psycopg.Connection[Any]:
        login = self.secret()
        return self.connect(login["username"], login["password"])

    def token(self, user: str, allowed: str) -> str:
        """A token for ``user`` of a role that may connect as ``allowed``."""
        resource = f"arn:aws:rds-db:us-east-1:{ACCOUNT}:dbuser:{self.described()['DbClusterResourceId']}/{allowed}"
        rds = self.cloud.client("rds", session(self.cloud, allow("rds-db:connect", resource)))
        target = self.described()
        return str(rds.generate_db_auth_token(DBHostname=target["Endpoint"], Port=target["Port"], DBUsername=user))


@pytest.fixture(scope="module")
def database(cloud: EmbeddedCloud) -> Iterator[Database]:
    name = unique("conformance")
    with created(cloud, DATABASE.replace("NAME", name)) as (stack, _):
        made = Database(cloud, name, resources(cloud, stack))
        with made.master() as connection:
            connection.execute("CREATE ROLE app LOGIN PASSWORD 'a password'")
            connection.execute("GRANT rds_iam TO app")
        yield made
    for snapshot in cloud.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        cloud.client("rds").delete_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=snapshot["DBClusterSnapshotIdentifier"]
        )


def test_endpoint_answers_with_tls(database: Database) -> None:
    with database.master() as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT current_user").fetchone() == ("keeper",)


def test_master_secret_is_managed(database: Database) -> None:
    secret = database.secret()
    assert secret["username"] == "keeper"
    assert len(secret["password"]) >= 16
    assert database.described()["MasterUserSecret"]["SecretStatus"] == "active"


def test_master_password_rotates_on_request(database: Database) -> None:
    old = database.secret()["password"]
    database.rds.modify_db_cluster(
        DBClusterIdentifier=database.name, RotateMasterUserPassword=True, ApplyImmediately=True
    )
    eventually(lambda: database.secret()["password"] != old)
    with database.master() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        database.connect("keeper", old)


def test_iam_token_opens_a_session(database: Database) -> None:
    with database.connect("app", database.token("app", "app")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("app",)


def test_token_without_permission_is_rejected(database: Database) -> None:
    token = database.token("app", "another")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        database.connect("app", token)


def test_iam_user_has_no_password(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        database.connect("app", "a password")


def test_plain_connection_is_rejected(database: Database) -> None:
    login = database.secret()
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        database.connect(login["username"], login["password"], "disable")


def test_parameter_group_reaches_the_database(database: Database) -> None:
    with database.master() as connection:
        shown = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert shown == ("54321ms",)


def test_instance_parameter_group_is_declared(database: Database) -> None:
    pages = database.rds.get_paginator("describe_db_parameters").paginate(
        DBParameterGroupName=database.name, Source="user"
    )
    found = {entry["ParameterName"]: entry.get("ParameterValue") for page in pages for entry in page["Parameters"]}
    assert found["log_min_duration_statement"] == "1234"


def test_subnet_group_names_its_zones(database: Database) -> None:
    (group,) = database.rds.describe_db_subnet_groups(DBSubnetGroupName=database.name)["DBSubnetGroups"]
    zones = {subnet["SubnetAvailabilityZone"]["Name"] for subnet in group["Subnets"]}
    assert (group["VpcId"], zones) == (database.ids["Vpc"], {"us-east-1a", "us-east-1b"})


def test_deletion_protection_keeps_the_cluster(database: Database) -> None:
    database.rds.modify_db_cluster(DBClusterIdentifier=database.name, DeletionProtection=True)
    code = error_of(database.rds.delete_db_cluster, DBClusterIdentifier=database.name, SkipFinalSnapshot=True)
    database.rds.modify_db_cluster(DBClusterIdentifier=database.name, DeletionProtection=False)
    assert code in ("InvalidParameterCombination", "InvalidDBClusterStateFault")


def test_serverless_capacity_is_declared(database: Database) -> None:
    assert database.described()["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 4.0}


def test_serverless_capacity_follows_the_load(cloud: EmbeddedCloud, database: Database) -> None:
    """Where capacity changes, CloudWatch has its metric."""
    dimensions = [{"Name": "DBClusterIdentifier", "Value": database.name}]
    listed = cloud.client("cloudwatch").list_metrics(
        Namespace="AWS/RDS", MetricName="ServerlessDatabaseCapacity", Dimensions=dimensions
    )
    assert listed["Metrics"]


def test_engine_version_downgrade_is_rejected(database: Database) -> None:
    code = error_of(
        database.rds.modify_db_cluster,
        DBClusterIdentifier=database.name,
        EngineVersion="16.4",
        ApplyImmediately=True,
    )
    assert code.startswith("Invalid")


def test_cluster_has_a_reader_endpoint(database: Database) -> None:
    described = database.described()
    assert described["Endpoint"]
    assert described["ReaderEndpoint"]
    assert [(entry["DBInstanceIdentifier"], entry["IsClusterWriter"]) for entry in described["DBClusterMembers"]] == [
        (database.ids["Writer"], True)
    ]


LEAVING = """
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Snapshot
    Properties: {DBClusterIdentifier: NAME, Engine: aurora-postgresql, EngineVersion: "16.8", DatabaseName: app, MasterUsername: keeper, ManageMasterUserPassword: true}
"""  # noqa: E501 - a resource a line


def test_deleted_cluster_leaves_a_snapshot(cloud: EmbeddedCloud) -> None:
    name, rds = unique("leaving"), cloud.client("rds")
    with created(cloud, LEAVING.replace("NAME", name)):
        pass
    snapshots = rds.describe_db_cluster_snapshots(DBClusterIdentifier=name)["DBClusterSnapshots"]
    assert [entry["DBClusterIdentifier"] for entry in snapshots] == [name]


@pytest.mark.database("MariaDB")
def test_mysql_cluster_answers_with_tls(cloud: EmbeddedCloud) -> None:
    name = unique("mysql")
    template = LEAVING.replace("NAME", name).replace("aurora-postgresql", "aurora-mysql")
    template = template.replace("16.8", "8.0.mysql_aurora.3.08.0").replace(
        "DeletionPolicy: Snapshot", "DeletionPolicy: Delete"
    )
    with created(cloud, template):
        (cluster,) = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
        arn = cluster["MasterUserSecret"]["SecretArn"]
        login = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        connection = pymysql.connect(
            host=cluster["Endpoint"],
            port=cluster["Port"],
            user=login["username"],
            password=login["password"],
            database="app",
            ssl=ssl.create_default_context(cafile=str(cloud.authority)),
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            row = cursor.fetchone()
            assert row is not None
            assert row[1]


def test_missing_cluster_is_not_found(cloud: EmbeddedCloud) -> None:
    code = error_of(cloud.client("rds").describe_db_clusters, DBClusterIdentifier=unique("nothing"))
    assert code == "DBClusterNotFoundFault"


def test_engine_version_lists_its_upgrade_targets(cloud: EmbeddedCloud) -> None:
    pages = cloud.client("rds").get_paginator("describe_db_engine_versions")
    found = [entry for page in pages.paginate(Engine="aurora-postgresql") for entry in page["DBEngineVersions"]]
    (version,) = [entry for entry in found if entry["EngineVersion"] == "16.8"]
    assert version["DBParameterGroupFamily"] == "aurora-postgresql16"
    targets = {target["EngineVersion"]: target["IsMajorVersionUpgrade"] for target in version["ValidUpgradeTarget"]}
    assert targets
    assert not {"16.4", "16.8"} & set(targets)
    assert all(is_major is not target.startswith("16.") for target, is_major in targets.items())
