"""Fixtures for tests that need the embedded AWS, a database server or a browser.

A conftest.py takes them by their names:

    from local.testing import embedded_cloud  # noqa: F401

Each pytest-xdist worker has one cloud. It starts when the first test asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.cloud import EmbeddedCloud
from local.host import browser, servers

REQUIRE = "REQUIRE_DATABASES"
"""If this variable is set to anything but 0, as in CI, a test that lacks a database fails instead of skipping."""

REQUIRE_BROWSER = "REQUIRE_BROWSER"
"""The same for a test that lacks a browser."""

LACK = "a database is missing: "
"""How the reason of such a skip begins."""


def programs_or_skip(product: servers.Product) -> servers.Programs:
    """Return the product's programs. Skip the test, or fail it, if this machine has none."""
    programs = servers.find(product)
    if programs is not None:
        return programs
    reason = f"{LACK}{product.name}"
    if _is_set(REQUIRE):
        pytest.fail(f"{reason}, and {REQUIRE} is set. `make databases` says why it is missing.", pytrace=False)
    pytest.skip(reason)


def browser_or_skip() -> browser.Browser:
    """Return the browser of this machine. Skip the test, or fail it, if there is none."""
    chromium = browser.find()
    if chromium is not None:
        return chromium
    if _is_set(REQUIRE_BROWSER):
        reason = f"a browser is missing, and {REQUIRE_BROWSER} is set. `make browser` says why it is missing."
        pytest.fail(reason, pytrace=False)
    pytest.skip("a browser is missing: `make browser` downloads it, or says why not")


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "0") not in ("", "0")


@pytest.fixture(scope="session")
def embedded_cloud() -> Iterator[EmbeddedCloud]:
    """A running cloud that all tests of this worker share. Use names of your own."""
    with EmbeddedCloud() as cloud:
        yield cloud
