"""gunicorn's threaded worker with one difference: the event loop reads each request whole before a thread gets it.

gunicorn's own worker reads in its threads, without a deadline. Stalled bodies, as many as there are threads, then stop all
answers, those of ``/health`` too. Here the event loop reads handshake, headers and body, and it never waits. A client that
stalls costs a socket, and gets a 408 after ``REQUEST_SECONDS``, however steadily it sends. ``/health`` has threads of its own.

``Arrival`` decides where a request ends, and rejects one whose end is ambiguous (payments.framing). A thread gets these bytes
and no others, and gunicorn's parser reads them again. The application sees the request only if the parser finds the same end.
The connection ends after each rejection, so the bytes that follow are never read as a request.

requirements.txt pins the gunicorn whose internals this module uses, and tests/web_src/test_stalls.py tests them. This module
has only what touches gunicorn and sockets: ``framing``, ``deadlines`` and ``refusal`` are pure.
"""

# mypy: allow-untyped-calls
# gunicorn has no types.
from __future__ import annotations

import contextlib
import errno
import io
import logging
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import TConn, ThreadWorker

from . import logs
from .deadlines import CHECK_INTERVAL_SECONDS, LINGER_SECONDS, REQUEST_SECONDS, STOP_SECONDS, WRITE_SECONDS, Phase
from .errors import RequestError
from .framing import Arrival
from .refusal import answer_bytes, malformed, timed_out

HEALTH_THREADS = 2
READ_BYTES = 64 * 1024  # at most, in one call

log = logging.getLogger("payments")

_HEALTH = (b"GET /health ", b"GET /health?")
_READERS_DISAGREE = malformed(
    "It is in doubt where this request ends. Send it with one Content-Length, or in plain chunks."
)


class Connection(TConn):
    """A client's connection: in its handshake, idle, sending a request, in a thread, or lingering before its end.

    Attributes:
        arrival: The request that the client sends.
        phase: When the present phase began, and when it must end.
        is_shaking_hands: Whether the TLS handshake is still to be done.
        is_lingering: Whether the last answer is sent, and only the client's end is waited for.
        was_continued: Whether ``100 Continue`` has been sent for this request.
        parser_wanted_more: Whether gunicorn's parser asked for bytes beyond the request's end.
        watched_events: The events that the loop waits for; 0 for none.
    """

    parser: Any

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        # The event loop has done what gunicorn would do in a thread.
        self.initialized = True
        self.arrival = Arrival()
        self.phase = Phase.lasting(REQUEST_SECONDS, time.monotonic())
        self.is_shaking_hands = isinstance(sock, ssl.SSLSocket)
        self.is_lingering = self.was_continued = self.parser_wanted_more = False
        self.watched_events = 0

    @property
    def is_sending(self) -> bool:
        """Whether a part of a request has arrived."""
        return bool(self.arrival.bytes) and not self.is_lingering

    def begin(self, data: bytes) -> None:
        """Begin the next request. ``data`` arrived with the previous one."""
        self.sock.setblocking(False)
        self.arrival, self.was_continued = Arrival(data), False
        self._begin_phase()

    def read(self) -> None:
        """Read until the request is decided or the client sends no more.

        Raises:
            ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError: More bytes are needed and have not arrived.
            OSError: The connection broke, or the client speaks no TLS.
        """
        if self.is_shaking_hands:
            self.sock.do_handshake()
            self.is_shaking_hands = False
            self._begin_phase()
        while not self.arrival.is_decided:
            data = self.sock.recv(READ_BYTES)
            if not data:
                self.arrival.break_off()
                break
            is_first = not self.arrival.bytes
            self.arrival.add(data)
            if is_first:
                self._begin_phase()
            if self.arrival.expects_continue() and not self.was_continued:
                self.was_continued = True
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def bytes_for_parser(self) -> Iterator[bytes]:
        """Yield the request's own bytes, and note whether the parser asks for more than that."""
        yield self.arrival.request
        self.parser_wanted_more = True

    def half_close(self) -> None:
        """Tell the client that no more bytes come.

        Raises:
            OSError: The connection is broken.
        """
        if isinstance(self.sock, ssl.SSLSocket):
            # The client's own close notification is not waited for.
            with contextlib.suppress(OSError, ValueError):
                self.sock.unwrap()
        self.sock.shutdown(socket.SHUT_WR)

    def _begin_phase(self) -> None:
        seconds = REQUEST_SECONDS if self.arrival.bytes else self.cfg.keepalive
        self.phase = Phase.lasting(seconds, time.monotonic())


