"""Alerts for errors in a log subscription: grouped, bounded, and never about the function's own errors."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

import log_alerts.handler
from log_alerts import alert
from tests.lambda_src.support.fakes import Context, FakeTopic

pytestmark = pytest.mark.requirement("T-FN-2", "T-OBS-1")


@pytest.fixture
def topic(fake_clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> FakeTopic:
    monkeypatch.setenv("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:alerts")
    monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/trading-log-alerts-dev")
    monkeypatch.setenv("ENVIRONMENT", "dev")
    fake_clients["sns"] = FakeTopic()
    topic: FakeTopic = fake_clients["sns"]
    return topic


def delivery(
    *messages: str, group: str = "/aws/lambda/trading-ingest-dev", kind: str = "DATA_MESSAGE"
) -> dict[str, Any]:
    events = [{"id": str(n), "timestamp": 1_767_348_000_000 + n, "message": m} for n, m in enumerate(messages)]
    payload = {"messageType": kind, "logGroup": group, "logStream": "s", "logEvents": events}
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()}}


def test_similar_errors_are_one_entry_with_their_number(topic: FakeTopic) -> None:
    result = log_alerts.handler.handler(
        delivery("ERROR in request 1234", "ERROR in request 99", "Task timed out after 30.00 seconds"), Context()
    )
    assert result == {"published": 1, "groups": 2}
    (message,) = topic.published
    assert message["Subject"] == "[dev] 3 errors in /aws/lambda/trading-ingest-dev"
    assert "2 × from 2026-01-02T10:00:00Z to 2026-01-02T10:00:00.001Z" in message["Message"]
    assert "ERROR in request 1234" in message["Message"]


def test_json_lines_are_grouped_by_error_not_by_request(topic: FakeTopic) -> None:
    line = {"level": "ERROR", "message": "object quarantined", "service": "process"}
    lines = [json.dumps({**line, "key": f"k{n}", "timestamp": str(n)}) for n in range(5)]
    assert log_alerts.handler.handler(delivery(*lines), Context())["groups"] == 1


def test_the_message_never_exceeds_the_limit_of_sns(topic: FakeTopic) -> None:
    words = [f"{chr(0x4E00 + n // 50)}{chr(0x4E00 + n % 50)} " + "é😀" * 3000 for n in range(600)]
    log_alerts.handler.handler(delivery(*words, group="/é" * 200), Context())
    (message,) = topic.published
    size = len(message["Message"].encode())
    assert 200_000 < size <= alert.MESSAGE_LIMIT_BYTES
    assert message["Message"].rstrip().endswith("more")
    assert message["Subject"].isascii()
    assert len(message["Subject"]) == alert.SUBJECT_LIMIT


def test_the_functions_own_errors_and_control_messages_publish_nothing(topic: FakeTopic) -> None:
    own = delivery("ERROR", group="/aws/lambda/trading-log-alerts-dev")
    for event in (own, delivery("x", kind="CONTROL_MESSAGE"), delivery()):
        assert log_alerts.handler.handler(event, Context()) == {"published": 0, "groups": 0}
    assert topic.published == []


@pytest.mark.requirement("T-DB-5")
def test_the_end_of_an_idle_session_publishes_nothing(topic: FakeTopic) -> None:
    """PostgreSQL logs it as FATAL, although the parameter group asks for it so that the database can pause."""
    end = "10:00:00 UTC:10.0.10.9(40312):trading_app@trading:[812]:FATAL:  terminating connection due to idle-session timeout"
    assert log_alerts.handler.handler(delivery(end), Context()) == {"published": 0, "groups": 0}
    assert log_alerts.handler.handler(delivery(end, "FATAL:  out of memory"), Context())["groups"] == 1
    assert "idle-session" not in topic.published[0]["Message"]


@pytest.mark.parametrize("event", [{}, {"awslogs": {"data": "!"}}, {"awslogs": {"data": "eA=="}}, {"awslogs": None}])
def test_an_unknown_event_is_an_error_so_that_lambda_reports_it(event: dict[str, Any], topic: FakeTopic) -> None:
    with pytest.raises(alert.PayloadError):
        log_alerts.handler.handler(event, Context())


def test_lone_surrogates_do_not_prevent_an_alert(topic: FakeTopic) -> None:
    log_alerts.handler.handler(delivery("bad \ud800 text"), Context())
    assert "bad ? text" in topic.published[0]["Message"]
