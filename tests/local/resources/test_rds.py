"""Clusters whose master password changes: the secret, the real database and DescribeDBClusters agree."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pymysql
import pytest

from local.cloud import EmbeddedCloud
from local.host.guard import command_of, living_processes
from tests.local.support.stacks import change, delete
from tests.local.support.waiting import eventually

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.database("MariaDB"),
    pytest.mark.requirement("X-DB-1"),
]

TEMPLATE = """
Parameters:
  Password: {Type: String, Default: chosen-by-hand}
Resources:
  Postgres:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties: {DBClusterIdentifier: rotated-postgres, Engine: aurora-postgresql, EngineVersion: "16.8", DatabaseName: data,
                 MasterUsername: master, ManageMasterUserPassword: true}
  MySql:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties: {DBClusterIdentifier: rotated-mysql, Engine: aurora-mysql, EngineVersion: 8.0.mysql_aurora.3.08.2,
                 DatabaseName: data, MasterUsername: master, ManageMasterUserPassword: true}
  Chosen:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties: {DBClusterIdentifier: chosen-mysql, Engine: aurora-mysql, EngineVersion: 8.0.mysql_aurora.3.08.2,
                 DatabaseName: data, MasterUsername: master, MasterUserPassword: !Ref Password}
"""


@pytest.fixture(scope="module", autouse=True)
def stack(cloud: EmbeddedCloud) -> Iterator[None]:
    created = change(cloud, "passwords", TEMPLATE)
    assert created.status == "CREATE_COMPLETE", created.failures
    yield
    assert delete(cloud, "passwords").status == "DELETE_COMPLETE"


def described(cloud: EmbeddedCloud, cluster: str) -> dict[str, Any]:
    (answer,) = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    return dict(answer)


def password(cloud: EmbeddedCloud, cluster: str, stage: str = "AWSCURRENT") -> str:
    arn = described(cloud, cluster)["MasterUserSecret"]["SecretArn"]
    text = cloud.client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"]
    return str(json.loads(text)["password"])


def log_in(cloud: EmbeddedCloud, cluster: str, secret: str) -> None:
    target = described(cloud, cluster)
    login = {"host": target["Endpoint"], "port": target["Port"], "user": "master", "password": secret}
    if target["Engine"] == "aurora-mysql":
        pymysql.connect(**login, database="data", ssl_ca=str(cloud.authority)).close()
    else:
        psycopg.connect(**login, dbname="data", sslmode="verify-full", sslrootcert=str(cloud.authority)).close()


@pytest.mark.parametrize("cluster", ["rotated-mysql", "rotated-postgres"])
def test_rotating_the_masters_password_changes_the_secret_and_the_database(cloud: EmbeddedCloud, cluster: str) -> None:
    """The incident: only the secret changed, so that every later rotation of the service's login failed."""
    before = password(cloud, cluster)
    log_in(cloud, cluster, before)
    cloud.client("rds").modify_db_cluster(
        DBClusterIdentifier=cluster, RotateMasterUserPassword=True, ApplyImmediately=True
    )
    after = password(cloud, cluster)
    assert after != before
    assert password(cloud, cluster, "AWSPREVIOUS") == before
    log_in(cloud, cluster, after)
    with pytest.raises(
        (pymysql.err.OperationalError, psycopg.OperationalError), match=r"Access denied|authentication failed"
    ):
        log_in(cloud, cluster, before)


def test_a_rotation_that_is_not_applied_immediately_is_rejected(cloud: EmbeddedCloud) -> None:
    before = password(cloud, "rotated-mysql")
    client = cloud.client("rds")
    with pytest.raises(client.exceptions.ClientError, match="apply immediately"):
        client.modify_db_cluster(DBClusterIdentifier="rotated-mysql", RotateMasterUserPassword=True)
    assert password(cloud, "rotated-mysql") == before


@pytest.mark.parametrize("through", ["CloudFormation", "RDS"])
def test_a_chosen_password_changes_the_database(cloud: EmbeddedCloud, through: str) -> None:
    chosen = f"chosen-by-{through}"
    by: dict[str, Callable[[], object]] = {
        "CloudFormation": lambda: change(cloud, "passwords", TEMPLATE, {"Password": chosen}),
        "RDS": lambda: cloud.client("rds").modify_db_cluster(
            DBClusterIdentifier="chosen-mysql", MasterUserPassword=chosen, ApplyImmediately=True
        ),
    }
    by[through]()
    log_in(cloud, "chosen-mysql", chosen)
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        log_in(cloud, "chosen-mysql", "chosen-by-hand")


def test_a_database_that_does_not_run_keeps_its_secret(cloud: EmbeddedCloud) -> None:
    before = password(cloud, "rotated-mysql")
    (server,) = [pid for pid in living_processes() if is_server(pid, cloud, "rotated-mysql")]
    os.kill(server, signal.SIGKILL)
    assert eventually(lambda: server not in living_processes())
    client = cloud.client("rds")
    with pytest.raises(client.exceptions.InvalidDBClusterStateFault, match="not available"):
        client.modify_db_cluster(
            DBClusterIdentifier="rotated-mysql", RotateMasterUserPassword=True, ApplyImmediately=True
        )
    assert password(cloud, "rotated-mysql") == before


def is_server(pid: int, cloud: EmbeddedCloud, cluster: str) -> bool:
    """Whether a process is the server of a cluster, and not its guard, whose command line has the same words."""
    command = command_of(pid)
    return "guard.py" not in command and f"{cloud.settings.run_directory}/mysql/{cluster}/data" in command