class Worker(ThreadWorker):
    """The worker. Threads call ``handle`` and ``handle_request``; the event loop's thread calls everything else."""

    poller: Any
    tpool: Any

    def init_process(self) -> None:
        """Prepare the process, then run gunicorn's loop."""
        self._connections: set[Connection] = set()  # those that no thread works on
        self._checked_at = 0.0
        self._is_stopping = False
        self._health_pool = ThreadPoolExecutor(HEALTH_THREADS, thread_name_prefix="health-answer")
        # One context for all connections; gunicorn would create one for each.
        self._tls = ssl_context(self.cfg) if self.cfg.is_ssl else None
        super().init_process()

    # --- Connections --------------------------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Accept a new connection."""
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
        except OSError:  # the client has closed it already
            client.close()
            return
        self.nr_conns += 1
        self._guard(self._advance, Connection(self.cfg, client, address, listener.getsockname()))

    def _guard(self, step: Callable[[Connection], None], connection: Connection) -> None:
        """Do a step of a connection. An unexpected error ends this connection, but not the loop with all others."""
        try:
            step(connection)
        except Exception as error:
            log.error("connection failed", exc_info=error)
            self._drop(connection)

    def _advance(self, connection: Connection) -> None:
        """Read the bytes that have arrived. Hand over or reject the request once it is decided."""
        try:
            connection.read()
        except (ssl.SSLWantReadError, BlockingIOError):
            self._watch(connection, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._watch(connection, selectors.EVENT_WRITE)
        except OSError:  # the connection broke, or the client speaks no TLS
            self._drop(connection)
        else:
            if connection.arrival.error:
                self._reject(connection, connection.arrival.error)
            elif connection.arrival.is_whole:
                self._hand_over(connection)
            else:
                self._drop(connection)

    def _hand_over(self, connection: Connection) -> None:
        self._unwatch(connection)
        pool = self._health_pool if connection.arrival.bytes.startswith(_HEALTH) else self.tpool
        future = pool.submit(self.handle, connection)
        future.add_done_callback(lambda ended: self.method_queue.defer(self.finish_request, connection, ended))

    def finish_request(self, connection: Connection, future: Future[bool]) -> None:
        """After the thread has ended: read the connection's next request, or end the connection."""
        keep_alive = not future.cancelled() and future.exception() is None and future.result()
        error = connection.arrival.error
        if connection.sock.fileno() < 0:
            self.nr_conns -= 1
        elif error:  # the thread set it and has sent no answer
            self._guard(lambda rejected: self._reject(rejected, error), connection)
        else:
            self._guard(self._read_next if keep_alive else self._linger, connection)

    def _read_next(self, connection: Connection) -> None:
        connection.begin(connection.arrival.remainder)
        self._advance(connection)

    def _reject(self, connection: Connection, error: RequestError) -> None:
        """Send the error from the event loop and end the connection. No thread gets a request without a certain end."""
        connection.sock.setblocking(False)
        request_id = connection.arrival.request_id()
        fields = logs.fields(
            request_id=request_id,
            method="(none)",
            route="(none)",
            status=error.status,
            milliseconds=connection.phase.milliseconds(time.monotonic()),
        )
        log.info("request", extra=fields)
        try:
            connection.sock.send(answer_bytes(error, request_id))
        except OSError:
            self._drop(connection)
        else:
            self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """End the connection so that the client can read the last answer (RFC 9112, section 9.6). This takes no thread."""
        connection.sock.setblocking(False)
        connection.is_lingering = True
        connection.phase.end_in(LINGER_SECONDS, time.monotonic())
        try:
            connection.half_close()
        except OSError:
            self._drop(connection)
        else:
            self._drain(connection)

    def _drain(self, connection: Connection) -> None:
        """Read and ignore one piece. A client that sends without pause does not hold up the loop."""
        try:
            is_closed = not connection.sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            is_closed = False
        except OSError:
            is_closed = True
        if is_closed:
            self._drop(connection)
        else:
            self._watch(connection, selectors.EVENT_READ)

    def _drop(self, connection: Connection) -> None:
        self._unwatch(connection)
        if connection.sock.fileno() >= 0:  # counts the connection down once, even if closing it fails
            self.nr_conns -= 1
            connection.close()

    def _watch(self, connection: Connection, events: int) -> None:
        if connection.watched_events != events:
            self._unwatch(connection)
            self.poller.register(connection.sock, events, lambda _socket: self._on_ready(connection))
            self._connections.add(connection)
            connection.watched_events = events

    def _on_ready(self, connection: Connection) -> None:
        self._guard(self._drain if connection.is_lingering else self._advance, connection)

    def _unwatch(self, connection: Connection) -> None:
        if connection.watched_events:
            self.poller.unregister(connection.sock)
            self._connections.discard(connection)
            connection.watched_events = 0

    # --- Deadlines ----------------------------------------------------------------------------------------------------

    def murder_pending(self) -> None:
        """End overdue connections, and the oldest if there are too many. gunicorn calls this after each round of its loop."""
        now = time.monotonic()
        if not self.alive and not self._is_stopping:
            self._is_stopping, self._checked_at = True, 0.0
            for connection in self._connections:
                connection.phase.shorten_to(STOP_SECONDS, now)
        while self.nr_conns >= self.worker_connections and self._connections:
            # The connection that has been idle or sending for longest. A new one stays, because it may be a health check.
            self._drop(min(self._connections, key=lambda connection: connection.phase.since))
        if now - self._checked_at < CHECK_INTERVAL_SECONDS:
            return
        self._checked_at = now
        for connection in [connection for connection in self._connections if connection.phase.is_over(now)]:
            self._guard(self._end_overdue, connection)

    def _end_overdue(self, connection: Connection) -> None:
        if connection.is_sending:
            self._reject(connection, timed_out(REQUEST_SECONDS))
        else:
            self._drop(connection)

    # --- In a thread --------------------------------------------------------------------------------------------------

    def handle(self, connection: Connection) -> bool:
        """Answer the request from its own bytes. Behind them the parser finds the end of the connection."""
        connection.parser = get_parser(self.cfg, connection.bytes_for_parser(), connection.client)
        keep_alive = bool(super().handle(connection))
        if connection.parser_wanted_more:
            connection.arrival.error = _READERS_DISAGREE
        return keep_alive

    def handle_request(self, request: Any, connection: Connection) -> bool:
        """Read the body, then do as gunicorn does. The application runs only if the parser found the same end."""
        connection.sock.settimeout(WRITE_SECONDS)
        request._expected_100_continue = False  # the event loop has sent it, if the client waited for it
        try:
            body = request.body.read()
        except (ParseException, NoMoreData):
            body = None
        if body is None or connection.parser_wanted_more or connection.parser.unreader.take_buffered():
            connection.arrival.error = _READERS_DISAGREE
            return False
        request.body = io.BytesIO(body)
        return bool(super().handle_request(request, connection))
