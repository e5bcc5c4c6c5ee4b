"""S3's event notifications, as SQS delivers them."""

from __future__ import annotations

import json
from urllib.parse import unquote_plus


def objects_of(body: str) -> list[tuple[str, str]]:
    """Bucket and key of each object in an S3 event; empty for S3's test event.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (keys are URL-encoded)

    Raises:
        ValueError: The body is not JSON.
        KeyError: The body is not an S3 event.
    """
    document = json.loads(body)
    if document.get("Event") == "s3:TestEvent":
        return []
    places = [entry["s3"] for entry in document["Records"]]
    return [(str(place["bucket"]["name"]), unquote_plus(str(place["object"]["key"]))) for place in places]
