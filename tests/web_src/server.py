"""The servers of the tests: a MariaDB with the service's tables and users, Secrets Manager's one call, and gunicorn."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pymysql

from local.databases.mariadb import MariaDb
from local.host.certificates import ensure_certificates
from local.host.ports import free_port
from payments import database
from payments.secret import CredentialCache, Credentials

PROJECT = Path(__file__).parent.parent.parent
UNIT = (PROJECT / "web_src" / "payments" / "system" / "payments.service").read_text(encoding="utf-8")
SQL = PROJECT / "lambda_src" / "migrate_mysql" / "sql"
TABLES = ("entries", "transactions", "idempotency_keys")  # in the order in which they can be emptied
# As the head of 0001_payments.sql and the README state them.
GRANTS = [f"GRANT SELECT, INSERT ON payments.{table} TO {{user}}" for table in TABLES]


class Ledger:
    """The database server, at one port for all its starts."""

    def __init__(self, folder: Path) -> None:
        self._certificates = ensure_certificates(folder / "certificates")
        self._folder = folder / "mariadb"
        self.server = self._on_port(0)
        self.tls = database.verified_tls(self._certificates.authority)
        self.secret = ""
        self.readings = 0
        self._superuser: database.Rows | None = None

    @property
    def authority(self) -> Path:
        """The roots that the server's certificate comes from."""
        return self._certificates.authority

    def start(self) -> None:
        """Start the server, for the first time or again."""
        self.server.start()

    def stop(self) -> None:
        """Stop it; the data stays, and the next start is at the same port."""
        port = self.server.port
        self._superuser = None
        self.server.stop()
        self.server = self._on_port(port)

    def _on_port(self, port: int) -> MariaDb:
        made = self._certificates
        return MariaDb(self._folder, certificate=made.certificate, key=made.key, authority=made.authority, port=port)

    def migrate(self) -> None:
        """Apply the SQL files statement by statement: each ends with a semicolon at the end of a line."""
        with self.server.administer() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS payments CHARACTER SET utf8mb4")
        for path in sorted(SQL.glob("*.sql")):
            with self.server.administer("payments") as connection, connection.cursor() as cursor:
                for statement in statements(path.read_text(encoding="utf-8")):
                    cursor.execute(statement)

    def reset(self) -> None:
        """Empty the tables; the users are new."""
        self.empty()
        self.set_user("payments", "first-password")
        self.run("DROP USER IF EXISTS payments_clone")
        self.use("payments", "first-password")
        self.readings = 0

    def empty(self) -> None:
        """Empty the tables."""
        self.run(*(f"DELETE FROM {name}" for name in TABLES))

    def set_user(self, user: str, password: str) -> None:
        """Make a user of the service, or give it another password, as the rotation function does."""
        self.run(
            f"CREATE USER IF NOT EXISTS {user}@'%' REQUIRE SSL",
            f"ALTER USER {user}@'%' IDENTIFIED BY '{password}' REQUIRE SSL",
            *(grant.format(user=f"{user}@'%'") for grant in GRANTS),
        )

    def use(self, user: str, password: str) -> None:
        """What the secret holds from now on."""
        content = {"engine": "mysql", "host": "127.0.0.1", "port": self.server.port, "dbname": "payments"}
        self.secret = json.dumps({**content, "username": user, "password": password})

    def kill_connections(self) -> int:
        """End every connection of the service's users, whatever it is doing; how many there were."""
        query = "SELECT id FROM information_schema.processlist WHERE user LIKE 'payments%%'"
        found = [row[0] for row in self.rows(query)]
        for one in found:
            # One that ended by itself meanwhile is not an error.
            self.run(f"KILL CONNECTION {one}", ignore=1094)
        return len(found)

    def run(self, *statements: str, ignore: int = 0) -> None:
        """As the superuser."""
        with self._administer().cursor() as cursor:
            for statement in statements:
                try:
                    cursor.execute(statement)
                except pymysql.MySQLError as error:
                    if error.args[0] != ignore:
                        raise

    def rows(self, query: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """What the superuser reads."""
        with self._administer().cursor() as cursor:
            cursor.execute(query, arguments)
            return list(cursor.fetchall())

    def _administer(self) -> database.Rows:
        """The superuser's connection, kept because a new one takes twenty times as long as a statement."""
        self._superuser = self._superuser or self.server.administer("payments")
        return self._superuser

    def read_secret(self) -> str:
        """In place of Secrets Manager, for a service in this process."""
        self.readings += 1
        return self.secret

    def credentials(self) -> CredentialCache:
        """A new cache over the secret."""
        return CredentialCache(self.read_secret)

    def connect(self, credentials: Credentials) -> database.Rows:
        """As the service connects, with the tests' own roots."""
        return database.connect(credentials, self.tls)

    def counts(self) -> tuple[int, int, int]:
        """Rows of idempotency_keys, transactions, entries."""
        keys, transactions, entries = (self.rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in reversed(TABLES))
        return keys, transactions, entries

    def assert_balanced(self) -> None:
        """Nothing is half: each key has its transaction, each transaction its two entries, each currency sums to zero."""
        keys, transactions, entries = self.counts()
        assert keys == transactions
        assert entries == 2 * transactions
        sums = self.rows("SELECT currency, SUM(signed_amount) FROM entries GROUP BY currency")
        assert [row for row in sums if row[1] != 0] == []
        differing = self.rows(
            "SELECT t.id FROM transactions t JOIN entries d ON d.transaction_id = t.id AND d.side = 'debit'"
            " JOIN entries c ON c.transaction_id = t.id AND c.side = 'credit'"
            " WHERE d.account <> t.debit_account OR c.account <> t.credit_account OR d.amount <> c.amount"
        )
        assert differing == []

    def totals(self) -> dict[tuple[str, str], Decimal]:
        """The sum of each account's entries by currency, computed here from debits and credits."""
        found: dict[tuple[str, str], Decimal] = {}
        for account, currency, side, amount in self.rows("SELECT account, currency, side, amount FROM entries"):
            signed = amount if side == "debit" else -amount
            found[account, currency] = found.get((account, currency), Decimal(0)) + signed
        return found


def statements(text: str) -> list[str]:
    """The statements of a migration, as the migration function takes them apart."""
    without = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [one.strip() for one in re.split(r";[ \t]*(?:\n|$)", without) if one.strip()]


class SecretsManager:
    """GetSecretValue over HTTP, for a service in another process; counts its calls."""

    def __init__(self, ledger: Ledger) -> None:
        self.calls = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.calls += 1
                length = int(self.headers["Content-Length"])
                wanted = json.loads(self.rfile.read(length))["SecretId"]
                body = json.dumps({"ARN": wanted, "Name": "s", "SecretString": ledger.secret}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Nothing: pytest shows what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Answer:
    """Of the service over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """gunicorn with the service, as another process."""

    ledger: Ledger
    application: str = "payments.wsgi:app"
    extra: dict[str, str] = field(default_factory=dict)
    tls: bool = False

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.secrets = SecretsManager(self.ledger)
        self.port = free_port()
        self.log_file = Path(self.ledger.authority.parent.parent / f"service-{self.port}.log")
        environment = {
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
            **self.extra,
        }
        if self.tls:
            environment["TLS_DIRECTORY"] = str(make_key(self.log_file.with_suffix(".tls")))
        command = ["-m", "gunicorn", "--config", "python:payments.gunicorn_conf", self.application]
        self.process = subprocess.Popen([sys.executable, *command], env=environment, cwd=PROJECT / "web_src")
        deadline = time.monotonic() + 30
        while True:
            try:
                self.get("/health")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.log_file.read_text() if self.log_file.exists() else "no log") from None
                time.sleep(0.1)

    def stop(self) -> int:
        """As systemd stops it; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(40)
        self.secrets.close()
        return status

    def post(self, body: object, key: str, **headers: str) -> Answer:
        """POST /transactions with a JSON body."""
        sent = {"Content-Type": "application/json", "Idempotency-Key": key, **headers}
        return self.request("POST", "/transactions", json.dumps(body).encode(), sent)

    def get(self, path: str) -> Answer:
        """GET a path."""
        return self.request("GET", path)

    def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One request on a connection of its own."""
        if self.tls:
            connection: HTTPConnection = HTTPSConnection("127.0.0.1", self.port, timeout=40, context=unverified())
        else:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def dial(self, timeout: float = 20) -> socket.socket:
        """A connection to write to by hand."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return unverified().wrap_socket(made) if self.tls else made

    def log_lines(self) -> list[dict[str, Any]]:
        """Every line that was logged; each must be JSON."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]


def make_key(folder: Path) -> Path:
    """What the unit's ExecStartPre makes in /run/payments, made in a folder."""
    folder.mkdir(mode=0o700)
    [command] = [line for line in UNIT.splitlines() if line.startswith("ExecStartPre=")]
    words = command.removeprefix("ExecStartPre=").replace("/run/payments", str(folder)).split()
    subprocess.run(words, check=True, capture_output=True)
    return folder


def unverified() -> ssl.SSLContext:
    """A client that takes any certificate, as the load balancer does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def payment(**changes: object) -> dict[str, object]:
    """A valid body, with changes; None leaves a field out."""
    body = {"debitAccount": "acct-1", "creditAccount": "acct-2", "amount": "10.50", "currency": "USD", **changes}
    return {name: value for name, value in body.items() if value is not None}
