"""The payment service as a process of its own: gunicorn, with Secrets Manager's one call and the database behind it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.host.ports import free_port
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.paths import PROJECT, UNIT

START_SECONDS = 30
POLL_SECONDS = 0.1
STOP_SECONDS = 40  # the unit's TimeoutStopSec
CLIENT_SECONDS = 40  # longer than the service ever needs for an answer


class SecretsManager:
    """GetSecretValue over HTTP, for a service in another process.

    Attributes:
        calls: How often the service asked.
        url: The endpoint.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.calls = 0
        secrets_manager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                secrets_manager.calls += 1
                length = int(self.headers["Content-Length"])
                secret_id = json.loads(self.rfile.read(length))["SecretId"]
                body = json.dumps({"ARN": secret_id, "Name": "s", "SecretString": ledger.secret}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Log nothing: pytest shows what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class HttpAnswer:
    """An answer of the service over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON value."""
        return json.loads(self.body)


@dataclass
class Service:
    """gunicorn with the service, as the unit starts it.

    Attributes:
        ledger: The database, which must be running.
        application: The WSGI application that gunicorn loads.
        variables: Environment variables beside, or in place of, the ordinary ones.
        tls: Whether the service speaks TLS, with a key of its own.
    """

    ledger: Ledger
    application: str = "payments.wsgi:app"
    variables: dict[str, str] = field(default_factory=dict)
    tls: bool = False

    def start(self) -> None:
        """Start the service and wait until it answers.

        Raises:
            RuntimeError: The process ended, or did not answer in time; the text is the log.
        """
        self.secrets = SecretsManager(self.ledger)
        self.port = free_port()
        self.log_file = Path(self.ledger.authority.parent.parent / f"service-{self.port}.log")
        command = ["-m", "gunicorn", "--config", "python:payments.gunicorn_conf", self.application]
        self.process = subprocess.Popen([sys.executable, *command], env=self._environment(), cwd=PROJECT / "web_src")
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.get("/health")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.log_file.read_text() if self.log_file.exists() else "no log") from None
                time.sleep(POLL_SECONDS)

    def _environment(self) -> dict[str, str]:
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(PROJECT / "web_src"), str(PROJECT)]),
            "AWS_ENDPOINT_URL": self.secrets.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "DB_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:transactions-database-dev-AbCdEf",
            "ENVIRONMENT": "dev",
            "PORT": str(self.port),
            "MYSQL_SSL_CA": str(self.ledger.authority),
            "LOG_FILE": str(self.log_file),
            "WEB_THREADS": "4",
            **self.variables,
        }
        if self.tls:
            variables["TLS_DIRECTORY"] = str(create_key(self.log_file.with_suffix(".tls")))
        return variables

    def stop(self) -> int:
        """Stop the service as systemd does and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        self.secrets.close()
        return status

    def post(self, body: object, key: str, **headers: str) -> HttpAnswer:
        """Send POST /transactions with a JSON body."""
        all_headers = {"Content-Type": "application/json", "Idempotency-Key": key, **headers}
        return self.request("POST", "/transactions", json.dumps(body).encode(), all_headers)

    def get(self, path: str) -> HttpAnswer:
        """Send GET for a path."""
        return self.request("GET", path)

    def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> HttpAnswer:
        """Send a request on a connection of its own."""
        connection = self._connection()
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return HttpAnswer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self.tls:
            return HTTPSConnection("127.0.0.1", self.port, timeout=CLIENT_SECONDS, context=unverified_tls())
        return HTTPConnection("127.0.0.1", self.port, timeout=CLIENT_SECONDS)

    def dial(self, timeout_seconds: float = 20) -> socket.socket:
        """Open a connection for a test that writes the bytes itself."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_seconds)
        return unverified_tls().wrap_socket(plain) if self.tls else plain

    def log_lines(self) -> list[dict[str, Any]]:
        """Return all lines of the log; each must be JSON."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]


def create_key(folder: Path) -> Path:
    """Create in a folder the key and the certificate that the unit's ExecStartPre creates in /run/payments."""
    folder.mkdir(mode=0o700)
    [line] = [line for line in UNIT.splitlines() if line.startswith("ExecStartPre=")]
    command = line.removeprefix("ExecStartPre=").replace("/run/payments", str(folder)).split()
    subprocess.run(command, check=True, capture_output=True)
    return folder


def unverified_tls() -> ssl.SSLContext:
    """Return the context of a client that accepts any certificate, as the load balancer does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
