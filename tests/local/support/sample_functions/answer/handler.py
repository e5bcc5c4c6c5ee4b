"""Stores a record, and says who it is to the database."""

import json
import os
import uuid

import boto3
import psycopg

from common import NAME

S3 = boto3.client("s3")


def handler(event, context):
    record = json.loads(event["body"])
    if record.get("ask") == "boom":
        raise RuntimeError("asked to fail")
    if record.get("ask") == "forbidden":
        S3.list_buckets()
    key = f"market-data/{uuid.uuid4()}.json"
    S3.put_object(Bucket=os.environ["RAW_BUCKET"], Key=key, Body=json.dumps(record))
    boto3.resource("dynamodb").Table(os.environ["TABLE"]).put_item(Item={"sessionId": key, "symbol": record["symbol"]})
    answer = {
        "key": key,
        "common": NAME,
        "apiKeyId": event["requestContext"]["identity"].get("apiKeyId"),
        "caller": event["requestContext"]["identity"].get("userArn"),
        "database": database_user(record.get("user", "trading_app")),
    }
    print(json.dumps({"level": "INFO", "message": "stored", "key": key}))
    return {"statusCode": 202, "body": json.dumps(answer)}


def database_user(user):
    host, port = os.environ["DB_HOST"], int(os.environ["DB_PORT"])
    token = boto3.client("rds").generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    try:
        with psycopg.connect(host=host, port=port, dbname="trading", user=user, password=token) as connection:
            return connection.execute("SELECT current_user").fetchone()[0]
    except psycopg.OperationalError as error:
        return f"rejected: {error}"
