"""Where a request ends: what two readers could cut differently is refused, and nothing that follows it is a request."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException
from hypothesis import example, given
from hypothesis import strategies as st

from payments.framing import LARGEST, LARGEST_HEAD, LONGEST_CHUNK_LINE, Arrival, malformed
from payments.model import MAX_BODY
from payments.worker import Connection, Worker
from tests.web_src.support.bodies import payment
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.service import Service

pytestmark = pytest.mark.requirement("X-WEB-1")

BODY = json.dumps(payment()).encode()
POST = b"POST /transactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: "
SMUGGLED = POST + b"smuggled\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
N = str(len(SMUGGLED)).encode()
GET = b"GET /health HTTP/1.1\r\nHost: a\r\n"
LAST = b"GET /transactions/none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PAUSE = 0.06  # seconds between two packets: the first is read and judged long before the second comes


def with_length(value: bytes) -> bytes:
    return GET + b"Content-Length: " + value + b"\r\n\r\n"


def with_coding(value: bytes, more: bytes = b"") -> bytes:
    return GET + b"Transfer-Encoding: " + value + b"\r\n" + more + b"\r\n"


def in_chunks(body: bytes) -> bytes:
    return with_coding(b"chunked") + body


# What comes first; a complete payment comes behind it. A reader that took the length would have that as the body.
LENGTHS = {
    "signed": b"+" + N,
    "negative": b"-" + N,
    "blank inside": N[:1] + b" " + N[1:],
    "list of equals": N + b", " + N,
    "list": b"0," + N,
    "hexadecimal": b"0x%x" % len(SMUGGLED),
    "empty": b"",
    "blanks alone": b" \t ",
    "arabic digits": "١٢٣".encode(),
    "superscript": b"\xb2",
    "fraction": N + b".0",
    "exponent": b"1e2",
    "underscore": b"1_0",
    "quoted": b'"' + N + b'"',
    "NUL behind": N + b"\0",
    "vertical tab behind": N + b"\x0b",
    "form feed before": b"\x0c" + N,
    "no-break space behind": N + b"\xa0",
}
CODINGS = {
    "identity": b"identity",
    "gzip first": b"gzip, chunked",
    "twice in one": b"chunked, chunked",
    "identity behind": b"chunked, identity",
    "empty": b"",
    "unknown": b"xchunked",
    "with a parameter": b"chunked;q=1",
    "vertical tab behind": b"chunked\x0b",
    "vertical tab before": b"\x0bchunked",
    "comma behind": b"chunked,",
    "quoted": b'"chunked"',
}
HEADS = {
    "two equal lengths": GET + (b"Content-Length: " + N + b"\r\n") * 2 + b"\r\n",
    "two lengths": GET + b"Content-Length: 0\r\ncontent-length: " + N + b"\r\n\r\n",
    "two lengths, the longer first": GET + b"Content-Length: " + N + b"\r\nX: a\r\nCONTENT-LENGTH: 0\r\n\r\n",
    "length and coding": GET + b"Content-Length: " + N + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": with_coding(b"chunked", b"Content-Length: " + N + b"\r\n") + b"0\r\n\r\n",
    "coding that is none and length": with_coding(b"identity", b"Content-Length: " + N + b"\r\n"),
    "coding twice": with_coding(b"chunked", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    "coding and another": with_coding(b"chunked", b"transfer-encoding: identity\r\n") + b"0\r\n\r\n",
    "coding in HTTP/1.0": with_coding(b"chunked").replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
    "blank before the colon": GET + b"Content-Length : " + N + b"\r\n\r\n",
    "tab before the colon": GET + b"Content-Length\t: " + N + b"\r\n\r\n",
    "coding with a blank before the colon": GET + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded header": GET + b"X: a\r\n Content-Length: " + N + b"\r\n\r\n",
    "header folded with a tab": GET + b"X: a\r\n\tContent-Length: " + N + b"\r\n\r\n",
    "folded length": GET + b"Content-Length:\r\n " + N + b"\r\n\r\n",
    "blank before the first header": b"GET /health HTTP/1.1\r\n Content-Length: " + N + b"\r\nHost: a\r\n\r\n",
    "line of blanks": GET + b" \r\nContent-Length: " + N + b"\r\n\r\n",
    "LF behind a header": GET + b"X: a\nContent-Length: " + N + b"\r\n\r\n",
    "LF behind the request line": b"GET /health HTTP/1.1\nContent-Length: " + N + b"\r\n\r\n",
    "LF alone": b"GET /health HTTP/1.1\nHost: a\nContent-Length: " + N + b"\n\n",
    "LF at the end": GET + b"Content-Length: " + N + b"\n\r\n\r\n",
    "CR behind a header": GET + b"X: a\rContent-Length: " + N + b"\r\n\r\n",
    "two CR": GET + b"Content-Length: " + N + b"\r\r\n\r\n",
    "NUL in a value": GET + b"X: a\0\r\nContent-Length: " + N + b"\r\n\r\n",
    "NUL in a name": GET + b"Content-Length\0: " + N + b"\r\n\r\n",
    "vertical tab in a name": GET + b"Content-Length\x0b: " + N + b"\r\n\r\n",
    "blank in a name": GET + b"Content Length: " + N + b"\r\n\r\n",
    "no-break space in a name": GET + b"Transfer-Encoding\xa0: chunked\r\n\r\n0\r\n\r\n",
    "soft hyphen in a name": GET + b"Content\xadLength: " + N + b"\r\n\r\n",
    "no name": GET + b": a\r\nContent-Length: " + N + b"\r\n\r\n",
    "no colon": GET + b"Content-Length " + N + b"\r\n\r\n",
    "two blanks in the request line": b"GET  /health HTTP/1.1\r\nContent-Length: " + N + b"\r\n\r\n",
    "tab in the request line": b"GET\t/health HTTP/1.1\r\nContent-Length: " + N + b"\r\n\r\n",
    "blank behind the request line": b"GET /health HTTP/1.1 \r\nContent-Length: " + N + b"\r\n\r\n",
    "blank before the request line": b" GET /health HTTP/1.1\r\nContent-Length: " + N + b"\r\n\r\n",
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/2.0": b"GET /health HTTP/2.0\r\nContent-Length: " + N + b"\r\n\r\n",
    "two empty lines before it": b"\r\n\r\n" + with_length(N),
}
CHUNKS = {
    "signed": b"+2\r\n{}\r\n0\r\n\r\n",
    "negative": b"-1\r\n{}\r\n0\r\n\r\n",
    "hexadecimal with a prefix": b"0x2\r\n{}\r\n0\r\n\r\n",
    "underscore": b"0_2\r\n{}\r\n0\r\n\r\n",
    "no size": b"zz\r\n{}\r\n0\r\n\r\n",
    "empty size": b"\r\n{}\r\n0\r\n\r\n",
    "empty size with an extension": b";a=b\r\n{}\r\n0\r\n\r\n",
    "nine digits": b"000000002\r\n{}\r\n0\r\n\r\n",
    "larger than 64 bits": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "last of nine digits": b"000000000\r\n\r\n",
    "blank before": b" 2\r\n{}\r\n0\r\n\r\n",
    "blank behind": b"2 \r\n{}\r\n0\r\n\r\n",
    "fullwidth digit": "２\r\n{}\r\n0\r\n\r\n".encode(),
    "LF behind the size": b"2\n{}\r\n0\r\n\r\n",
    "LF alone": b"2\n{}\n0\n\n",
    "CR behind the size": b"2\r{}\r\n0\r\n\r\n",
    "CR in an extension": b"2;a\rb\r\n{}\r\n0\r\n\r\n",
    "LF in an extension": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "NUL in an extension": b"2;a=\0\r\n{}\r\n0\r\n\r\n",
    "extension without a name": b"2;\r\n{}\r\n0\r\n\r\n",
    "extension without a value": b"2;a=\r\n{}\r\n0\r\n\r\n",
    "extension that is not closed": b'2;a="\r\n{}\r\n0\r\n\r\n',
    "long extension": b"2;" + b"a" * LONGEST_CHUNK_LINE + b"\r\n{}\r\n0\r\n\r\n",
    "longer than its size": b"2\r\n{}}\r\n0\r\n\r\n",
    "shorter than its size": b"3\r\n{}\r\n0\r\n\r\n",
    "no CRLF behind it": b"2\r\n{}0\r\n\r\n",
    "something else behind it": b"2\r\n{}xx0\r\n\r\n",
    "LF behind it": b"2\r\n{}\n0\r\n\r\n",
    "LF behind the last": b"2\r\n{}\r\n0\n\r\n\r\n",
    "LF at the end": b"0\r\n\n",
    "trailer with a blank before the colon": b"0\r\nX : a\r\n\r\n",
    "folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "trailer without a colon": b"0\r\nX\r\n\r\n",
    "trailer with a LF": b"0\r\nX: a\nY: b\r\n\r\n",
    "length in a trailer": b"0\r\nContent-Length: " + N + b"\r\n\r\n",
    "coding in a trailer": b"0\r\nX: a\r\nTransfer-Encoding: chunked\r\n\r\n",
}
REFUSED = {
    **{f"length: {name}": with_length(value) for name, value in LENGTHS.items()},
    **{f"coding: {name}": with_coding(value) + b"0\r\n\r\n" for name, value in CODINGS.items()},
    **{f"head: {name}": head for name, head in HEADS.items()},
    **{f"chunk: {name}": in_chunks(body) for name, body in CHUNKS.items()},
}
# Whose body the payment is, by the letter of RFC 9112; with what is sent behind it.
BODIES = {
    **{f"length of {digits} digits": (with_length(N.zfill(digits)), b"") for digits in (3, 18, 19, 20, 25, 400)},
    "blanks around the length": (with_length(b"\t " + N + b" \t"), b""),
    "length in small letters": (GET + b"content-length:" + N + b"\r\n\r\n", b""),
    "empty line before it": (b"\r\n" + with_length(N), b""),
    "chunk": (in_chunks(b"%x\r\n" % len(SMUGGLED)), b"\r\n0\r\n\r\n"),
    "chunk of eight digits": (in_chunks(b"%08X\r\n" % len(SMUGGLED)), b"\r\n00000000\r\n\r\n"),
    "chunk with extensions": (in_chunks(b'%x ; a = b;c="d;\\" e";f\r\n' % len(SMUGGLED)), b"\r\n0;a\r\n\r\n"),
    "chunk with trailers": (with_coding(b" Chunked ") + b"%x\r\n" % len(SMUGGLED), b"\r\n0\r\nX: a\r\nY:\r\n\r\n"),
    "second chunk": (in_chunks(b"1\r\n{\r\n%x\r\n" % len(SMUGGLED)), b"\r\n0\r\n\r\n"),
}
# What only looks like framing: a request without a body, so that the next bytes are the next request.
LOOK_ALIKES = {
    "no body": GET + b"\r\n",
    "length of zeros": with_length(b"0" * 25),
    "underscore": GET + b"Content_Length: " + N + b"\r\n\r\n",
    "longer name": GET + b"X-Content-Length: " + N + b"\r\nContent-Length-X: 5\r\n\r\n",
    "in a value": GET + b"X: a Content-Length: " + N + b"\r\n\r\n",
    "last chunk": in_chunks(b"0\r\n\r\n"),
}


@dataclass(frozen=True)
class Sent:
    """The answers on each connection, by how its bytes were sent, and what the database held afterwards."""

    answers: dict[tuple[str, str], bytes]
    counts: tuple[int, int, int]

    def statuses(self, name: str, how: str) -> list[int]:
        return [int(found) for found in re.findall(rb"^HTTP/1\.1 ([0-9]{3}) ", self.answers[name, how], re.MULTILINE)]


WAYS = ("two packets", "one packet")


def send(service: Service, packets: Iterable[bytes]) -> bytes:
    """Everything that is answered until the service ends the connection; a status of 999 where it does not."""
    with service.dial(timeout_seconds=3) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, packet in enumerate(packets):
            time.sleep(PAUSE if number else 0)
            connection.sendall(packet)
        found = b""
        with suppress(ConnectionResetError):
            try:
                while more := connection.recv(65536):
                    found += more
            except TimeoutError:
                found += b"\nHTTP/1.1 999 still open"
    return found


def send_all(service: Service, rows: dict[str, tuple[bytes, bytes]]) -> Sent:
    """Each row in each way, side by side."""

    def one(case: tuple[str, str]) -> bytes:
        first, second = rows[case[0]]
        return send(service, (first, second) if case[1] == WAYS[0] else (first + second,))

    service.ledger.empty()
    cases = [(name, how) for name in rows for how in WAYS]
    with ThreadPoolExecutor(24) as pool:
        answers = dict(zip(cases, pool.map(one, cases), strict=True))
    return Sent(answers, service.ledger.counts())


@pytest.fixture(scope="module")
def refused(running: Service) -> Sent:
    return send_all(running, {name: (first, SMUGGLED + LAST) for name, first in REFUSED.items()})


@pytest.fixture(scope="module")
def bodies(running: Service) -> Sent:
    return send_all(running, {name: (first, SMUGGLED + end + LAST) for name, (first, end) in BODIES.items()})


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_request_whose_end_is_in_doubt_is_refused_and_ends_the_connection(refused: Sent, name: str, how: str) -> None:
    """Incident: a length of 19 digits counted as none, and the payment in the body was made (two answers, 200 and 201)."""
    assert refused.statuses(name, how) == [400]
    head, _, body = refused.answers[name, how].partition(b"\r\n\r\n")
    assert json.loads(body)["error"]["code"] == "malformed_request"
    for line in (
        b"Connection: close",
        b"Content-Type: application/json",
        b"Cache-Control: no-store",
        b"X-Request-Id: ",
    ):
        assert line in head


def test_what_follows_a_refused_request_makes_no_payment(refused: Sent) -> None:
    assert refused.counts == (0, 0, 0)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", BODIES)
def test_a_payment_in_the_body_of_another_request_is_a_body(bodies: Sent, name: str, how: str) -> None:
    """Incident: see above; with 18 digits it was a body. The request behind it is answered: no byte of it was lost."""
    assert bodies.statuses(name, how) == [200, 404]


def test_a_payment_in_the_body_of_another_request_is_not_made(bodies: Sent) -> None:
    assert bodies.counts == (0, 0, 0)


def test_a_request_behind_one_without_a_body_is_a_request(running: Service, ledger: Ledger) -> None:
    """What is legal stays so; and were a payment smuggled above, it would be seen as it is here."""
    sent = send_all(running, {name: (first, SMUGGLED + LAST) for name, first in LOOK_ALIKES.items()})
    assert {case: sent.statuses(*case)[::2] for case in sent.answers} == {case: [200, 404] for case in sent.answers}
    assert sorted(sent.statuses(*case)[1] for case in sent.answers) == [200] * (len(sent.answers) - 1) + [201]
    assert sent.counts == (1, 1, 2)


@pytest.mark.parametrize("digits", [19, 20, 25])
def test_a_length_with_zeros_before_it_means_the_same_however_it_is_sent(
    running: Service, ledger: Ledger, digits: int
) -> None:
    """Incident: with 20 digits a payment was taken where its body came with its head, and invalid_json where it came later."""
    head = (
        POST + b"zeros\r\nConnection: close\r\nContent-Length: " + str(len(BODY)).zfill(digits).encode() + b"\r\n\r\n"
    )
    answers = [send(running, packets) for packets in ((head, BODY), (head + BODY,))]
    assert [answer.split()[1] for answer in answers] == [b"201", b"200"]


def test_a_payment_whose_body_breaks_off_is_not_made(running: Service, ledger: Ledger) -> None:
    """Incident: 900 bytes were announced, the connection ended after a payment's 100, and it was made."""
    with running.dial(timeout_seconds=5) as connection:
        connection.sendall(POST + b"broken\r\nContent-Length: 900\r\n\r\n" + BODY)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).split()[1] == b"400"
    assert ledger.counts() == (0, 0, 0)


