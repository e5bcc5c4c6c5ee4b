"""S3's event notifications."""

from __future__ import annotations

import json

import pytest

from common.s3_events import objects_of


def event(*keys: str) -> str:
    return json.dumps({"Records": [{"s3": {"bucket": {"name": "raw"}, "object": {"key": key}}} for key in keys]})


def test_keys_are_decoded_in_the_order_of_the_event() -> None:
    assert objects_of(event("date%3D1/a+b.gz", "c")) == [("raw", "date=1/a b.gz"), ("raw", "c")]


def test_test_event_has_no_object() -> None:
    """S3 sends it when the notification is configured."""
    assert objects_of(json.dumps({"Event": "s3:TestEvent", "Bucket": "raw"})) == []


@pytest.mark.parametrize(
    ("body", "error"), [("no JSON", ValueError), ("{}", KeyError), ('{"Records": [{}]}', KeyError)]
)
def test_another_body_is_an_error(body: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        objects_of(body)
