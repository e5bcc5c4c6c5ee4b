"""Hypothesis strategies for parts of requests, valid and invalid."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.web_src.support.framing_cases import SMUGGLED

HEAD_LINES = st.sampled_from(
    [
        b"Content-Length: 5\r\n",
        b"Content-Length: 007\r\n",
        b"content-length:0\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"transfer-encoding:\tCHUNKED \r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"X: a\r\n",
        b"X_Y: a\r\n",
        b"X: \xff\r\n",
        b" b\r\n",
        b"X : a\r\n",
        b"Content-Length\x0b: 5\r\n",
        b"X: a\n",
        b"X: a\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\0",
        b"Connection: close\r\n",
        b"Trailer: x\r\n",
    ]
)
BODY_PIECES = st.sampled_from(
    [
        b"5\r\nhello\r\n",
        b"5;a=b\r\nhello\r\n",
        b"5 ;a\r\nhello\r\n",
        b"0\r\n",
        b"00\r\n\r\n",
        b"0\r\nX: a\r\n\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"5\r\nhell\r\n",
        b"5\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"a" * 10,
        b"0\r\nX\r\n\r\n",
        b"2\r\n\r\n\r\n",
        b";",
        b"5;a\rb\r\nhello\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"0\r\nHost: a\r\n\r\n",
        SMUGGLED,
    ]
)
PIECE_SIZES = st.lists(st.integers(1, 40), max_size=200)
