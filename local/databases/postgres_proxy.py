"""A proxy between clients and a PostgreSQL server that adds what RDS has: TLS, and IAM authentication.

One listener for each cluster. Members of rds_iam must present an IAM token (a presigned request,
``generate_db_auth_token``), which the proxy verifies with the emulator's credentials and policies; all other users
authenticate with the server itself. Protocol: https://www.postgresql.org/docs/current/protocol-flow.html
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.databases.postgres import ADMINISTRATOR, IAM_ROLE, SUPERUSER_ROLE, PostgresServer
from local.host.ports import LOOPBACK

logger = logging.getLogger("local.database")

_SSL_REQUEST = 80877103
_GSS_REQUEST = 80877104
_CANCEL_REQUEST = 80877102
_PROTOCOL_3 = 3
_LONGEST_STARTUP_BYTES = 10_000  # MAX_STARTUP_PACKET_LENGTH of the server
_LONGEST_TOKEN_BYTES = 65_536
_CHUNK_BYTES = 1 << 16

VerifyToken = Callable[[str, str, int], str | None]
"""(token, database user, port) → None if the user may connect, else the reason."""


@dataclass(frozen=True)
class Listener:
    """The listener of one cluster.

    Attributes:
        server: where connections go.
        port: where clients come.
        verify_token: checks IAM tokens.
        requires_tls: asked at each connection, because a parameter group may change.
    """

    server: PostgresServer
    port: int
    verify_token: VerifyToken
    requires_tls: Callable[[], bool]


class PostgresProxy:
    """The listeners, on an event loop in a thread of their own: the emulator's loop is busy enough."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._listening: dict[str, asyncio.Server] = {}
        threading.Thread(target=self._loop.run_forever, name="database-proxy", daemon=True).start()

    def open(self, listener: Listener) -> None:
        """Listen on 127.0.0.1 at the listener's port. Raises OSError if the port is taken."""
        asyncio.run_coroutine_threadsafe(self._open(listener), self._loop).result()

    def shut(self, identifier: str) -> None:
        """Stop listening for a cluster; its connections end with its server."""
        asyncio.run_coroutine_threadsafe(self._shut(identifier), self._loop).result()

    async def _open(self, listener: Listener) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await _Connection(listener, self._context, reader, writer).serve()
            except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, TimeoutError) as error:
                logger.info("database connection to %s ended: %s", listener.server.identifier, error)
            finally:
                writer.close()

        self._listening[listener.server.identifier] = await asyncio.start_server(serve, "127.0.0.1", listener.port)

    async def _shut(self, identifier: str) -> None:
        listening = self._listening.pop(identifier, None)
        if listening is not None:
            listening.close()


class _RejectedError(Exception):
    """The client may not connect."""

    def __init__(self, sqlstate: str, message: str) -> None:
        self.sqlstate = sqlstate
        self.message = message
        super().__init__(message)


