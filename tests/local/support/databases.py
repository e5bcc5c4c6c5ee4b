"""A stack with one PostgreSQL cluster, and a connection to such a cluster."""

from __future__ import annotations

import json

import psycopg

from local.cloud import EmbeddedCloud

DATABASE = """
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties:
      DBClusterIdentifier: kept
      Engine: aurora-postgresql
      EngineVersion: "16.8"
      DatabaseName: trading
      MasterUsername: keeper
      ManageMasterUserPassword: true
"""


def master(cloud: EmbeddedCloud, cluster: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection as the cluster's master user, with the password of its secret."""
    [described] = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    arn = described["MasterUserSecret"]["SecretArn"]
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return psycopg.connect(
        host=described["Endpoint"],
        port=described["Port"],
        user=secret["username"],
        password=secret["password"],
        dbname=described["DatabaseName"],
        sslmode="verify-full",
        sslrootcert=str(cloud.authority),
    )
