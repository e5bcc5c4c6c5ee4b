"""gunicorn's threaded worker, with one difference: a request is read whole before a thread sees it.

gunicorn's own worker reads in its threads, without a deadline: as many stalled bodies as there are threads, and nothing
answers any more, ``/health`` least of all. Here the event loop reads, without waiting: handshake, headers and body. A client
that stalls costs a socket, and after ``WHOLE_WITHIN_S`` it has its 408, however steadily it trickles. ``/health`` has threads
of its own.

``Arrival`` decides where a request ends, and refuses one whose end is in doubt (payments.framing). A thread gets these bytes
and no others, and gunicorn's parser cuts them once more: unless it finds the same end, the application never sees the request.
After any refusal the connection ends, so that what follows is never taken for a request.

What it takes from gunicorn's insides is pinned by requirements.txt and held by tests/web_src/test_stalls.py.
"""

# mypy: allow-untyped-calls
# gunicorn has no types.
from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import TConn, ThreadWorker

from . import logs
from .errors import RequestError
from .framing import Arrival, malformed
from .settings import number

WHOLE_WITHIN_S = number("WEB_REQUEST_SECONDS", 10, 1, 10)  # from first byte to last; a TLS handshake has as long
TAKEN_WITHIN_S = 10.0  # for each write of an answer, which a client may be slow to take too
STOP_WITHIN_S = 1.0  # at a stop, for what has not come whole: a stop must leave the requests under way their time
LINGER_S = 2.0  # after the last answer, so that a client that is still sending reads it before its connection breaks
LOOK_EVERY_S = 0.25  # between two looks at what is overdue
HEALTH_THREADS = 2
ONE_READ = 64 * 1024  # bytes

log = logging.getLogger("payments")

_HEALTH = (b"GET /health ", b"GET /health?")
_CUT_OTHERWISE = malformed(
    "It is in doubt where this request ends. Send it with one Content-Length, or in plain chunks."
)


class Connection(TConn):
    """A client's connection: shaking hands, idle, sending a request, in a thread's hands, or lingering before its end."""

    parser: Any

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        # What gunicorn would do in a thread is done before.
        self.initialized = True
        self.arrival = Arrival()
        self.shaking_hands = isinstance(sock, ssl.SSLSocket)
        self.lingering = self.may_send = self.wanted_more = False
        self.since = time.monotonic()
        self.deadline = self.since + WHOLE_WITHIN_S
        self.watched = 0  # the events that the loop waits for

    @property
    def is_sending(self) -> bool:
        """Whether part of a request is there."""
        return bool(self.arrival.bytes) and not self.lingering

    def begin(self, data: bytes) -> None:
        """The next request, of which ``data`` came with the last one."""
        self.sock.setblocking(False)
        self.arrival, self.may_send = Arrival(data), False
        self._set_deadline()

    def read(self) -> None:
        """Read until it is enough, or the client sends no more. Raises ssl.SSLWantReadError and the like before that."""
        if self.shaking_hands:
            self.sock.do_handshake()
            self.shaking_hands = False
            self._set_deadline()
        while not self.arrival.is_enough:
            data = self.sock.recv(ONE_READ)
            if not data:
                self.arrival.break_off()
                break
            begins = not self.arrival.bytes
            self.arrival.add(data)
            if begins:
                self._set_deadline()
            if self.arrival.expects_continue() and not self.may_send:
                self.may_send = True
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def handed_over(self) -> Iterator[bytes]:
        """What a parser may read; whether it wanted more than that is noted."""
        yield self.arrival.request
        self.wanted_more = True

    def half_close(self) -> None:
        """Say that no more comes. Raises OSError."""
        if isinstance(self.sock, ssl.SSLSocket):
            # The client's own word is not waited for.
            with contextlib.suppress(OSError, ValueError):
                self.sock.unwrap()
        self.sock.shutdown(socket.SHUT_WR)

    def _set_deadline(self) -> None:
        self.since = time.monotonic()
        self.deadline = self.since + (WHOLE_WITHIN_S if self.arrival.bytes else self.cfg.keepalive)


