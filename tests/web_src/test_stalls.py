"""Clients that stall: they get their 408, others get their answers, and a stop takes no longer for them.

Over TLS, as the load balancer comes.
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
from hypothesis import given
from hypothesis import strategies as st

from payments.framing import LARGEST, LARGEST_HEAD, Arrival
from payments.model import MAX_BODY
from payments.worker import LINGER_S, STOP_WITHIN_S
from tests.web_src.support.bodies import payment
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.service import Service, unverified_tls

pytestmark = pytest.mark.requirement("X-WEB-1")

BODY = json.dumps(payment()).encode()
HEAD = b"POST /transactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: "
HALF_BODY = HEAD + b"stalled\r\nContent-Length: 500\r\n\r\n{"
HALF_HEAD = b"POST /transactions HTTP/1.1\r\nHost: a\r\nX-"
HALF_CHUNK = HEAD + b"stalled\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"
AT_ONCE = 5  # seconds; the load balancer waits no longer for /health
THREADS = 2 * 8
REQUEST_S = 2  # for the tests that wait for the end of that time


@pytest.fixture(scope="module")
def service(server: Ledger) -> Iterator[Service]:
    """As on an instance: WEB_WORKERS and WEB_THREADS as they are there, and TLS."""
    server.reset()
    made = Service(server, variables={"WEB_WORKERS": "2", "WEB_THREADS": "8"}, tls=True)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.fixture(scope="module")
def impatient(server: Ledger) -> Iterator[Service]:
    """A service that gives a request less time than on an instance."""
    server.reset()
    made = Service(server, variables={"WEB_WORKERS": "1", "WEB_REQUEST_SECONDS": str(REQUEST_S)}, tls=True)
    made.start()
    yield made
    made.stop()


def full(key: str, more: bytes = b"") -> bytes:
    return HEAD + key.encode() + b"\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer; status 0 where there is none."""
    text = b""
    try:
        while b"\r\n\r\n" not in text:
            more = connection.recv(1)
            if not more:
                return 0, {}, text
            text += more
        first, *lines = text.decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = b""
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(4096)
    except OSError:
        return 0, {}, text
    return int(first.split()[1]), headers, body


def seconds_for_health(service: Service) -> float:
    begun = time.monotonic()
    assert service.get("/health").status == 200
    return time.monotonic() - begun


@pytest.mark.parametrize("half", [HALF_BODY, HALF_HEAD, HALF_CHUNK, b""], ids=["body", "headers", "chunk", "nothing"])
def test_stalled_requests_hold_up_neither_health_nor_payments(service: Service, ledger: Ledger, half: bytes) -> None:
    """Sixteen bodies of which one byte came once took every thread, and good instances would have been replaced."""
    with ExitStack() as held:
        for _ in range(4 * THREADS):
            held.enter_context(service.dial()).sendall(half)
        for _ in range(8):
            assert seconds_for_health(service) < 1
        assert service.post(payment(), f"beside {half[-1:].hex()}".replace(" ", "-")).status in (200, 201)


def test_connections_without_a_handshake_hold_up_nothing(impatient: Service, ledger: Ledger) -> None:
    with ExitStack() as held:
        plain = [
            held.enter_context(socket.create_connection(("127.0.0.1", impatient.port))) for _ in range(4 * THREADS)
        ]
        for connection in plain[::2]:
            connection.sendall(b"\x16\x03\x01")
        assert seconds_for_health(impatient) < 1
        plain[1].settimeout(REQUEST_S + 5)
        assert plain[1].recv(1) == b"", "closed when its time is over"


@pytest.mark.parametrize("half", [HALF_BODY, HALF_HEAD], ids=["body", "headers"])
def test_a_request_that_does_not_come_is_answered_with_408(impatient: Service, ledger: Ledger, half: bytes) -> None:
    with impatient.dial() as connection:
        connection.sendall(half)
        begun = time.monotonic()
        status, headers, body = answer_of(connection)
        assert REQUEST_S - 0.5 < time.monotonic() - begun < REQUEST_S + 3
        assert connection.recv(1) == b"", "and the connection closed"
    assert status == 408
    assert json.loads(body)["error"]["code"] == "request_timeout"
    assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
    assert headers["cache-control"] == "no-store"
    lines = [line for line in impatient.log_lines() if line.get("request_id") == headers["x-request-id"]]
    assert [line["status"] for line in lines] == [408]
    assert ledger.counts() == (0, 0, 0)


