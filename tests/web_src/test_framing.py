"""``Arrival`` without a server: it finds the end of a request, whatever the pieces, or rejects it before more arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.framing import MAX_HEAD_BYTES, MAX_REQUEST_BYTES, Arrival
from payments.model import MAX_BODY_BYTES
from payments.refusal import malformed
from tests.support.growth import cpu_ratio
from tests.web_src.support.framing_cases import BODIES, LOOK_ALIKES, REJECTED, SMUGGLED
from tests.web_src.support.raw_requests import CHUNKED, GET_HEALTH, POST, in_chunks, post
from tests.web_src.support.request_parts import BODY_PIECES, HEAD_LINES, PIECE_SIZES

pytestmark = pytest.mark.requirement("X-WEB-1")

WHOLE = {
    **{name: first + SMUGGLED + end for name, (first, end) in BODIES.items()},
    **LOOK_ALIKES,
    "payment": SMUGGLED,
}
TWO_CHUNKS = CHUNKED + b"5\r\nhello\r\n3;a=b\r\nall\r\n0\r\n\r\n"
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    post("k"),
    TWO_CHUNKS,
    TWO_CHUNKS[:-2] + b"Trailer: x\r\n\r\n",
    POST + b"k\r\ncontent-length:0\r\n\r\n",
)
WITHOUT_LENGTH = (
    POST + b"k\r\nContent-Length: x\r\n\r\n",
    CHUNKED + b"no size\r\n",
)
EXPENSIVE = {
    "spaces in a value that is searched for": GET_HEALTH + b"X-Amzn-Trace-Id: a" + b" " * 65_000 + b"b\r\n",
    "spaces in a length": GET_HEALTH + b"Content-Length: 5" + b" " * 65_000 + b"5\r\n\r\n",
    "many headers": GET_HEALTH + b"a:\r\n" * 16_000 + b"\r\n",
    "many lengths": GET_HEALTH + b"content-length:\r\n" * 3_800 + b"\r\n",
    "a long name": GET_HEALTH + b"a" * 65_000,
    "many extensions": in_chunks((b"1;" + b"a;" * 500 + b'a=" \r\n') * 60),
    "a long trailer": in_chunks(b"0\r\n" + b"X: " + b" " * 65_000),
    "many CR": b"\r" * 65_000,
    "no head": b"\r\n" + b"a" * MAX_REQUEST_BYTES,
}
ORDINARY = GET_HEALTH + b"".join(b"Header-%d: value\r\n" % number for number in range(3_000)) + b"\r\n"


def verdict(arrival: Arrival) -> tuple[object, ...]:
    if arrival.error is not None:
        return (arrival.error.status, arrival.error.message)
    return (arrival.is_whole, arrival.request) if arrival.is_whole else (False,)


@pytest.mark.parametrize("name", REJECTED)
def test_ambiguous_request_is_rejected_before_more_arrives_and_before_a_thread_gets_it(name: str) -> None:
    arrival = Arrival(REJECTED[name])
    assert arrival.error is not None
    assert (arrival.error.status, arrival.is_whole) == (400, False)


@given(st.sampled_from([*REJECTED.values(), *WHOLE.values()]), st.lists(st.integers(1, 60), max_size=100))
def test_verdict_does_not_depend_on_the_pieces(request_: bytes, sizes: list[int]) -> None:
    arrival, start = Arrival(), 0
    for size in [*sizes, len(request_)]:
        arrival.add(request_[start : start + size])
        start += size
        if arrival.is_decided:
            break
    in_one_piece = Arrival(request_)
    assert in_one_piece.is_decided
    assert (arrival.is_whole, arrival.error is None) == (in_one_piece.is_whole, in_one_piece.error is None)
    if arrival.is_whole:
        assert verdict(arrival) == verdict(in_one_piece)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_request_ends_before_the_bytes_behind_it(name: str) -> None:
    arrival = Arrival(WHOLE[name] + b"\r\nwhatever follows")
    assert (arrival.request, arrival.remainder) == (WHOLE[name], b"\r\nwhatever follows")
    assert not any(Arrival(WHOLE[name][:size]).is_decided for size in range(len(WHOLE[name])))


@given(st.lists(st.binary(max_size=30) | HEAD_LINES | BODY_PIECES), st.integers(0, 100))
def test_only_a_request_that_breaks_off_is_rejected_at_the_end_of_the_connection(
    pieces: list[bytes], size: int
) -> None:
    arrival = Arrival(b"".join(pieces)[:size])
    before = verdict(arrival)
    arrival.break_off()
    if before == (False,) and arrival.bytes:
        assert verdict(arrival) == (400, malformed("The connection ended before the request did.").message)
    else:
        assert verdict(arrival) == before


@pytest.mark.parametrize("extra", [0, 1])
def test_head_is_limited_with_and_without_its_end(extra: int) -> None:
    head = GET_HEALTH + b"X: " + b"a" * (MAX_HEAD_BYTES - len(GET_HEALTH) - 3 + extra) + b"\r\n\r\n"
    for arrival in (Arrival(head), Arrival(head[:-4])):
        if extra:
            assert arrival.error is not None
            assert (arrival.error.status, arrival.error.code) == (431, "headers_too_large")
        else:
            assert arrival.error is None


def _all_questions(data: bytes) -> None:
    """Everything that the event loop asks about a request."""
    arrival = Arrival(data)
    assert arrival.request_id()
    arrival.expects_continue()


@pytest.mark.parametrize("data", EXPENSIVE.values(), ids=EXPENSIVE)
def test_no_request_costs_the_event_loop_much_time(data: bytes) -> None:
    """Incident: 65,000 spaces in a header that a rejection searches for took seconds, in which no client had an answer."""
    assert cpu_ratio(lambda: _all_questions(data), lambda: _all_questions(ORDINARY)) < 100


@given(st.sampled_from(REQUESTS), PIECE_SIZES)
def test_request_is_whole_with_its_last_byte_and_not_before(request_: bytes, sizes: list[int]) -> None:
    arrival, start = Arrival(), 0
    for size in [*sizes, len(request_)]:
        piece = request_[start : start + size]
        arrival.add(piece)
        start += len(piece)
        assert arrival.is_whole == (start == len(request_))
        assert arrival.error is None
    assert bytes(arrival.bytes) == request_


@given(st.sampled_from(WITHOUT_LENGTH), PIECE_SIZES)
def test_request_without_a_valid_length_is_rejected_with_its_last_byte_and_not_before(
    request_: bytes, sizes: list[int]
) -> None:
    """These once counted as whole, and the parser had to find the error in them."""
    arrival, start = Arrival(), 0
    for size in [*sizes, len(request_)]:
        piece = request_[start : start + size]
        arrival.add(piece)
        start += len(piece)
        assert (arrival.error is not None) == (start == len(request_))
        assert not arrival.is_whole
    assert arrival.error is not None
    assert arrival.error.status == 400


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"0\r\n", b"ffffffff\r\n", b"-5\r\n"])))
def test_every_input_is_decided_at_the_limit(pieces: list[bytes]) -> None:
    arrival = Arrival(CHUNKED)
    for piece in pieces:
        arrival.add(piece)
    arrival.add(b"x" * (MAX_REQUEST_BYTES + 1))
    assert arrival.is_decided


def test_time_grows_with_the_bytes_and_not_with_the_pieces() -> None:
    """Chunks of one byte, in packets of one byte, would take minutes if each packet meant a look at all bytes before it."""
    body = b"1\r\na\r\n" * MAX_BODY_BYTES

    def byte_by_byte(size: int) -> None:
        arrival = Arrival(CHUNKED)
        for byte in body[:size]:
            arrival.add(bytes([byte]))
        assert not arrival.is_decided

    ratio = cpu_ratio(lambda: byte_by_byte(60_000), lambda: byte_by_byte(15_000))
    assert ratio < 8, (
        "four times the bytes: 4 times as long if each is read once, 16 times if all before it are read again"
    )
