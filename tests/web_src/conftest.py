"""The payment service's tests: a MariaDB with TLS, migrated as the platform migrates it, and the service over it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from local.host import servers
from local.testing import programs_or_skip
from payments.app import create_app
from payments.database import Database
from payments.health import Health
from payments.store import Store
from tests.web_src.server import Ledger, Service


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Below /tmp, where the database's user gets to: pytest's own folders are closed to others."""
    made = Path(tempfile.mkdtemp(prefix="payments-test-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Ledger]:
    """One database server for the tests of a module."""
    programs_or_skip(servers.MARIADB)
    ledger = Ledger(folder)
    ledger.start()
    ledger.migrate()
    yield ledger
    ledger.stop()


@pytest.fixture
def ledger(server: Ledger) -> Ledger:
    """The server with empty tables and the service's user as it was first."""
    server.reset()
    return server


@pytest.fixture
def database(ledger: Ledger) -> Iterator[Database]:
    """The service's own way to the database, in this thread."""
    opened = Database(ledger.credentials(), ledger.connect)
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database, ledger: Ledger) -> FlaskClient:
    """The service without an HTTP server, over the real database."""
    return create_app(Store(database), Health(database.credentials, ledger.connect)).test_client()


@pytest.fixture(scope="module")
def running(server: Ledger) -> Iterator[Service]:
    """gunicorn with the service, as the unit starts it."""
    server.reset()
    service = Service(server)
    service.start()
    yield service
    service.stop()