class Worker(ThreadWorker):
    """All of it runs in the event loop's thread, except ``handle`` and ``handle_request``."""

    poller: Any
    tpool: Any

    def init_process(self) -> None:
        self._connections: set[Connection] = set()  # those that no thread has
        self._looked = 0.0
        self._stopping = False
        self._health = ThreadPoolExecutor(HEALTH_THREADS, thread_name_prefix="health-answer")
        # Made once: gunicorn makes one for each connection.
        self._tls = ssl_context(self.cfg) if self.cfg.is_ssl else None
        super().init_process()

    # -- connections ------------------------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """A new connection."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        try:
            client.setblocking(False)
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        except OSError:  # gone already
            client.close()
            return
        self.nr_conns += 1
        self._guarded(self._advance, Connection(self.cfg, client, address, listener.getsockname()))

    def _guarded(self, step: Callable[[Connection], None], connection: Connection) -> None:
        """A step of one connection: whatever goes wrong ends that one, and not the loop with all others."""
        try:
            step(connection)
        except Exception as error:
            log.error("connection failed", exc_info=error)
            self._drop(connection)

    def _advance(self, connection: Connection) -> None:
        """Read what is there, and hand over what is enough."""
        try:
            connection.read()
        except (ssl.SSLWantReadError, BlockingIOError):
            self._watch(connection, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._watch(connection, selectors.EVENT_WRITE)
        except OSError:  # it broke, or it speaks no TLS
            self._drop(connection)
        else:
            if connection.arrival.fault:
                self._refuse(connection, connection.arrival.fault)
            elif connection.arrival.whole:
                self._hand_over(connection)
            else:
                self._drop(connection)

    def _hand_over(self, connection: Connection) -> None:
        self._unwatch(connection)
        pool = self._health if connection.arrival.bytes.startswith(_HEALTH) else self.tpool
        future = pool.submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, connection, done))

    def finish_request(self, connection: Connection, done: Future[bool]) -> None:
        """After a thread: the next request of the connection, or its end."""
        keep = not done.cancelled() and done.exception() is None and done.result()
        fault = connection.arrival.fault
        if connection.sock.fileno() < 0:
            self.nr_conns -= 1
        elif fault:  # found in the thread, which has not answered
            self._guarded(lambda one: self._refuse(one, fault), connection)
        else:
            self._guarded(self._go_on_after if keep else self._linger, connection)

    def _go_on_after(self, connection: Connection) -> None:
        connection.begin(connection.arrival.rest)
        self._advance(connection)

    def _refuse(self, connection: Connection, error: RequestError) -> None:
        """Answer in the loop, and end: what has not come whole, or ends nobody knows where, is for no thread."""
        connection.sock.setblocking(False)
        number, status = connection.arrival.request_id(), error.status
        body = json.dumps({"error": {"code": error.code, "message": error.message}}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: {number}\r\n\r\n"
        )
        milliseconds = round((time.monotonic() - connection.since) * 1000, 1)
        log.info(
            "request",
            extra=logs.fields(
                request_id=number, method="(none)", route="(none)", status=status, milliseconds=milliseconds
            ),
        )
        try:
            connection.sock.send(head.encode() + body)
        except OSError:
            self._drop(connection)
        else:
            self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """The end, in such a way that the client gets to read the last answer (RFC 9112, section 9.6), at no thread's cost."""
        connection.sock.setblocking(False)
        connection.lingering, connection.deadline = True, time.monotonic() + LINGER_S
        try:
            connection.half_close()
        except OSError:
            self._drop(connection)
        else:
            self._drain(connection)

    def _drain(self, connection: Connection) -> None:
        """A piece at a time, for a client that sends without pause."""
        try:
            ended = not connection.sock.recv(ONE_READ)
        except (BlockingIOError, ssl.SSLWantReadError):
            ended = False
        except OSError:
            ended = True
        if ended:
            self._drop(connection)
        else:
            self._watch(connection, selectors.EVENT_READ)

    def _drop(self, connection: Connection) -> None:
        self._unwatch(connection)
        if connection.sock.fileno() >= 0:  # counted once, even where its end goes wrong
            self.nr_conns -= 1
            connection.close()

    def _watch(self, connection: Connection, events: int) -> None:
        if connection.watched != events:
            self._unwatch(connection)
            self.poller.register(connection.sock, events, lambda _socket: self._ready(connection))
            self._connections.add(connection)
            connection.watched = events

    def _ready(self, connection: Connection) -> None:
        self._guarded(self._drain if connection.lingering else self._advance, connection)

    def _unwatch(self, connection: Connection) -> None:
        if connection.watched:
            self.poller.unregister(connection.sock)
            self._connections.discard(connection)
            connection.watched = 0

    # -- deadlines ----------------------------------------------------------------------------------------------------

    def murder_pending(self) -> None:
        """What gunicorn calls after each round of its loop: end what is overdue, and the oldest where there are too many."""
        now = time.monotonic()
        if not self.alive and not self._stopping:
            self._stopping, self._looked = True, 0.0
            for connection in self._connections:
                connection.deadline = min(connection.deadline, now + STOP_WITHIN_S)
        while self.nr_conns >= self.worker_connections and self._connections:
            # Whoever has been idle or sending for longest; never one that has just come, which may be a health check.
            self._drop(min(self._connections, key=lambda one: one.since))
        if now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        for connection in [one for one in self._connections if one.deadline <= now]:
            self._guarded(self._overdue, connection)

    def _overdue(self, connection: Connection) -> None:
        if not connection.is_sending:
            self._drop(connection)
            return
        what = (
            f"The request did not arrive within {WHOLE_WITHIN_S} seconds. Send it again, with the same Idempotency-Key."
        )
        self._refuse(connection, RequestError(408, "request_timeout", what))

    # -- in a thread --------------------------------------------------------------------------------------------------

    def handle(self, connection: Connection) -> bool:
        """The request, from its own bytes; after them the parser finds the end of the connection."""
        connection.parser = get_parser(self.cfg, connection.handed_over(), connection.client)
        keep = bool(super().handle(connection))
        if connection.wanted_more:
            connection.arrival.fault = _CUT_OTHERWISE
        return keep

    def handle_request(self, request: Any, connection: Connection) -> bool:
        """As gunicorn does it, but the body is read before: nothing runs for a request that the parser cuts otherwise."""
        connection.sock.settimeout(TAKEN_WITHIN_S)
        request._expected_100_continue = False  # said already, where the client waited for it
        try:
            body = request.body.read()
        except (ParseException, NoMoreData):
            body = None
        if body is None or connection.wanted_more or connection.parser.unreader.take_buffered():
            connection.arrival.fault = _CUT_OTHERWISE
            return False
        request.body = io.BytesIO(body)
        return bool(super().handle_request(request, connection))
