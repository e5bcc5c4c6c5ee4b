"""Where a request ends, read so strictly that nobody before or behind this reader can find another end.

Two readers that cut one stream of bytes differently let a request be smuggled in the body of another (RFC 9112, 11.2).
RFC 9112 lets a recipient mend much of what is refused here; who mends, guesses what the other reader did. Refused are

- a line of the head that does not end with CRLF, or that begins with a blank (2.2, 5.2), and NUL anywhere in it;
- a request line that is not three words (3), and a field line that is no token, colon and text (5.1; RFC 9110, 5.5, 5.6.2);
- a Content-Length that is not digits alone, or that stands twice, even with one value (6.3; RFC 9110, 8.6);
- a Transfer-Encoding but ``chunked``, and one that comes twice, with a Content-Length, or in HTTP/1.0 (6.1, 6.3);
- a chunk whose size is not 1 to 8 hexadecimal digits, whose extension is not of the grammar, or that does not end with CRLF
  (7.1, 7.1.1), and a trailer that is no field line or that speaks of framing (7.1.2; RFC 9110, 6.5.1);
- a request that the client breaks off (8).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from . import logs
from .errors import RequestError
from .model import MAX_BODY

LARGEST_HEAD = 64 * 1024  # bytes; a load balancer passes no more
LARGEST = 2 * LARGEST_HEAD  # bytes; what is chunked may need many more than it holds
LONGEST_CHUNK_LINE = 1024  # bytes

# Nothing is tried again: a hostile head costs the event loop one look at each byte. Of groups by (?>…), because Python before
# 3.11.5 goes wrong with possessive groups (CPython issue 106052); of single characters by ++ and *+.
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?>(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)"'
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~]++ HTTP/1\.([0-9])")
_FIELDS = re.compile(rb"(?>(?:" + _TOKEN + rb":[\t -~\x80-\xff]*+\r\n)*)")
_CHUNK = re.compile(
    rb"([0-9A-Fa-f]{1,8})(?>(?:[ \t]*+;[ \t]*+%b(?>(?:[ \t]*+=[ \t]*+(?:%b|%b))?))*)" % (_TOKEN, _TOKEN, _QUOTED)
)
_LOOSE = re.compile(rb"\r[^\n]|(?<!\r)\n|\0")  # what no line of a head, or of chunks, may have
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):([^\r]*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_TRACE = re.compile(rb"\r\nx-amzn-trace-id:([^\r]*)", re.IGNORECASE)


def malformed(what: str) -> RequestError:
    """The refusal of a request whose end is in doubt."""
    return RequestError(400, "malformed_request", what)


def body_length(head: bytes) -> int | None:
    """The bytes of the body, by the lines of a head; None where it comes in chunks. Raises RequestError 400."""
    first, _, fields = head.partition(b"\r\n")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        raise malformed("The request line must be a method, a target and HTTP/1.1, with one blank between them.")
    if not _FIELDS.fullmatch(fields):
        raise malformed(
            "Each header must be one line: a name, a colon right behind it, a value without control characters."
        )
    found = [(name.lower(), value.strip(b" \t")) for name, value in _FRAMING.findall(head)]
    if len(found) > 1:
        raise malformed("Send one Content-Length or one Transfer-Encoding, and not both.")
    for name, value in found:
        if name == b"content-length":
            return _length(value)
        if value.lower() != b"chunked" or line[1] == b"0":
            raise malformed("Transfer-Encoding must be chunked, in HTTP/1.1.")
        return None
    return 0


def _length(digits: bytes) -> int:
    if not digits.isdigit():  # of bytes: 0 to 9 alone
        raise malformed("Content-Length must be digits alone.")
    # By value, whatever the zeros before it; 19 digits of a longer one are enough to be too many bytes, and int() stays quick.
    return int(digits.lstrip(b"0")[:19] or b"0")


class Arrival:
    """The bytes of a request so far: ``whole`` where they are all, ``fault`` where no more is wanted of it."""

    def __init__(self, data: bytes = b"") -> None:
        self.bytes = bytearray()
        self.whole = False
        self.fault: RequestError | None = None
        self.head: bytes | None = None  # its lines, each with its CRLF
        # The part that is due, which says whether another one is now. No bound method: it would keep this from being freed.
        self._read: Callable[[Arrival], bool] = Arrival._read_head
        self._at = 0  # where that part begins
        self._looked = 0  # up to where its end was looked for
        self._end = 0  # of the request
        self._unchunked = 0  # bytes in the chunks so far
        self.add(data)

    def add(self, data: bytes) -> None:
        """More of it. Every byte is looked at a few times only, however small the pieces are."""
        self.bytes += data
        try:
            while self._read(self):
                pass
            if not self.whole and len(self.bytes) > LARGEST:
                raise _too_large()
        except RequestError as fault:
            self.fault = fault

    def break_off(self) -> None:
        """The client sends no more."""
        if self.bytes and not self.is_enough:
            self.fault = malformed("The connection ended before the request did.")

    @property
    def is_enough(self) -> bool:
        return self.whole or self.fault is not None

    @property
    def request(self) -> bytes:
        """The whole request, and nothing of what follows it."""
        return bytes(self.bytes[: self._end])

    @property
    def rest(self) -> bytes:
        """What came with it and belongs to the next one."""
        return bytes(self.bytes[self._end :])

    def expects_continue(self) -> bool:
        """Whether the client waits for leave to send the body."""
        return self.head is not None and not self.is_enough and _EXPECT.search(self.head) is not None

    def request_id(self) -> str:
        """As the application finds it."""
        found = _TRACE.search(self.head or self.bytes)
        return logs.request_id(found[1].strip(b" \t").decode("latin-1") if found else None)

    def _read_head(self) -> bool:
        end = self._find(b"\r\n\r\n")
        if (len(self.bytes) if end < 0 else end) > LARGEST_HEAD:
            raise RequestError(431, "headers_too_large", f"The headers may have at most {LARGEST_HEAD} bytes.")
        if end < 0:
            return False
        # One empty line before it is passed over, here and by gunicorn (RFC 9112, 2.2).
        self.head = bytes(self.bytes[: end + 2]).removeprefix(b"\r\n")
        length = body_length(self.head)
        if length is None:
            return self._go_on(end + 4, Arrival._read_chunk)
        if length > MAX_BODY:
            raise _too_large()
        self._end = end + 4 + length
        return self._go_on(end + 4, Arrival._read_body)

    def _read_body(self) -> bool:
        self.whole = len(self.bytes) >= self._end
        return False

    def _read_chunk(self) -> bool:
        line = self._find(b"\r\n")
        if (len(self.bytes) if line < 0 else line) - self._at > LONGEST_CHUNK_LINE:
            raise malformed(f"The line before a chunk may have at most {LONGEST_CHUNK_LINE} bytes.")
        if line < 0:
            return False
        found = _CHUNK.fullmatch(self.bytes, self._at, line)
        if found is None:
            raise malformed("A chunk must begin with a line of 1 to 8 hexadecimal digits and well-formed extensions.")
        size = int(found[1], 16)
        if size == 0:
            return self._go_on(line, Arrival._read_trailers)
        if self._unchunked + size > MAX_BODY:
            raise _too_large()
        end = line + 2 + size
        if len(self.bytes) < end + 2:
            return False
        if self.bytes[end : end + 2] != b"\r\n":
            raise malformed("A chunk must end with CRLF, after as many bytes as its size says.")
        self._unchunked += size
        return self._go_on(end + 2, Arrival._read_chunk)

    def _read_trailers(self) -> bool:
        """From the CRLF of the last chunk's line to the empty line."""
        end = self._find(b"\r\n\r\n")
        if end < 0:
            return False
        is_framing = _FRAMING.search(self.bytes, self._at, end + 2)
        if is_framing or not _FIELDS.fullmatch(self.bytes, self._at + 2, end + 2):
            raise malformed(
                "A trailer must be one line: a name, a colon right behind it, a value; none may speak of framing."
            )
        self._end = end + 4
        return self._go_on(self._end, Arrival._read_body)

    def _go_on(self, at: int, read: Callable[[Arrival], bool]) -> bool:
        self._at = self._looked = at
        self._read = read
        return True

    def _find(self, end: bytes) -> int:
        """Where the part's end is; -1 where it has not come. Raises RequestError 400 for what no end can mend any more."""
        start = max(self._at, self._looked - len(end) + 1)
        found = self.bytes.find(end, start)
        if found < 0:
            if _LOOSE.search(self.bytes, start):
                raise malformed("Every line must end with CRLF; CR, LF and NUL may stand nowhere else.")
            self._looked = len(self.bytes)
        return found


def _too_large() -> RequestError:
    return RequestError(413, "too_large", f"The body may have at most {MAX_BODY} bytes.")
