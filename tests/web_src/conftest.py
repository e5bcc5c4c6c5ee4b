"""Fixtures: a MariaDB with TLS and the migrated tables, and the service over it, in this process or in its own."""

from __future__ import annotations

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
from tests.support.folders import server_folder
from tests.web_src.support.ledger import Ledger
from tests.web_src.support.service import Service


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The folder of the database server."""
    with server_folder("payments-test-") as path:
        yield path


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Ledger]:
    """The database server of a module's tests."""
    programs_or_skip(servers.MARIADB)
    ledger = Ledger(folder)
    ledger.start()
    ledger.migrate()
    yield ledger
    ledger.stop()


@pytest.fixture
def ledger(server: Ledger) -> Ledger:
    """The server with empty tables and the service's first user."""
    server.reset()
    return server


@pytest.fixture
def database(ledger: Ledger) -> Iterator[Database]:
    """The service's own access to the database, in this thread."""
    service_database = Database(ledger.credential_cache(), ledger.connect)
    yield service_database
    service_database.close()


@pytest.fixture
def client(database: Database, ledger: Ledger) -> FlaskClient:
    """The service without an HTTP server, over the real database."""
    return create_app(Store(database), Health(database.credentials, ledger.connect)).test_client()


@pytest.fixture(scope="module")
def running(server: Ledger) -> Iterator[Service]:
    """The service as a process, started as the unit starts it."""
    server.reset()
    service = Service(server)
    service.start()
    yield service
    service.stop()
