"""Traceability: every requirement id is named by a test, and the run ends with those that none names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent
REQUIREMENTS = PROJECT / "docs" / "requirements.md"
_ROW = re.compile(r"^\| ([A-Z]+(?:-[A-Z0-9]+)+|A-\d) \|", re.MULTILINE)
_NAMED = pytest.StashKey[set[str]]()


def requirement_ids() -> list[str]:
    """The ids of docs/requirements.md, in its order."""
    return _ROW.findall(REQUIREMENTS.read_text(encoding="utf-8"))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NAMED] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A marker with an id that no requirement has is a mistake of the test's author."""
    known = set(requirement_ids())
    for item in items:
        for marker in item.iter_markers("requirement"):
            if unknown := set(marker.args) - known:
                raise pytest.UsageError(f"{item.nodeid} names unknown requirements: {', '.join(sorted(unknown))}")
            config.stash[_NAMED].update(marker.args)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands what it collected to the controller, which collects nothing itself."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["requirements"] = sorted(session.config.stash[_NAMED])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Called in the controller for each worker of pytest-xdist that ends."""
    node.config.stash[_NAMED].update(getattr(node, "workeroutput", {}).get("requirements", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which requirements the collected tests name, and which none does."""
    named = config.stash[_NAMED]
    ids = requirement_ids()
    missing = [requirement for requirement in ids if requirement not in named]
    terminalreporter.write_sep("=", "requirements")
    terminalreporter.write_line(f"{len(ids) - len(missing)} of {len(ids)} are named by a test that was collected.")
    if missing:
        terminalreporter.write_line("No test names: " + ", ".join(missing))
