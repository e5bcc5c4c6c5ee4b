"""Clients that stall get a 408. Other clients get their answers, and a stop of the service takes no longer.

All over TLS, which the load balancer uses.
"""

from __future__ import annotations

import json
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from payments.deadlines import LINGER_SECONDS, STOP_SECONDS
from payments.framing import MAX_HEAD_BYTES
from payments.model import MAX_BODY_BYTES
from tests.web_src.support.bodies import payment
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.raw_requests import BODY, CHUNKED, POST, post, read_answer
from tests.web_src.support.service import Service, unverified_tls

pytestmark = pytest.mark.requirement("X-WEB-1")

HALF_BODY = POST + b"stalled\r\nContent-Length: 500\r\n\r\n{"
HALF_HEAD = b"POST /transactions HTTP/1.1\r\nHost: a\r\nX-"
HALF_CHUNK = CHUNKED + b"20\r\n{"
THREADS = 2 * 8
REQUEST_SECONDS = 2  # in the tests that wait for the deadline of a request


@pytest.fixture(scope="module")
def service(server: Ledger) -> Iterator[Service]:
    """The service with the WEB_WORKERS, the WEB_THREADS and the TLS of an instance."""
    server.reset()
    started = Service(server, variables={"WEB_WORKERS": "2", "WEB_THREADS": "8"}, tls=True)
    started.start()
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.fixture(scope="module")
def impatient(server: Ledger) -> Iterator[Service]:
    """A service that gives a request less time than on an instance."""
    server.reset()
    variables = {"WEB_WORKERS": "1", "WEB_REQUEST_SECONDS": str(REQUEST_SECONDS)}
    started = Service(server, variables=variables, tls=True)
    started.start()
    yield started
    started.stop()


def seconds_for_health(service: Service) -> float:
    started = time.monotonic()
    assert service.get("/health").status == 200
    return time.monotonic() - started


@pytest.mark.parametrize("half", [HALF_BODY, HALF_HEAD, HALF_CHUNK, b""], ids=["body", "headers", "chunk", "nothing"])
def test_stalled_requests_hold_up_neither_health_nor_payments(service: Service, ledger: Ledger, half: bytes) -> None:
    """Incident: sixteen bodies of one byte took all threads. The group would have replaced healthy instances."""
    with ExitStack() as stalled:
        for _ in range(4 * THREADS):
            stalled.enter_context(service.dial()).sendall(half)
        for _ in range(8):
            assert seconds_for_health(service) < 1
        assert service.post(payment(), f"beside {half[-1:].hex()}".replace(" ", "-")).status in (200, 201)


def test_connections_without_a_handshake_hold_up_nothing(impatient: Service, ledger: Ledger) -> None:
    with ExitStack() as stalled:
        plain = [
            stalled.enter_context(socket.create_connection(("127.0.0.1", impatient.port))) for _ in range(4 * THREADS)
        ]
        for connection in plain[::2]:
            connection.sendall(b"\x16\x03\x01")
        assert seconds_for_health(impatient) < 1
        plain[1].settimeout(REQUEST_SECONDS + 5)
        assert plain[1].recv(1) == b"", "closed at its deadline"


@pytest.mark.parametrize("half", [HALF_BODY, HALF_HEAD], ids=["body", "headers"])
def test_request_that_does_not_arrive_gets_408(impatient: Service, ledger: Ledger, half: bytes) -> None:
    with impatient.dial() as connection:
        connection.sendall(half)
        started = time.monotonic()
        status, headers, body = read_answer(connection)
        assert REQUEST_SECONDS - 0.5 < time.monotonic() - started < REQUEST_SECONDS + 3
        assert connection.recv(1) == b"", "the connection closes"
    assert status == 408
    assert json.loads(body)["error"]["code"] == "request_timeout"
    assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
    assert headers["cache-control"] == "no-store"
    lines = [line for line in impatient.log_lines() if line.get("request_id") == headers["x-request-id"]]
    assert [line["status"] for line in lines] == [408]
    assert ledger.counts() == (0, 0, 0)


def test_slow_bytes_do_not_extend_the_deadline(impatient: Service, ledger: Ledger) -> None:
    """A byte each quarter of a second never lets a timeout for a single read pass."""
    with impatient.dial() as connection:
        answered = threading.Event()

        def send_slowly() -> None:
            try:
                for byte in post("trickled"):
                    connection.sendall(bytes([byte]))
                    if answered.wait(0.25):
                        return
            except OSError:
                pass

        sender = threading.Thread(target=send_slowly)
        started = time.monotonic()
        sender.start()
        status, _, _ = read_answer(connection)
        answered.set()
        sender.join()
    assert status == 408
    assert time.monotonic() - started < REQUEST_SECONDS + 3


def test_request_in_pieces_is_accepted(service: Service, ledger: Ledger) -> None:
    whole = post("pieces")
    with service.dial() as connection:
        for start in range(0, len(whole), 7):
            connection.sendall(whole[start : start + 7])
            time.sleep(0.01)
        assert read_answer(connection)[0] == 201
        connection.sendall(whole[:50])
        time.sleep(0.2)
        connection.sendall(whole[50:])
        status, headers, _ = read_answer(connection)
    assert (status, headers["idempotent-replayed"]) == (200, "true")


