"""Requests with an ambiguous end, on real connections: the service rejects them and reads nothing behind them."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import pytest

from payments.model import MAX_BODY_BYTES
from tests.web_src.support.framing_cases import BODIES, LOOK_ALIKES, REJECTED, SMUGGLED
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.raw_requests import BODY, GET_AND_CLOSE, POST, in_chunks, post, with_length
from tests.web_src.support.service import Service

pytestmark = pytest.mark.requirement("X-WEB-1")

PAUSE_SECONDS = 0.06  # between two packets, so that the service judges the first long before the second arrives
CONNECTION_SECONDS = 3
WAYS = ("two packets", "one packet")


@dataclass(frozen=True)
class Outcome:
    """The result of several cases.

    Attributes:
        answers: All bytes that the service sent, by case and way of sending.
        counts: The rows in the database afterwards.
    """

    answers: dict[tuple[str, str], bytes]
    counts: tuple[int, int, int]

    def statuses(self, name: str, way: str) -> list[int]:
        answer = self.answers[name, way]
        return [int(status) for status in re.findall(rb"^HTTP/1\.1 ([0-9]{3}) ", answer, re.MULTILINE)]


def send(service: Service, packets: Iterable[bytes]) -> bytes:
    """Send packets and return all bytes until the service ends the connection; a status of 999 if it does not end it."""
    with service.dial(CONNECTION_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, packet in enumerate(packets):
            time.sleep(PAUSE_SECONDS if number else 0)
            connection.sendall(packet)
        answer = b""
        with suppress(ConnectionResetError):
            try:
                while data := connection.recv(65536):
                    answer += data
            except TimeoutError:
                answer += b"\nHTTP/1.1 999 still open"
    return answer


def send_all(service: Service, cases: dict[str, tuple[bytes, bytes]]) -> Outcome:
    """Send the two packets of each case in each way, on parallel connections."""

    def send_case(name_and_way: tuple[str, str]) -> bytes:
        name, way = name_and_way
        first, second = cases[name]
        return send(service, (first, second) if way == WAYS[0] else (first + second,))

    service.ledger.empty()
    names_and_ways = [(name, way) for name in cases for way in WAYS]
    with ThreadPoolExecutor(24) as pool:
        answers = dict(zip(names_and_ways, pool.map(send_case, names_and_ways), strict=True))
    return Outcome(answers, service.ledger.counts())


@pytest.fixture(scope="module")
def rejected(running: Service) -> Outcome:
    return send_all(running, {name: (first, SMUGGLED + GET_AND_CLOSE) for name, first in REJECTED.items()})


@pytest.fixture(scope="module")
def bodies(running: Service) -> Outcome:
    return send_all(running, {name: (first, SMUGGLED + end + GET_AND_CLOSE) for name, (first, end) in BODIES.items()})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REJECTED)
def test_ambiguous_end_is_rejected_and_ends_the_connection(rejected: Outcome, name: str, way: str) -> None:
    """Incident: the service ignored a length of 19 digits and made the payment in the body (two answers, 200 and 201)."""
    assert rejected.statuses(name, way) == [400]
    head, _, body = rejected.answers[name, way].partition(b"\r\n\r\n")
    assert json.loads(body)["error"]["code"] == "malformed_request"
    for line in (
        b"Connection: close",
        b"Content-Type: application/json",
        b"Cache-Control: no-store",
        b"X-Request-Id: ",
    ):
        assert line in head


def test_bytes_behind_a_rejected_request_make_no_payment(rejected: Outcome) -> None:
    assert rejected.counts == (0, 0, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BODIES)
def test_payment_in_the_body_of_another_request_is_a_body(bodies: Outcome, name: str, way: str) -> None:
    """The same incident: with 18 digits it was a body. The request behind it gets an answer, so that no byte was lost."""
    assert bodies.statuses(name, way) == [200, 404]


def test_payment_in_the_body_of_another_request_is_not_made(bodies: Outcome) -> None:
    assert bodies.counts == (0, 0, 0)


def test_request_behind_one_without_a_body_is_a_request(running: Service, ledger: Ledger) -> None:
    """Legal requests stay legal. This also shows that the tests above would see a smuggled payment."""
    cases = {name: (first, SMUGGLED + GET_AND_CLOSE) for name, first in LOOK_ALIKES.items()}
    outcome = send_all(running, cases)
    statuses = {case: outcome.statuses(*case) for case in outcome.answers}
    assert {case: values[::2] for case, values in statuses.items()} == {case: [200, 404] for case in statuses}
    assert sorted(values[1] for values in statuses.values()) == [200] * (len(statuses) - 1) + [201]
    assert outcome.counts == (1, 1, 2)


@pytest.mark.parametrize("digits", [19, 20, 25])
def test_length_with_leading_zeros_means_the_same_in_one_or_two_packets(
    running: Service, ledger: Ledger, digits: int
) -> None:
    """Incident: with 20 digits the payment was made if head and body came together, and was invalid_json otherwise."""
    length = str(len(BODY)).zfill(digits).encode()
    whole = post("zeros", b"Connection: close\r\n", length)
    head = whole.removesuffix(BODY)
    answers = [send(running, packets) for packets in ((head, BODY), (whole,))]
    assert [answer.split()[1] for answer in answers] == [b"201", b"200"]


def test_payment_whose_body_breaks_off_is_not_made(running: Service, ledger: Ledger) -> None:
    """Incident: the client announced 900 bytes and ended after the 100 of a payment, and the payment was made."""
    with running.dial(timeout_seconds=5) as connection:
        connection.sendall(POST + b"broken\r\nContent-Length: 900\r\n\r\n" + BODY)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).split()[1] == b"400"
    assert ledger.counts() == (0, 0, 0)


@pytest.mark.parametrize("zeros", [0, 5000])
@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "1" + "0" * 18, "1" + "0" * 5000])
def test_length_of_any_size_is_too_large_by_its_value(running: Service, length: str, zeros: int) -> None:
    answer = send(running, [with_length(b"0" * zeros + length.encode())])
    assert answer.split()[1] == b"413"


def test_chunk_beyond_the_limit_is_rejected_before_it_arrives(running: Service) -> None:
    for size in (b"ffffffff\r\n", b"%x\r\n" % (MAX_BODY_BYTES + 1), b"1\r\n{\r\n%x\r\n" % MAX_BODY_BYTES):
        assert send(running, [in_chunks(size)]).split()[1] == b"413"


def test_rejections_are_no_errors_in_the_log(running: Service, rejected: Outcome, bodies: Outcome) -> None:
    """Incident: a malformed chunk was a 500 and a line at ERROR, which alarms count."""
    lines = running.log_lines()
    assert [line for line in lines if line["level"] == "ERROR"] == []
    assert sum(line.get("status") == 400 for line in lines) >= len(rejected.answers)
