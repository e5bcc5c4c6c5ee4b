"""Requests whose end two readers could find in different places, and legal requests that look like them.

A complete payment (``SMUGGLED``) is sent behind the first part of each. A reader that uses the ambiguous length would take
the payment as a body, another reader as a request.
"""

from __future__ import annotations

from payments.framing import MAX_CHUNK_LINE_BYTES
from tests.web_src.support.raw_requests import GET_HEALTH, in_chunks, post, with_coding, with_length

SMUGGLED = post("smuggled")
LENGTH = str(len(SMUGGLED)).encode()

LENGTHS = {
    "signed": b"+" + LENGTH,
    "negative": b"-" + LENGTH,
    "space inside": LENGTH[:1] + b" " + LENGTH[1:],
    "list of equals": LENGTH + b", " + LENGTH,
    "list": b"0," + LENGTH,
    "hexadecimal": b"0x%x" % len(SMUGGLED),
    "empty": b"",
    "whitespace only": b" \t ",
    "arabic digits": "١٢٣".encode(),
    "superscript": b"\xb2",
    "fraction": LENGTH + b".0",
    "exponent": b"1e2",
    "underscore": b"1_0",
    "quoted": b'"' + LENGTH + b'"',
    "NUL behind": LENGTH + b"\0",
    "vertical tab behind": LENGTH + b"\x0b",
    "form feed before": b"\x0c" + LENGTH,
    "no-break space behind": LENGTH + b"\xa0",
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
    "two equal lengths": GET_HEALTH + (b"Content-Length: " + LENGTH + b"\r\n") * 2 + b"\r\n",
    "two lengths": GET_HEALTH + b"Content-Length: 0\r\ncontent-length: " + LENGTH + b"\r\n\r\n",
    "two lengths, the longer first": GET_HEALTH
    + b"Content-Length: "
    + LENGTH
    + b"\r\nX: a\r\nCONTENT-LENGTH: 0\r\n\r\n",
    "length and coding": GET_HEALTH + b"Content-Length: " + LENGTH + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": with_coding(b"chunked", b"Content-Length: " + LENGTH + b"\r\n") + b"0\r\n\r\n",
    "unknown coding and length": with_coding(b"identity", b"Content-Length: " + LENGTH + b"\r\n"),
    "coding twice": with_coding(b"chunked", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    "two different codings": with_coding(b"chunked", b"transfer-encoding: identity\r\n") + b"0\r\n\r\n",
    "coding in HTTP/1.0": with_coding(b"chunked").replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
    "space before the colon": GET_HEALTH + b"Content-Length : " + LENGTH + b"\r\n\r\n",
    "tab before the colon": GET_HEALTH + b"Content-Length\t: " + LENGTH + b"\r\n\r\n",
    "coding with a space before the colon": GET_HEALTH + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded header": GET_HEALTH + b"X: a\r\n Content-Length: " + LENGTH + b"\r\n\r\n",
    "header folded with a tab": GET_HEALTH + b"X: a\r\n\tContent-Length: " + LENGTH + b"\r\n\r\n",
    "folded length": GET_HEALTH + b"Content-Length:\r\n " + LENGTH + b"\r\n\r\n",
    "space before the first header": b"GET /health HTTP/1.1\r\n Content-Length: " + LENGTH + b"\r\nHost: a\r\n\r\n",
    "line of spaces": GET_HEALTH + b" \r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "LF behind a header": GET_HEALTH + b"X: a\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "LF behind the request line": b"GET /health HTTP/1.1\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "LF alone": b"GET /health HTTP/1.1\nHost: a\nContent-Length: " + LENGTH + b"\n\n",
    "LF at the end": GET_HEALTH + b"Content-Length: " + LENGTH + b"\n\r\n\r\n",
    "CR behind a header": GET_HEALTH + b"X: a\rContent-Length: " + LENGTH + b"\r\n\r\n",
    "two CR": GET_HEALTH + b"Content-Length: " + LENGTH + b"\r\r\n\r\n",
    "NUL in a value": GET_HEALTH + b"X: a\0\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "NUL in a name": GET_HEALTH + b"Content-Length\0: " + LENGTH + b"\r\n\r\n",
    "vertical tab in a name": GET_HEALTH + b"Content-Length\x0b: " + LENGTH + b"\r\n\r\n",
    "space in a name": GET_HEALTH + b"Content Length: " + LENGTH + b"\r\n\r\n",
    "no-break space in a name": GET_HEALTH + b"Transfer-Encoding\xa0: chunked\r\n\r\n0\r\n\r\n",
    "soft hyphen in a name": GET_HEALTH + b"Content\xadLength: " + LENGTH + b"\r\n\r\n",
    "no name": GET_HEALTH + b": a\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "no colon": GET_HEALTH + b"Content-Length " + LENGTH + b"\r\n\r\n",
    "two spaces in the request line": b"GET  /health HTTP/1.1\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "tab in the request line": b"GET\t/health HTTP/1.1\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "space behind the request line": b"GET /health HTTP/1.1 \r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "space before the request line": b" GET /health HTTP/1.1\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/2.0": b"GET /health HTTP/2.0\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "two empty lines before it": b"\r\n\r\n" + with_length(LENGTH),
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
    "space before": b" 2\r\n{}\r\n0\r\n\r\n",
    "space behind": b"2 \r\n{}\r\n0\r\n\r\n",
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
    "long extension": b"2;" + b"a" * MAX_CHUNK_LINE_BYTES + b"\r\n{}\r\n0\r\n\r\n",
    "longer than its size": b"2\r\n{}}\r\n0\r\n\r\n",
    "shorter than its size": b"3\r\n{}\r\n0\r\n\r\n",
    "no CRLF behind it": b"2\r\n{}0\r\n\r\n",
    "something else behind it": b"2\r\n{}xx0\r\n\r\n",
    "LF behind it": b"2\r\n{}\n0\r\n\r\n",
    "LF behind the last": b"2\r\n{}\r\n0\n\r\n\r\n",
    "LF at the end": b"0\r\n\n",
    "trailer with a space before the colon": b"0\r\nX : a\r\n\r\n",
    "folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "trailer without a colon": b"0\r\nX\r\n\r\n",
    "trailer with a LF": b"0\r\nX: a\nY: b\r\n\r\n",
    "length in a trailer": b"0\r\nContent-Length: " + LENGTH + b"\r\n\r\n",
    "coding in a trailer": b"0\r\nX: a\r\nTransfer-Encoding: chunked\r\n\r\n",
}
REJECTED = {
    **{f"length: {name}": with_length(value) for name, value in LENGTHS.items()},
    **{f"coding: {name}": with_coding(value) + b"0\r\n\r\n" for name, value in CODINGS.items()},
    **{f"head: {name}": head for name, head in HEADS.items()},
    **{f"chunk: {name}": in_chunks(body) for name, body in CHUNKS.items()},
}
# By RFC 9112 the payment is the body of these; the second value is the part behind the payment.
BODIES = {
    **{f"length of {digits} digits": (with_length(LENGTH.zfill(digits)), b"") for digits in (3, 18, 19, 20, 25, 400)},
    "spaces around the length": (with_length(b"\t " + LENGTH + b" \t"), b""),
    "length in small letters": (GET_HEALTH + b"content-length:" + LENGTH + b"\r\n\r\n", b""),
    "empty line before it": (b"\r\n" + with_length(LENGTH), b""),
    "chunk": (in_chunks(b"%x\r\n" % len(SMUGGLED)), b"\r\n0\r\n\r\n"),
    "chunk of eight digits": (in_chunks(b"%08X\r\n" % len(SMUGGLED)), b"\r\n00000000\r\n\r\n"),
    "chunk with extensions": (in_chunks(b'%x ; a = b;c="d;\\" e";f\r\n' % len(SMUGGLED)), b"\r\n0;a\r\n\r\n"),
    "chunk with trailers": (with_coding(b" Chunked ") + b"%x\r\n" % len(SMUGGLED), b"\r\n0\r\nX: a\r\nY:\r\n\r\n"),
    "second chunk": (in_chunks(b"1\r\n{\r\n%x\r\n" % len(SMUGGLED)), b"\r\n0\r\n\r\n"),
}
# These only look like framing. They have no body, so the next bytes are the next request.
LOOK_ALIKES = {
    "no body": GET_HEALTH + b"\r\n",
    "length of zeros": with_length(b"0" * 25),
    "underscore": GET_HEALTH + b"Content_Length: " + LENGTH + b"\r\n\r\n",
    "longer name": GET_HEALTH + b"X-Content-Length: " + LENGTH + b"\r\nContent-Length-X: 5\r\n\r\n",
    "in a value": GET_HEALTH + b"X: a Content-Length: " + LENGTH + b"\r\n\r\n",
    "last chunk": in_chunks(b"0\r\n\r\n"),
}
