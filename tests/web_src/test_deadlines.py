"""The arithmetic of deadlines, and the answer that the worker sends on its own."""

from __future__ import annotations

import json

import pytest

from payments.deadlines import Phase
from payments.errors import RequestError
from payments.refusal import answer_bytes

pytestmark = pytest.mark.requirement("X-WEB-1")


def test_phase_ends_at_its_deadline_and_not_before() -> None:
    phase = Phase.lasting(10, now=100)
    assert [phase.is_over(now) for now in (100, 109.9, 110, 111)] == [False, False, True, True]
    assert phase.milliseconds(now=100.01234) == 12.3


def test_deadline_moves_and_the_begin_stays() -> None:
    phase = Phase.lasting(10, now=100)
    phase.end_in(2, now=109)
    assert (phase.since, phase.until) == (100, 111)


@pytest.mark.parametrize(("now", "until"), [(100, 101), (109.5, 110)])
def test_deadline_is_only_ever_shortened(now: float, until: float) -> None:
    phase = Phase.lasting(10, now=100)
    phase.shorten_to(1, now)
    assert phase.until == until


def test_answer_of_the_worker_is_one_whole_http_answer() -> None:
    head, _, body = answer_bytes(RequestError(408, "request_timeout", "Send it again."), "1-a-b").partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    assert status_line == "HTTP/1.1 408 Request Timeout"
    headers = dict(line.split(": ") for line in lines)
    assert headers["Content-Length"] == str(len(body))
    assert (headers["Connection"], headers["X-Request-Id"]) == ("close", "1-a-b")
    assert json.loads(body) == {"error": {"code": "request_timeout", "message": "Send it again."}}
