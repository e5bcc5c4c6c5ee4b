"""Fixtures for tests that need the embedded AWS. In a conftest.py:

    from local.testing import embedded_cloud  # noqa: F401

One cloud for each pytest-xdist worker, started when the first test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.cloud import EmbeddedCloud


@pytest.fixture(scope="session")
def embedded_cloud() -> Iterator[EmbeddedCloud]:
    """A running cloud, shared by all tests of this worker: use names of your own."""
    with EmbeddedCloud() as cloud:
        yield cloud
