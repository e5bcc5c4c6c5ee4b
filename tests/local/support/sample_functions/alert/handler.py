"""Sends log lines on to the topic."""

import base64
import gzip
import json
import os

import boto3


def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    lines = [line["message"] for line in data["logEvents"]]
    boto3.client("sns").publish(
        TopicArn=os.environ["ALERT_TOPIC_ARN"], Message=json.dumps({"group": data["logGroup"], "lines": lines})
    )