def test_a_trickle_does_not_extend_the_time(impatient: Service, ledger: Ledger) -> None:
    """A byte each quarter of a second never lets a timeout for a single read pass."""
    with impatient.dial() as connection:
        over = threading.Event()

        def trickle() -> None:
            try:
                for byte in full("trickled"):
                    connection.sendall(bytes([byte]))
                    if over.wait(0.25):
                        return
            except OSError:
                pass

        sender = threading.Thread(target=trickle)
        begun = time.monotonic()
        sender.start()
        status, _, _ = answer_of(connection)
        over.set()
        sender.join()
    assert status == 408
    assert time.monotonic() - begun < REQUEST_S + 3


def test_a_request_in_pieces_is_taken(service: Service, ledger: Ledger) -> None:
    whole = full("pieces")
    with service.dial() as connection:
        for start in range(0, len(whole), 7):
            connection.sendall(whole[start : start + 7])
            time.sleep(0.01)
        assert answer_of(connection)[0] == 201
        connection.sendall(whole[:50])
        time.sleep(0.2)
        connection.sendall(whole[50:])
        status, headers, _ = answer_of(connection)
    assert (status, headers["idempotent-replayed"]) == (200, "true")


def test_requests_in_one_packet_are_answered_in_their_order(service: Service, ledger: Ledger) -> None:
    with service.dial() as connection:
        connection.sendall(full("first") + full("second") + full("first") + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [answer_of(connection)[0] for _ in range(4)] == [201, 201, 200, 200]
    assert ledger.counts() == (2, 2, 4)


def test_a_client_that_waits_for_leave_to_send_gets_it(service: Service, ledger: Ledger) -> None:
    whole = full("leave", b"Expect: 100-continue\r\n")
    head = whole[: -len(BODY)]
    with service.dial(timeout_seconds=5) as connection:
        connection.sendall(head)
        assert answer_of(connection)[0] == 100
        connection.sendall(BODY)
        assert answer_of(connection)[0] == 201


@pytest.mark.parametrize("length", [MAX_BODY + 1, 10**12])
def test_a_body_that_is_too_long_is_refused_before_it_comes(service: Service, ledger: Ledger, length: int) -> None:
    with service.dial() as connection:
        connection.sendall(HEAD + b"long\r\nContent-Length: %d\r\n\r\n{" % length)
        begun = time.monotonic()
        status, headers, body = answer_of(connection)
        assert (status, headers["connection"]) == (413, "close")
        assert json.loads(body)["error"]["code"] == "too_large"
        assert connection.recv(1) == b""
        assert time.monotonic() - begun < 1


def test_headers_without_end_are_refused(service: Service, ledger: Ledger) -> None:
    with service.dial() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (LARGEST_HEAD + 10))
        status, _, body = answer_of(connection)
    assert (status, json.loads(body)["error"]["code"]) == (431, "headers_too_large")


def test_a_client_that_leaves_in_the_middle_is_forgotten(service: Service, ledger: Ledger) -> None:
    for half in (HALF_BODY, HALF_HEAD, HALF_CHUNK):
        with service.dial() as connection:
            connection.sendall(half)
    assert seconds_for_health(service) < 1
    assert ledger.counts() == (0, 0, 0)
    assert [line for line in service.log_lines() if line["level"] == "ERROR"] == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # that they are old is the point
def test_only_tls_of_a_new_version_is_spoken(service: Service, ledger: Ledger) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain:
        plain.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer_of(plain)[0] == 0
    with service.dial() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() == "TLSv1.3"
    old = unverified_tls()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as made,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        old.wrap_socket(made)
    new = unverified_tls()
    new.maximum_version = ssl.TLSVersion.TLSv1_2
    new.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")  # the first of ELBSecurityPolicy-2016-08
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as made:
        assert new.wrap_socket(made).version() == "TLSv1.2"