class _Connection:
    def __init__(
        self,
        listener: Listener,
        context: ssl.SSLContext,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._listener = listener
        self._context = context
        self._reader = reader
        self._writer = writer
        self._encrypted = False

    async def serve(self) -> None:
        """Authenticate the client, and copy bytes until one side closes."""
        try:
            startup = await self._startup()
            if startup is None:
                return
            by_token = await self._authenticate(startup)
        except _RejectedError as rejection:
            logger.warning("database %s: %s", self._listener.server.identifier, rejection.message)
            self._writer.write(_error(rejection.sqlstate, rejection.message))
            await self._writer.drain()
            return
        server = self._listener.server
        if by_token:
            backend_reader, backend_writer = await asyncio.open_unix_connection(str(server.socket))
        else:
            backend_reader, backend_writer = await asyncio.open_connection(LOOPBACK, server.port)
        backend_writer.write(startup)
        await asyncio.gather(_copy(self._reader, backend_writer), _copy(backend_reader, self._writer))

    async def _startup(self) -> bytes | None:
        """Return the startup packet, after the client's wish for encryption; pass a cancellation on and return None."""
        while True:
            header = await self._reader.readexactly(8)
            length, code = struct.unpack("!II", header)
            if not 8 <= length <= _LONGEST_STARTUP_BYTES:
                raise ConnectionError("not a PostgreSQL client")
            packet = header + await self._reader.readexactly(length - 8)
            if code == _SSL_REQUEST and not self._encrypted:
                self._writer.write(b"S")
                await self._writer.drain()
                await self._writer.start_tls(self._context)
                self._encrypted = True
            elif code == _GSS_REQUEST:
                self._writer.write(b"N")
                await self._writer.drain()
            elif code == _CANCEL_REQUEST:
                _, backend = await asyncio.open_unix_connection(str(self._listener.server.socket))
                backend.write(packet)
                await backend.drain()
                backend.close()
                return None
            elif code >> 16 == _PROTOCOL_3:
                return packet
            else:
                raise ConnectionError(f"unknown protocol {code}")

    async def _authenticate(self, startup: bytes) -> bool:
        """Reject the clients that RDS rejects before the server hears of them.

        Return whether the client has logged in with an IAM token. If not, the server asks for the password.
        """
        fields = startup[8:].split(b"\0")
        names = dict(zip(fields[0::2], fields[1::2], strict=False))
        user = names.get(b"user", b"").decode(errors="replace")
        database = names.get(b"database", b"").decode(errors="replace") or user
        if not self._encrypted and self._listener.requires_tls():
            raise _RejectedError(
                "28000",
                f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", database "{database}", no encryption',
            )
        if user == ADMINISTRATOR:
            raise _RejectedError("28000", f'role "{user}" is not permitted to log in')
        loop = asyncio.get_running_loop()
        by_token = await loop.run_in_executor(None, _uses_iam, self._listener.server, user)
        if by_token:
            await self._verify_token(user)
        return by_token

    async def _verify_token(self, user: str) -> None:
        """Ask the client for an IAM token and check it."""
        loop = asyncio.get_running_loop()
        self._writer.write(b"R" + struct.pack("!II", 8, 3))  # AuthenticationCleartextPassword
        await self._writer.drain()
        kind = await self._reader.readexactly(1)
        (length,) = struct.unpack("!I", await self._reader.readexactly(4))
        if kind != b"p" or not 4 <= length <= _LONGEST_TOKEN_BYTES:
            raise ConnectionError("a password message was expected")
        token = (await self._reader.readexactly(length - 4)).rstrip(b"\0").decode(errors="replace")
        reason = await loop.run_in_executor(None, self._listener.verify_token, token, user, self._listener.port)
        if reason is not None:
            logger.warning("IAM authentication of database user %s failed: %s", user, reason)
            raise _RejectedError("28000", f'PAM authentication failed for user "{user}"')


# inherit_option is new in PostgreSQL 16.
_IAM_USER = """
WITH RECURSIVE granted (role) AS (
    SELECT oid FROM pg_roles WHERE rolname = %s
    UNION
    SELECT roleid FROM pg_auth_members AS grants JOIN granted ON member = role
    WHERE roleid <> %s::regrole AND to_jsonb(grants) ->> 'inherit_option' IS DISTINCT FROM 'false'
)
SELECT %s::regrole IN (SELECT role FROM granted)
"""


def _uses_iam(server: PostgresServer, user: str) -> bool:
    """Return whether ``user`` inherits rds_iam, also indirectly, and other than by the right of rds_superuser to grant it.

    For the master too, IAM authentication takes precedence ("Database authentication", Aurora User Guide). AWS does not
    document whether a membership without inheritance counts, which a role's creator has. Here it does not, as
    https://github.com/crossplane-contrib/provider-sql/issues/359 reports of RDS for PostgreSQL 16.
    """
    with server.administer() as connection:
        row = connection.execute(_IAM_USER, (user, SUPERUSER_ROLE, IAM_ROLE)).fetchone()
    return bool(row and row[0])


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    finally:
        target.close()


def _error(sqlstate: str, message: str) -> bytes:
    """Return an ErrorResponse that ends the connection."""
    fields = (b"SFATAL", b"VFATAL", b"C" + sqlstate.encode(), b"M" + message.encode())
    body = b"".join(field + b"\0" for field in fields) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
