"""gunicorn's parser and the service's worker without a server."""

# mypy: allow-untyped-calls
# gunicorn has no types.
from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException

from payments.framing import Arrival
from payments.worker import Connection, Worker

_CONFIG: Any = Config()
_TIMEOUT_SECONDS = 30


class WrongArrival(Arrival):
    """An ``Arrival`` that is wrong about the end of the request: it takes all bytes except the last ``missing_bytes``."""

    def __init__(self, data: bytes, missing_bytes: int = 0) -> None:
        super().__init__()
        self.bytes += data
        self.is_whole, self._end = True, len(data) - missing_bytes


class SilentLogger(logging.Logger):
    """A logger for gunicorn, whose own would change the loggers of this process."""

    def access(self, *_: object) -> None:
        """Log nothing, as in the service."""


def handle_in_worker(arrival: Arrival) -> tuple[bool, list[bytes], bytes]:
    """Let the worker handle a request as one of its threads does.

    Returns:
        Whether the connection stays open, the bodies that the application got, and the bytes that the client got.
    """
    bodies: list[bytes] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Length", "0")])
        return []

    server, client = socket.socketpair()
    with server, client:
        worker: Any = Worker(0, os.getpid(), [], None, _TIMEOUT_SECONDS, _CONFIG, SilentLogger(__name__))
        with closing(worker.tmp):
            worker.wsgi = application
            connection = Connection(_CONFIG, server, ("127.0.0.1", 1), ("127.0.0.1", 2))
            connection.arrival = arrival
            keep_alive = worker.handle(connection)
        client.setblocking(False)
        try:
            return keep_alive, bodies, client.recv(65536)
        except BlockingIOError:
            return keep_alive, bodies, b""


def read_with_gunicorn(data: bytes) -> tuple[bytes, bytes, bool] | None:
    """Let gunicorn's parser read a request.

    Returns:
        The body, the bytes behind it, and whether the parser asked for more bytes; None if it rejects the request.
    """
    was_exhausted = []

    def source() -> Iterable[bytes]:
        yield data
        was_exhausted.append(True)

    parser: Any = get_parser(_CONFIG, source(), ("127.0.0.1", 1))
    try:
        body = next(parser).body.read()
    except (ParseException, NoMoreData, StopIteration):
        return None
    return body, parser.unreader.take_buffered(), bool(was_exhausted)
