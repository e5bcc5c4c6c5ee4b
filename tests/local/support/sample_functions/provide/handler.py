"""Custom resources: empties a bucket on deletion, makes the database's user on creation."""

import json
import os
import urllib.request

import boto3


def handler(event, context):
    data, status, reason = {}, "SUCCESS", ""
    properties = event["ResourceProperties"]
    try:
        if event["ResourceType"] == "Custom::EmptyBucket" and event["RequestType"] == "Delete":
            empty(properties["BucketName"])
        elif event["ResourceType"] == "Custom::DatabaseMigration" and event["RequestType"] != "Delete":
            data = migrate(properties)
        elif event["ResourceType"] == "Custom::Crash":
            raise SystemExit(3)
    except Exception as error:  # noqa: BLE001 - a custom resource always answers
        status, reason = "FAILED", repr(error)
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data,
    }
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
    request.add_header("Content-Type", "")
    urllib.request.urlopen(request, timeout=10).close()


def empty(bucket):
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def migrate(properties):
    import psycopg

    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["DB_SECRET_ARN"])
    login = json.loads(secret["SecretString"])
    with psycopg.connect(
        host=properties["Host"],
        port=os.environ["DB_PORT"],
        dbname="trading",
        user=login["username"],
        password=login["password"],
    ) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bars (symbol text)")
        for user in ("trading_app", "trading_analyst"):
            connection.execute(f"DROP ROLE IF EXISTS {user}")
            connection.execute(f"CREATE ROLE {user} LOGIN")
            connection.execute(f"GRANT rds_iam TO {user}")
    return {"Users": "trading_app,trading_analyst"}
