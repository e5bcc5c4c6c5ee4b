"""Requests as bytes, for tests that write to a socket or to ``Arrival`` themselves."""

from __future__ import annotations

import json
import socket

from tests.web_src.support.bodies import payment

BODY = json.dumps(payment()).encode()
GET_HEALTH = b"GET /health HTTP/1.1\r\nHost: a\r\n"  # the empty line is missing
GET_AND_CLOSE = b"GET /transactions/none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST /transactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: "  # the key is missing
CHUNKED = POST + b"k\r\nTransfer-Encoding: chunked\r\n\r\n"


def post(key: str, more_headers: bytes = b"", length: bytes = b"%d" % len(BODY)) -> bytes:
    """Return a whole payment with a key, further header lines and a length in digits."""
    return POST + key.encode() + b"\r\n" + more_headers + b"Content-Length: " + length + b"\r\n\r\n" + BODY


def with_length(value: bytes) -> bytes:
    """Return the head of a request with a Content-Length."""
    return GET_HEALTH + b"Content-Length: " + value + b"\r\n\r\n"


def with_coding(value: bytes, more_headers: bytes = b"") -> bytes:
    """Return the head of a request with a Transfer-Encoding."""
    return GET_HEALTH + b"Transfer-Encoding: " + value + b"\r\n" + more_headers + b"\r\n"


def in_chunks(body: bytes) -> bytes:
    """Return a request with a body whose chunks are written out."""
    return with_coding(b"chunked") + body


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read the next answer and return status, headers (lower-case names) and body.

    The status is 0 if the service sends no whole answer; the body then has what arrived.
    """
    text = b""
    try:
        while b"\r\n\r\n" not in text:
            byte = connection.recv(1)
            if not byte:
                return 0, {}, text
            text += byte
        status_line, *lines = text.decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = b""
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(4096)
    except OSError:
        return 0, {}, text
    return int(status_line.split()[1]), headers, body
