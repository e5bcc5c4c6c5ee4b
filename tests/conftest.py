"""Hooks for all tests: a test names its requirements, and a test that lacks a database server skips and is counted.

The run ends with the ids of requirements that no test names, and with one line where a database was missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.host import servers
from local.testing import LACK, programs_or_skip
from tests.support.processes import close_pipes

TESTS = Path(__file__).parent
PROJECT = TESTS.parent
REQUIREMENTS = PROJECT / "docs" / "requirements.md"
_ROW = re.compile(r"^\| ([A-Z]+(?:-[A-Z0-9]+)+|A-\d) \|", re.MULTILINE)
_NAMED = pytest.StashKey[set[str]]()
_LACKING = pytest.StashKey[Counter[str]]()
# This precedes all imports of these modules, so that their assertions also show the values that they compare.
pytest.register_assert_rewrite(*sorted(f"tests.{path.parent.name}.support" for path in TESTS.glob("*/support*")))
SERVERS = {"embedded", "embedded_cloud", "mysql_server", "postgres", "server", "tls_server"}
"""The fixtures that start a server; a test with one of them is slow."""


@pytest.fixture(autouse=True)
def _pipes() -> Iterator[None]:
    yield
    close_pipes()


def requirement_ids() -> list[str]:
    """The ids of docs/requirements.md, in order."""
    return _ROW.findall(REQUIREMENTS.read_text(encoding="utf-8"))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NAMED] = set()
    config.stash[_LACKING] = Counter()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test or module that has the marker ``database("MariaDB")``, but no server fixture, where the server is missing."""
    for marker in item.iter_markers("database"):
        (product,) = (product for product in servers.PRODUCTS if product.name == marker.args[0])
        programs_or_skip(product)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that start a server or a browser as slow, and reject a marker with the id of an unknown requirement."""
    # The longest modules come first, so that the run does not wait for them at its end.
    items.sort(key=lambda item: "e2e" not in item.path.parts)
    known = set(requirement_ids())
    for item in items:
        starts_server = SERVERS & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("database")
        if starts_server or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.slow)
        for marker in item.iter_markers("requirement"):
            if unknown := set(marker.args) - known:
                raise pytest.UsageError(f"{item.nodeid} names unknown requirements: {', '.join(sorted(unknown))}")
            config.stash[_NAMED].update(marker.args)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Pass what a worker of pytest-xdist collected to the controller, which collects nothing itself."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        named = session.config.stash[_NAMED]
        output["requirements"] = sorted(named)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the requirements of each worker of pytest-xdist that ends; called in the controller."""
    node.config.stash[_NAMED].update(getattr(node, "workeroutput", {}).get("requirements", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print which requirements no collected test names, and count the tests that lacked each database."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if reason.startswith(LACK):
            config.stash[_LACKING][reason.removeprefix(LACK)] += 1
    named = config.stash[_NAMED]
    ids = requirement_ids()
    missing = [requirement for requirement in ids if requirement not in named]
    terminalreporter.write_sep("=", "requirements")
    terminalreporter.write_line(f"{len(ids) - len(missing)} of {len(ids)} are named by a test that was collected.")
    if missing:
        terminalreporter.write_line("No test names: " + ", ".join(missing))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the very last line, after pytest's own."""
    lacking = config.stash.get(_LACKING, Counter())
    if lacking:
        counts = ", ".join(f"{count} for {name}" for name, count in sorted(lacking.items()))
        print(f"{lacking.total()} tests lacked a database ({counts}): `make databases` downloads it, or says why not.")