@pytest.mark.parametrize("zeros", [0, 5000])
@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "1" + "0" * 18, "1" + "0" * 5000])
def test_a_length_of_any_size_is_too_large_by_its_value(running: Service, length: str, zeros: int) -> None:
    answer = send(running, [with_length(b"0" * zeros + length.encode())])
    assert answer.split()[1] == b"413"


def test_a_chunk_that_says_too_much_is_refused_before_it_comes(running: Service) -> None:
    for size in (b"ffffffff\r\n", b"%x\r\n" % (MAX_BODY + 1), b"1\r\n{\r\n%x\r\n" % MAX_BODY):
        assert send(running, [in_chunks(size)]).split()[1] == b"413"


def test_nothing_of_all_this_is_an_error_in_the_log(running: Service, refused: Sent, bodies: Sent) -> None:
    """Incident: a malformed chunk was a 500 and a line at ERROR, which is what alarms count."""
    lines = running.log_lines()
    assert [line for line in lines if line["level"] == "ERROR"] == []
    assert sum(line.get("status") == 400 for line in lines) >= len(refused.answers)


# --- gunicorn's parser cuts once more ---------------------------------------------------------------------------------


class OtherArrival(Arrival):
    """One that is wrong about where the request ends: it takes all that is there, but for ``short`` bytes."""

    def __init__(self, data: bytes, short: int = 0) -> None:
        super().__init__()
        self.bytes += data
        self.whole, self._end = True, len(data) - short


