"""Copies new objects, and rejects one kind so that partial batch answers and redrive show."""

import json
import os
from urllib.parse import unquote_plus

import boto3

from common import NAME

S3 = boto3.client("s3")


def handler(event, context):
    failures = []
    for message in event["Records"]:
        for notice in json.loads(message["body"]).get("Records", []):
            bucket, key = notice["s3"]["bucket"]["name"], unquote_plus(notice["s3"]["object"]["key"])
            body = S3.get_object(Bucket=bucket, Key=key)["Body"].read()
            if b"POISON" in body:
                print("ERROR poison", key)
                failures.append({"itemIdentifier": message["messageId"]})
                continue
            S3.put_object(Bucket=os.environ["PROCESSED_BUCKET"], Key=f"{NAME}/{key}", Body=body)
    return {"batchItemFailures": failures}
