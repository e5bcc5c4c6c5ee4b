"""Where a request ends, read so strictly that no reader before or behind this one can find another end.

Two readers that cut one stream of bytes differently let a request be smuggled in the body of another (RFC 9112, 11.2).
RFC 9112 allows a recipient to repair much of what this module rejects. A recipient that repairs guesses what the other
reader did. Rejected are

- a line of the head that does not end with CRLF or that begins with whitespace (2.2, 5.2), and NUL anywhere in the head;
- a request line that is not three words (3), and a field line that is not a token, a colon and text (5.1; RFC 9110, 5.5,
  5.6.2);
- a Content-Length with anything but digits, or a second one, even with the same value (6.3; RFC 9110, 8.6);
- a Transfer-Encoding other than ``chunked``, a second one, one beside a Content-Length, or one in HTTP/1.0 (6.1, 6.3);
- a chunk whose size is not 1 to 8 hexadecimal digits, whose extension breaks the grammar, or that does not end with CRLF
  (7.1, 7.1.1), and a trailer that is not a field line or that is about framing (7.1.2; RFC 9110, 6.5.1);
- a request that the client breaks off (8).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from . import logs
from .errors import RequestError
from .model import MAX_BODY_BYTES
from .refusal import body_too_large, headers_too_large, malformed

MAX_HEAD_BYTES = 64 * 1024  # a load balancer passes no more
MAX_REQUEST_BYTES = 2 * MAX_HEAD_BYTES  # chunks may need many more bytes than the body in them
MAX_CHUNK_LINE_BYTES = 1024

# No expression backtracks: a hostile head costs the event loop one look at each byte. Groups use (?>…), because possessive
# groups are broken in Python before 3.11.5 (CPython issue 106052). Single characters use ++ and *+.
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?>(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)"'
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~]++ HTTP/1\.([0-9])")
_FIELDS = re.compile(rb"(?>(?:" + _TOKEN + rb":[\t -~\x80-\xff]*+\r\n)*)")
_CHUNK = re.compile(
    rb"([0-9A-Fa-f]{1,8})(?>(?:[ \t]*+;[ \t]*+%b(?>(?:[ \t]*+=[ \t]*+(?:%b|%b))?))*)" % (_TOKEN, _TOKEN, _QUOTED)
)
_BARE_CONTROL = re.compile(rb"\r[^\n]|(?<!\r)\n|\0")  # not allowed in any line of a head or between chunks
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):([^\r]*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_TRACE = re.compile(rb"\r\nx-amzn-trace-id:([^\r]*)", re.IGNORECASE)


def body_length(head: bytes) -> int | None:
    """The length of the body in bytes, by the lines of a head; None for a chunked body.

    Raises:
        RequestError: 400 for a head that makes the end of the request ambiguous.
    """
    first, _, fields = head.partition(b"\r\n")
    request_line = _REQUEST_LINE.fullmatch(first)
    if request_line is None:
        raise malformed("The request line must be a method, a target and HTTP/1.1, with one space between them.")
    if not _FIELDS.fullmatch(fields):
        raise malformed(
            "Each header must be one line: a name, a colon right behind it, a value without control characters."
        )
    headers = [(name.lower(), value.strip(b" \t")) for name, value in _FRAMING.findall(head)]
    if len(headers) > 1:
        raise malformed("Send one Content-Length or one Transfer-Encoding, and not both.")
    for name, value in headers:
        if name == b"content-length":
            return _content_length(value)
        if value.lower() != b"chunked" or request_line[1] == b"0":
            raise malformed("Transfer-Encoding must be chunked, in HTTP/1.1.")
        return None
    return 0


def _content_length(digits: bytes) -> int:
    if not digits.isdigit():  # of bytes: only 0 to 9
        raise malformed("Content-Length must consist of digits only.")
    # Leading zeros do not count. The first 19 digits of a longer value are too many bytes already, and int() stays fast.
    return int(digits.lstrip(b"0")[:19] or b"0")


class Arrival:
    """The bytes of a request that have arrived, and whether they are a whole request or an error.

    Attributes:
        bytes: All bytes so far, including those of the next request.
        is_whole: Whether the request is complete.
        error: Why the request is rejected; None while it is not.
        head: The lines of the head, each with its CRLF; None before they are complete.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.bytes = bytearray()
        self.is_whole = False
        self.error: RequestError | None = None
        self.head: bytes | None = None
        # Reads the part that is due and returns whether the next part is due. A bound method would be a reference cycle.
        self._read_part: Callable[[Arrival], bool] = Arrival._read_head
        self._part_start = 0
        self._searched = 0  # up to here the end of the part has been searched for
        self._end = 0  # of the request
        self._body_bytes = 0  # in the chunks so far
        self.add(data)

    def add(self, data: bytes) -> None:
        """Add bytes. Each byte is looked at only a few times, however small the pieces are."""
        self.bytes += data
        try:
            while self._read_part(self):
                pass
            if not self.is_whole and len(self.bytes) > MAX_REQUEST_BYTES:
                raise body_too_large()
        except RequestError as error:
            self.error = error

    def break_off(self) -> None:
        """Note that the client sends no more bytes."""
        if self.bytes and not self.is_decided:
            self.error = malformed("The connection ended before the request did.")

    @property
    def is_decided(self) -> bool:
        """Whether more bytes change nothing: the request is whole or rejected."""
        return self.is_whole or self.error is not None

    @property
    def request(self) -> bytes:
        """The whole request without the bytes behind it."""
        return bytes(self.bytes[: self._end])

    @property
    def remainder(self) -> bytes:
        """The bytes behind the request, which belong to the next one."""
        return bytes(self.bytes[self._end :])

    def expects_continue(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends the body."""
        return self.head is not None and not self.is_decided and _EXPECT.search(self.head) is not None

    def request_id(self) -> str:
        """The id that the application would give this request."""
        trace = _TRACE.search(self.head or self.bytes)
        return logs.request_id(trace[1].strip(b" \t").decode("latin-1") if trace else None)

    def _read_head(self) -> bool:
        end = self._find(b"\r\n\r\n")
        if (len(self.bytes) if end < 0 else end) > MAX_HEAD_BYTES:
            raise headers_too_large(MAX_HEAD_BYTES)
        if end < 0:
            return False
        # This reader and gunicorn both skip one empty line before a request (RFC 9112, 2.2).
        self.head = bytes(self.bytes[: end + 2]).removeprefix(b"\r\n")
        length = body_length(self.head)
        if length is None:
            return self._begin_part(end + 4, Arrival._read_chunk)
        if length > MAX_BODY_BYTES:
            raise body_too_large()
        self._end = end + 4 + length
        return self._begin_part(end + 4, Arrival._read_body)

    def _read_body(self) -> bool:
        self.is_whole = len(self.bytes) >= self._end
        return False

    def _read_chunk(self) -> bool:
        line_end = self._find(b"\r\n")
        if (len(self.bytes) if line_end < 0 else line_end) - self._part_start > MAX_CHUNK_LINE_BYTES:
            raise malformed(f"The line before a chunk may have at most {MAX_CHUNK_LINE_BYTES} bytes.")
        if line_end < 0:
            return False
        line = _CHUNK.fullmatch(self.bytes, self._part_start, line_end)
        if line is None:
            raise malformed("A chunk must begin with a line of 1 to 8 hexadecimal digits and well-formed extensions.")
        size = int(line[1], 16)
        if size == 0:
            return self._begin_part(line_end, Arrival._read_trailers)
        if self._body_bytes + size > MAX_BODY_BYTES:
            raise body_too_large()
        end = line_end + 2 + size
        if len(self.bytes) < end + 2:
            return False
        if self.bytes[end : end + 2] != b"\r\n":
            raise malformed("A chunk must end with CRLF, after as many bytes as its size says.")
        self._body_bytes += size
        return self._begin_part(end + 2, Arrival._read_chunk)

    def _read_trailers(self) -> bool:
        """Read from the CRLF of the last chunk's line to the empty line."""
        end = self._find(b"\r\n\r\n")
        if end < 0:
            return False
        is_about_framing = _FRAMING.search(self.bytes, self._part_start, end + 2)
        if is_about_framing or not _FIELDS.fullmatch(self.bytes, self._part_start + 2, end + 2):
            raise malformed(
                "A trailer must be one line: a name, a colon right behind it, a value. No trailer may be about framing."
            )
        self._end = end + 4
        return self._begin_part(self._end, Arrival._read_body)

    def _begin_part(self, start: int, read_part: Callable[[Arrival], bool]) -> bool:
        self._part_start = self._searched = start
        self._read_part = read_part
        return True

    def _find(self, separator: bytes) -> int:
        """The position of the separator that ends the part; -1 if it has not arrived.

        Raises:
            RequestError: 400 for bytes that no separator behind them can make valid.
        """
        start = max(self._part_start, self._searched - len(separator) + 1)
        position = self.bytes.find(separator, start)
        if position < 0:
            if _BARE_CONTROL.search(self.bytes, start):
                raise malformed("Every line must end with CRLF; CR, LF and NUL may stand nowhere else.")
            self._searched = len(self.bytes)
        return position
