"""The payment service's database in the tests: a MariaDB server with TLS, the migrated tables and the service's users."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql

from local.databases.mariadb import MariaDb
from local.host.certificates import ensure_certificates
from payments import database
from payments.secret import CredentialCache, Credentials
from tests.web_src.support.paths import MIGRATIONS

TABLES = ("entries", "transactions", "idempotency_keys")  # in the order in which foreign keys allow to empty them
# As the head of 0001_payments.sql and the README state them.
GRANTS = [f"GRANT SELECT, INSERT ON payments.{table} TO {{user}}" for table in TABLES]
NO_SUCH_THREAD = 1094  # MySQL's error number for KILL with the id of a connection that has ended
_SERVICE_CONNECTIONS = "SELECT id FROM information_schema.processlist WHERE user LIKE 'payments%%'"
_UNEQUAL_ENTRIES = (
    "SELECT t.id FROM transactions t JOIN entries d ON d.transaction_id = t.id AND d.side = 'debit'"
    " JOIN entries c ON c.transaction_id = t.id AND c.side = 'credit'"
    " WHERE d.account <> t.debit_account OR c.account <> t.credit_account OR d.amount <> c.amount"
)


class Ledger:
    """The database server. It listens on the same port after each start.

    Attributes:
        tls: The TLS context that trusts the server's certificate.
        secret: The text that Secrets Manager holds.
        secret_reads: How often ``read_secret`` was called since the last reset.
    """

    def __init__(self, folder: Path) -> None:
        self._certificates = ensure_certificates(folder / "certificates")
        self._folder = folder / "mariadb"
        self.server = self._server_on(port=0)
        self.tls = database.verified_tls(self._certificates.authority)
        self.secret = ""
        self.secret_reads = 0
        self._superuser: database.MySqlConnection | None = None

    @property
    def authority(self) -> Path:
        """The file with the certificate authority that issued the server's certificate."""
        return self._certificates.authority

    def start(self) -> None:
        """Start the server, for the first time or again."""
        self.server.start()

    def stop(self) -> None:
        """Stop the server. The data stays, and the next start uses the same port."""
        port = self.server.port
        self._superuser = None
        self.server.stop()
        self.server = self._server_on(port)

    def _server_on(self, port: int) -> MariaDb:
        issued = self._certificates
        return MariaDb(
            self._folder, certificate=issued.certificate, key=issued.key, authority=issued.authority, port=port
        )

    def migrate(self) -> None:
        """Apply the migrations, statement by statement."""
        with self.server.administer() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS payments CHARACTER SET utf8mb4")
        for path in sorted(MIGRATIONS.glob("*.sql")):
            with self.server.administer("payments") as connection, connection.cursor() as cursor:
                for statement in statements(path.read_text(encoding="utf-8")):
                    cursor.execute(statement)

    def reset(self) -> None:
        """Empty the tables and create the service's first user anew."""
        self.empty()
        self.set_user("payments", "first-password")
        self.execute("DROP USER IF EXISTS payments_clone")
        self.set_secret("payments", "first-password")
        self.secret_reads = 0

    def empty(self) -> None:
        """Empty the tables."""
        self.execute(*(f"DELETE FROM {table}" for table in TABLES))

    def set_user(self, user: str, password: str) -> None:
        """Create a user of the service or change its password, as the rotation function does."""
        self.execute(
            f"CREATE USER IF NOT EXISTS {user}@'%' REQUIRE SSL",
            f"ALTER USER {user}@'%' IDENTIFIED BY '{password}' REQUIRE SSL",
            *(grant.format(user=f"{user}@'%'") for grant in GRANTS),
        )

    def set_secret(self, user: str, password: str) -> None:
        """Store the credentials that the secret holds from now on."""
        content = {"engine": "mysql", "host": "127.0.0.1", "port": self.server.port, "dbname": "payments"}
        self.secret = json.dumps({**content, "username": user, "password": password})

    def kill_connections(self) -> int:
        """End each connection of the service's users, busy or idle, and return how many there were."""
        ids = [row[0] for row in self.query(_SERVICE_CONNECTIONS)]
        for connection_id in ids:
            # A connection may end on its own in the meantime.
            self.execute(f"KILL CONNECTION {connection_id}", ignore=NO_SUCH_THREAD)
        return len(ids)

    def execute(self, *statements: str, ignore: int = 0) -> None:
        """Execute statements as the superuser; ``ignore`` is the number of a MySQL error that does not count."""
        with self._superuser_connection().cursor() as cursor:
            for statement in statements:
                try:
                    cursor.execute(statement)
                except pymysql.MySQLError as error:
                    if error.args[0] != ignore:
                        raise

    def query(self, statement: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that the superuser makes."""
        with self._superuser_connection().cursor() as cursor:
            cursor.execute(statement, arguments)
            return list(cursor.fetchall())

    def _superuser_connection(self) -> database.MySqlConnection:
        """Keep one connection, because opening one takes twenty times as long as a statement."""
        self._superuser = self._superuser or self.server.administer("payments")
        return self._superuser

    def read_secret(self) -> str:
        """Stand in for Secrets Manager, for a service in this process."""
        self.secret_reads += 1
        return self.secret

    def credential_cache(self) -> CredentialCache:
        """Return a new cache over the secret."""
        return CredentialCache(self.read_secret)

    def connect(self, credentials: Credentials) -> database.MySqlConnection:
        """Connect as the service does, but trust the tests' own certificate authority."""
        return database.connect(credentials, self.tls)

    def counts(self) -> tuple[int, int, int]:
        """Return the number of rows in idempotency_keys, transactions and entries."""
        keys, transactions, entries = (self.query(f"SELECT COUNT(*) FROM {table}")[0][0] for table in reversed(TABLES))
        return keys, transactions, entries

    def assert_balanced(self) -> None:
        """Assert that each key has its transaction, each transaction two equal entries, and each currency sums to zero."""
        keys, transactions, entries = self.counts()
        assert keys == transactions
        assert entries == 2 * transactions
        sums = self.query("SELECT currency, SUM(signed_amount) FROM entries GROUP BY currency")
        assert [row for row in sums if row[1] != 0] == []
        assert self.query(_UNEQUAL_ENTRIES) == []

    def totals(self) -> dict[tuple[str, str], Decimal]:
        """Return the sum of the entries of each account and currency, computed here from debits and credits."""
        sums: dict[tuple[str, str], Decimal] = {}
        for account, currency, side, amount in self.query("SELECT account, currency, side, amount FROM entries"):
            signed = amount if side == "debit" else -amount
            sums[account, currency] = sums.get((account, currency), Decimal(0)) + signed
        return sums


def statements(text: str) -> list[str]:
    """Split a migration as the migration function does: each statement ends with a semicolon at the end of a line."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    parts = (part.strip() for part in re.split(r";[ \t]*(?:\n|$)", code))
    return [part for part in parts if part]
