"""gunicorn's parser reads each request a second time: the application sees it only if both readers find the same end."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payments.framing import Arrival
from tests.web_src.support.framing_cases import LENGTH, SMUGGLED
from tests.web_src.support.gunicorn_parser import WrongArrival, handle_in_worker, read_with_gunicorn
from tests.web_src.support.raw_requests import BODY, GET_AND_CLOSE, in_chunks, with_length
from tests.web_src.support.request_parts import BODY_PIECES, HEAD_LINES

pytestmark = pytest.mark.requirement("X-WEB-1")

WRONG_ARRIVALS = {
    "no body, by Arrival": WrongArrival(with_length(LENGTH)),
    "body one byte short, by Arrival": WrongArrival(with_length(LENGTH.zfill(19)) + SMUGGLED[:-1]),
    "payment one byte short": WrongArrival(SMUGGLED, missing_bytes=1),
    "head one byte short": WrongArrival(SMUGGLED, missing_bytes=len(BODY) + 1),
    "one byte too many": WrongArrival(SMUGGLED + b"{"),
    "a payment too many": WrongArrival(SMUGGLED + SMUGGLED),
    "a payment as the body, by Arrival": WrongArrival(with_length(b"0") + SMUGGLED),
    "no last chunk": WrongArrival(in_chunks(b"2\r\n{}\r\n")),
    "no end of the trailers": WrongArrival(in_chunks(b"2\r\n{}\r\n0\r\n")),
    "a payment behind the last chunk": WrongArrival(in_chunks(b"2\r\n{}\r\n0\r\n\r\n") + SMUGGLED),
    "a bad chunk": WrongArrival(in_chunks(b"+2\r\n{}\r\n0\r\n\r\n")),
    "a bad trailer": WrongArrival(in_chunks(b"0\r\nContent-Length: 5\r\n\r\n")),
}


@pytest.mark.parametrize("request_", [SMUGGLED, in_chunks(b"2\r\n{}\r\n0\r\n\r\n")], ids=["length", "chunks"])
def test_request_with_the_same_end_for_both_readers_reaches_the_application(request_: bytes) -> None:
    keep_alive, bodies, answer = handle_in_worker(Arrival(request_ + GET_AND_CLOSE))
    assert (keep_alive, len(bodies), answer[:12]) == (True, 1, b"HTTP/1.1 200")


@pytest.mark.parametrize("arrival", WRONG_ARRIVALS.values(), ids=WRONG_ARRIVALS)
def test_request_with_another_end_for_the_parser_reaches_no_application_and_ends_the_connection(
    arrival: Arrival,
) -> None:
    """This does not depend on ``Arrival``: here it is wrong, as it once was with a length of 19 digits."""
    assert handle_in_worker(arrival) == (False, [], b"")
    assert arrival.error is not None, "the event loop sends it before it closes the connection"
    assert (arrival.error.status, arrival.error.code) == (400, "malformed_request")


@given(
    st.sampled_from([b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.0\r\n", b"\r\nPOST / HTTP/1.1\r\n", b"GET /\r\n"]),
    st.lists(HEAD_LINES, max_size=4),
    st.lists(BODY_PIECES | st.binary(max_size=4), max_size=6),
)
@example(b"GET / HTTP/1.1\r\n", [b"Content-Length: 007\r\n"], [b"a" * 10])
def test_parser_never_finds_another_end(first: bytes, lines: list[bytes], pieces: list[bytes]) -> None:
    """The parser reads what ``Arrival`` accepts as a request to its last byte and not further, or rejects it."""
    arrival = Arrival(first + b"".join(lines) + b"\r\n" + b"".join(pieces))
    if arrival.is_whole:
        result = read_with_gunicorn(arrival.request)
        assert result is None or result[1:] == (b"", False)
