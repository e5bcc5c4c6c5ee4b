"""Ties each test of this folder to the row of the table that has its name, and shares what is slow to start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.recorder import Recorder, recording_function
from tests.local.conformance.support.tables import all_rows

FOLDER = Path(__file__).parent
TABLE_TESTS = "test_table.py"
"""Tests of the table itself, which need no row."""

EXPECTED = (AssertionError, ClientError, psycopg.Error)
"""How a test fails that shows a difference. Any other error is a fault of the test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the tests of rows with a difference to fail, so that a test that passes asks for a new row."""
    rows = {f"test_{row.id}": row for row in all_rows()}
    for item in items:
        if FOLDER not in item.path.parents or item.path.name == TABLE_TESTS:
            continue
        row = rows.get(item.name)
        if row is None:
            raise pytest.UsageError(
                f"{item.nodeid} has no row: add one to tests/local/conformance/support/rows, or rename it."
            )
        if row.difference is not None:
            item.add_marker(pytest.mark.xfail(strict=True, raises=EXPECTED, reason=row.difference.emulator))


@pytest.fixture(scope="session")
def recorder(cloud: EmbeddedCloud) -> Iterator[Recorder]:
    """A function that records its events and answers custom resources."""
    with recording_function(cloud) as recorder:
        yield recorder