class Quiet(logging.Logger):
    """gunicorn's own logger would change the loggers of this process."""

    def access(self, *_: object) -> None:
        """Nothing, as in the service."""


def handled(arrival: Arrival) -> tuple[bool, list[bytes], bytes]:
    """Whether the connection goes on after a thread had the request, the bodies that the application got, and the answer."""
    bodies = []

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read())
        start("200 OK", [("Content-Length", "0")])
        return []

    ours, client = socket.socketpair()
    with ours, client:
        worker = Worker(0, os.getpid(), [], None, 30, CONFIG, Quiet(__name__))
        with closing(worker.tmp):
            worker.wsgi = application
            connection = Connection(CONFIG, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
            connection.arrival = arrival
            keep = worker.handle(connection)
        client.setblocking(False)
        try:
            return keep, bodies, client.recv(65536)
        except BlockingIOError:
            return keep, bodies, b""


CONFIG = Config()


@pytest.mark.parametrize("request_", [SMUGGLED, in_chunks(b"2\r\n{}\r\n0\r\n\r\n")], ids=["length", "chunks"])
def test_a_request_that_both_readers_cut_alike_reaches_the_application(request_: bytes) -> None:
    keep, bodies, answer = handled(Arrival(request_ + LAST))
    assert (keep, len(bodies), answer[:12]) == (True, 1, b"HTTP/1.1 200")


OTHERWISE = {
    "no body, by Arrival": OtherArrival(with_length(N)),
    "body one byte short, by Arrival": OtherArrival(with_length(N.zfill(19)) + SMUGGLED[:-1]),
    "payment one byte short": OtherArrival(SMUGGLED, short=1),
    "head one byte short": OtherArrival(SMUGGLED, short=len(BODY) + 1),
    "one byte too many": OtherArrival(SMUGGLED + b"{"),
    "a payment too many": OtherArrival(SMUGGLED + SMUGGLED),
    "a payment as the body, by Arrival": OtherArrival(with_length(b"0") + SMUGGLED),
    "no last chunk": OtherArrival(in_chunks(b"2\r\n{}\r\n")),
    "no end of the trailers": OtherArrival(in_chunks(b"2\r\n{}\r\n0\r\n")),
    "a payment behind the last chunk": OtherArrival(in_chunks(b"2\r\n{}\r\n0\r\n\r\n") + SMUGGLED),
    "a bad chunk": OtherArrival(in_chunks(b"+2\r\n{}\r\n0\r\n\r\n")),
    "a bad trailer": OtherArrival(in_chunks(b"0\r\nContent-Length: 5\r\n\r\n")),
}


@pytest.mark.parametrize("arrival", OTHERWISE.values(), ids=OTHERWISE)
def test_a_request_that_the_parser_cuts_otherwise_reaches_no_application_and_ends_the_connection(
    arrival: Arrival,
) -> None:
    """It does not depend on ``Arrival``: here it is wrong, as it was with a length of 19 digits."""
    assert handled(arrival) == (False, [], b"")
    assert arrival.fault is not None, "what the event loop then answers, before it closes"
    assert (arrival.fault.status, arrival.fault.code) == (400, "malformed_request")


# --- Arrival ----------------------------------------------------------------------------------------------------------

WHOLE = {
    **{name: first + SMUGGLED + end for name, (first, end) in BODIES.items()},
    **LOOK_ALIKES,
    "payment": SMUGGLED,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_in_doubt_is_refused_before_more_comes_and_before_a_thread_has_it(name: str) -> None:
    arrival = Arrival(REFUSED[name])
    assert arrival.fault is not None
    assert (arrival.fault.status, arrival.whole) == (400, False)


def verdict(arrival: Arrival) -> tuple[object, ...]:
    if arrival.fault is not None:
        return (arrival.fault.status, arrival.fault.message)
    return (arrival.whole, arrival.request) if arrival.whole else (False,)


@given(st.sampled_from([*REFUSED.values(), *WHOLE.values()]), st.lists(st.integers(1, 60), max_size=100))
def test_a_verdict_does_not_depend_on_the_pieces(request_: bytes, sizes: list[int]) -> None:
    arrival, at = Arrival(), 0
    for size in [*sizes, len(request_)]:
        arrival.add(request_[at : at + size])
        at += size
        if arrival.is_enough:
            break
    at_once = Arrival(request_)
    assert at_once.is_enough
    assert (arrival.whole, arrival.fault is None) == (at_once.whole, at_once.fault is None)
    if arrival.whole:
        assert verdict(arrival) == verdict(at_once)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_request_ends_before_what_follows_it(name: str) -> None:
    arrival = Arrival(WHOLE[name] + b"\r\nwhatever follows")
    assert (arrival.request, arrival.rest) == (WHOLE[name], b"\r\nwhatever follows")
    assert not any(Arrival(WHOLE[name][:size]).is_enough for size in range(len(WHOLE[name])))


def read_by_gunicorn(data: bytes) -> tuple[bytes, bytes, bool] | None:
    """The body, what is left over, and whether more was wanted; None where it is refused."""
    dry = []

    def source() -> Iterable[bytes]:
        yield data
        dry.append(True)

    parser: Any = get_parser(CONFIG, source(), ("127.0.0.1", 1))
    try:
        body = next(parser).body.read()
    except (ParseException, NoMoreData, StopIteration):
        return None
    return body, parser.unreader.take_buffered(), bool(dry)


_lines = st.sampled_from(
    [
        *(b"Content-Length: 5\r\n", b"Content-Length: 007\r\n", b"content-length:0\r\n", b"Content-Length: 5, 5\r\n"),
        *(b"Transfer-Encoding: chunked\r\n", b"transfer-encoding:\tCHUNKED \r\n", b"Transfer-Encoding: gzip\r\n"),
        *(b"X: a\r\n", b"X_Y: a\r\n", b"X: \xff\r\n", b" b\r\n", b"X : a\r\n", b"Content-Length\x0b: 5\r\n"),
        *(b"X: a\n", b"X: a\r", b"\r\n", b"\r\n\r\n", b"\0", b"Connection: close\r\n", b"Trailer: x\r\n"),
    ]
)
_pieces = st.sampled_from(
    [
        *(
            b"5\r\nhello\r\n",
            b"5;a=b\r\nhello\r\n",
            b"5 ;a\r\nhello\r\n",
            b"0\r\n",
            b"00\r\n\r\n",
            b"0\r\nX: a\r\n\r\n",
        ),
        *(b"\r\n", b"\n", b"\r", b"5\r\nhell\r\n", b"5\nhello\r\n", b"+5\r\nhello\r\n", b"a" * 10, b"0\r\nX\r\n\r\n"),
        *(b"2\r\n\r\n\r\n", b";", b"5;a\rb\r\nhello\r\n", b"GET / HTTP/1.1\r\n\r\n", b"0\r\nHost: a\r\n\r\n", SMUGGLED),
    ]
)


@given(
    st.sampled_from([b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.0\r\n", b"\r\nPOST / HTTP/1.1\r\n", b"GET /\r\n"]),
    st.lists(_lines, max_size=4),
    st.lists(_pieces | st.binary(max_size=4), max_size=6),
)
@example(b"GET / HTTP/1.1\r\n", [b"Content-Length: 007\r\n"], [b"a" * 10])
def test_gunicorns_parser_never_finds_another_end(first: bytes, lines: list[bytes], pieces: list[bytes]) -> None:
    """What ``Arrival`` takes as a request, the parser takes to its last byte and not further, or refuses."""
    arrival = Arrival(first + b"".join(lines) + b"\r\n" + b"".join(pieces))
    if arrival.whole:
        read = read_by_gunicorn(arrival.request)
        assert read is None or read[1:] == (b"", False)


@given(st.lists(st.binary(max_size=30) | _lines | _pieces), st.integers(0, 100))
def test_a_broken_off_request_is_refused_and_nothing_else_is(pieces: list[bytes], size: int) -> None:
    arrival = Arrival(b"".join(pieces)[:size])
    before = verdict(arrival)
    arrival.break_off()
    if before == (False,) and arrival.bytes:
        assert verdict(arrival) == (400, malformed("The connection ended before the request did.").message)
    else:
        assert verdict(arrival) == before


@pytest.mark.parametrize("extra", [0, 1])
def test_a_head_may_have_so_many_bytes_and_no_more_however_it_comes(extra: int) -> None:
    head = GET + b"X: " + b"a" * (LARGEST_HEAD - len(GET) - 3 + extra) + b"\r\n\r\n"
    for arrival in (Arrival(head), Arrival(head[:-4])):
        if extra:
            assert arrival.fault is not None
            assert (arrival.fault.status, arrival.fault.code) == (431, "headers_too_large")
        else:
            assert arrival.fault is None


COSTLY = {
    "blanks in a value that is looked for": GET + b"X-Amzn-Trace-Id: a" + b" " * 65_000 + b"b\r\n",
    "blanks in a length": GET + b"Content-Length: 5" + b" " * 65_000 + b"5\r\n\r\n",
    "many headers": GET + b"a:\r\n" * 16_000 + b"\r\n",
    "many lengths": GET + b"content-length:\r\n" * 3_800 + b"\r\n",
    "a long name": GET + b"a" * 65_000,
    "many extensions": in_chunks((b"1;" + b"a;" * 500 + b'a=" \r\n') * 60),
    "a long trailer": in_chunks(b"0\r\n" + b"X: " + b" " * 65_000),
    "many CR": b"\r" * 65_000,
    "no head": b"\r\n" + b"a" * LARGEST,
}


@pytest.mark.parametrize("data", COSTLY.values(), ids=COSTLY)
def test_no_request_costs_the_event_loop_much_time(data: bytes) -> None:
    """Incident: 65,000 blanks in a header that a refusal looks for took seconds, in which nobody had an answer."""
    begun = time.process_time()
    arrival = Arrival(data)
    assert arrival.request_id()
    arrival.expects_continue()
    assert time.process_time() - begun < 0.5