def test_requests_in_one_packet_are_answered_in_their_order(service: Service, ledger: Ledger) -> None:
    with service.dial() as connection:
        connection.sendall(post("first") + post("second") + post("first") + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [read_answer(connection)[0] for _ in range(4)] == [201, 201, 200, 200]
    assert ledger.counts() == (2, 2, 4)


def test_client_that_waits_for_100_continue_gets_it(service: Service, ledger: Ledger) -> None:
    whole = post("leave", b"Expect: 100-continue\r\n")
    head = whole[: -len(BODY)]
    with service.dial(timeout_seconds=5) as connection:
        connection.sendall(head)
        assert read_answer(connection)[0] == 100
        connection.sendall(BODY)
        assert read_answer(connection)[0] == 201


@pytest.mark.parametrize("length", [MAX_BODY_BYTES + 1, 10**12])
def test_body_beyond_the_limit_is_rejected_before_it_arrives(service: Service, ledger: Ledger, length: int) -> None:
    with service.dial() as connection:
        connection.sendall(POST + b"long\r\nContent-Length: %d\r\n\r\n{" % length)
        started = time.monotonic()
        status, headers, body = read_answer(connection)
        assert (status, headers["connection"]) == (413, "close")
        assert json.loads(body)["error"]["code"] == "too_large"
        assert connection.recv(1) == b""
        assert time.monotonic() - started < 1


def test_headers_without_an_end_are_rejected(service: Service, ledger: Ledger) -> None:
    with service.dial() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (MAX_HEAD_BYTES + 10))
        status, _, body = read_answer(connection)
    assert (status, json.loads(body)["error"]["code"]) == (431, "headers_too_large")


def test_client_that_leaves_in_the_middle_is_forgotten(service: Service, ledger: Ledger) -> None:
    for half in (HALF_BODY, HALF_HEAD, HALF_CHUNK):
        with service.dial() as connection:
            connection.sendall(half)
    assert seconds_for_health(service) < 1
    assert ledger.counts() == (0, 0, 0)
    assert [line for line in service.log_lines() if line["level"] == "ERROR"] == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # the test needs the old versions
def test_only_new_versions_of_tls_are_spoken(service: Service, ledger: Ledger) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain:
        plain.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_answer(plain)[0] == 0
    with service.dial() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() == "TLSv1.3"
    old = unverified_tls()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        old.wrap_socket(plain)
    new = unverified_tls()
    new.maximum_version = ssl.TLSVersion.TLSv1_2
    new.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")  # the first of ELBSecurityPolicy-2016-08
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain,
        new.wrap_socket(plain) as encrypted,
    ):
        assert encrypted.version() == "TLSv1.2"


def test_oldest_stalled_connections_are_closed_if_there_are_too_many(server: Ledger) -> None:
    server.reset()
    variables = {"WEB_WORKERS": "1", "WEB_CONNECTIONS": "100", "WEB_REQUEST_SECONDS": "4"}
    service = Service(server, "tests.web_src.support.slow_app:app", variables, tls=True)
    service.start()
    try:
        with ExitStack() as connections:
            stalled = []
            for _ in range(150):
                stalled.append(connections.enter_context(service.dial()))
                stalled[-1].sendall(HALF_BODY)
            assert seconds_for_health(service) < 1
            stalled[0].settimeout(1)
            assert read_answer(stalled[0])[0] == 0, "closed before its deadline"
            assert read_answer(stalled[-1])[0] == 408
    finally:
        service.stop()


@pytest.mark.parametrize("half", [HALF_BODY, HALF_HEAD], ids=["body", "headers"])
def test_stop_does_not_wait_for_half_a_request(server: Ledger, half: bytes) -> None:
    """Incident: half a body made a stop take thirty seconds."""
    server.reset()
    service = Service(server, tls=True)
    service.start()
    with service.dial() as connection, service.dial() as idle:
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_answer(idle)[0] == 200
        connection.sendall(half)
        time.sleep(0.3)
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert read_answer(connection)[0] == 408, "the client repeats it with the same key"
        # The service ends when the client closes, or after LINGER_SECONDS. A round of gunicorn's loop takes up to a second.
        assert service.process.wait(20) == 0
        assert time.monotonic() - started < STOP_SECONDS + LINGER_SECONDS + 3
    service.secrets.close()


def test_missing_key_stops_the_start(server: Ledger, capfd: pytest.CaptureFixture[str]) -> None:
    service = Service(server, variables={"TLS_DIRECTORY": "/nowhere"})
    with pytest.raises(RuntimeError):
        service.start()
    assert "TLS_DIRECTORY: /nowhere/certificate.pem is not a file" in capfd.readouterr().err
    assert service.process.wait(10) != 0
    service.secrets.close()