def test_where_there_are_too_many_connections_the_oldest_that_stall_go(server: Ledger) -> None:
    server.reset()
    service = Service(
        server,
        "tests.web_src.support.slow_app:app",
        {"WEB_WORKERS": "1", "WEB_CONNECTIONS": "100", "WEB_REQUEST_SECONDS": "4"},
        tls=True,
    )
    service.start()
    try:
        with ExitStack() as held:
            stalled = []
            for _ in range(150):
                stalled.append(held.enter_context(service.dial()))
                stalled[-1].sendall(HALF_BODY)
            assert seconds_for_health(service) < 1
            stalled[0].settimeout(1)
            assert answer_of(stalled[0])[0] == 0, "gone before its time"
            assert answer_of(stalled[-1])[0] == 408
    finally:
        service.stop()


@pytest.mark.parametrize("half", [HALF_BODY, HALF_HEAD], ids=["body", "headers"])
def test_a_stop_does_not_wait_for_what_is_half_sent(server: Ledger, half: bytes) -> None:
    """One half-sent body made a stop take thirty seconds."""
    server.reset()
    service = Service(server, tls=True)
    service.start()
    with service.dial() as connection, service.dial() as idle:
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer_of(idle)[0] == 200
        connection.sendall(half)
        time.sleep(0.3)
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert answer_of(connection)[0] == 408, "to be repeated, with the same key"
        # Until the client closes it, or for LINGER_S; a round of gunicorn's loop takes a second at most.
        assert service.process.wait(20) == 0
        assert time.monotonic() - begun < STOP_WITHIN_S + LINGER_S + 3
    service.secrets.close()


def test_a_key_that_is_missing_stops_the_start(server: Ledger, capfd: pytest.CaptureFixture[str]) -> None:
    service = Service(server, variables={"TLS_DIRECTORY": "/nowhere"})
    with pytest.raises(RuntimeError):
        service.start()
    assert "TLS_DIRECTORY: /nowhere/certificate.pem is not a file" in capfd.readouterr().err
    assert service.process.wait(10) != 0
    service.secrets.close()


# --- Arrival ----------------------------------------------------------------------------------------------------------

CHUNKED = HEAD + b"k\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nall\r\n0\r\n\r\n"
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    full("k"),
    CHUNKED,
    CHUNKED[:-2] + b"Trailer: x\r\n\r\n",
    HEAD + b"k\r\ncontent-length:0\r\n\r\n",
)
REFUSED = (
    HEAD + b"k\r\nContent-Length: x\r\n\r\n",
    HEAD + b"k\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
)
PIECES = st.lists(st.integers(1, 40), max_size=200)


@given(st.sampled_from(REQUESTS), PIECES)
def test_a_request_is_whole_with_its_last_byte_and_not_before(request_: bytes, sizes: list[int]) -> None:
    arrival, at = Arrival(), 0
    for size in [*sizes, len(request_)]:
        piece = request_[at : at + size]
        arrival.add(piece)
        at += len(piece)
        assert arrival.whole == (at == len(request_))
        assert arrival.fault is None
    assert bytes(arrival.bytes) == request_


@given(st.sampled_from(REFUSED), PIECES)
def test_a_request_without_a_proper_length_is_refused_with_its_last_byte_and_not_before(
    request_: bytes, sizes: list[int]
) -> None:
    """They once counted as whole, for the parser to say what is wrong with them."""
    arrival, at = Arrival(), 0
    for size in [*sizes, len(request_)]:
        piece = request_[at : at + size]
        arrival.add(piece)
        at += len(piece)
        assert (arrival.fault is not None) == (at == len(request_))
        assert not arrival.whole
    assert arrival.fault is not None
    assert arrival.fault.status == 400


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"0\r\n", b"ffffffff\r\n", b"-5\r\n"])))
def test_whatever_comes_has_an_end(pieces: list[bytes]) -> None:
    arrival = Arrival(HEAD + b"k\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in pieces:
        arrival.add(piece)
    arrival.add(b"x" * (LARGEST + 1))
    assert arrival.is_enough


def test_small_pieces_take_no_more_time_than_there_are_bytes() -> None:
    """Chunks of one byte, in packets of one byte, would cost minutes where each looks at all before it again."""
    arrival, body = Arrival(HEAD + b"k\r\nTransfer-Encoding: chunked\r\n\r\n"), b"1\r\na\r\n" * MAX_BODY
    begun = time.process_time()
    for byte in body[:60_000]:
        arrival.add(bytes([byte]))
    assert time.process_time() - begun < 2
    assert not arrival.is_enough
