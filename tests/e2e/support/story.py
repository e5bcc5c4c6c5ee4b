"""Stories: modules whose tests build on each other.

A test on which all later tests build opens an act and has the marker ``act("the deployment")``. Where it fails, the later tests
of its module skip, and their reason names it. ``conftest.py`` imports the fixture and the hooks of this module.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup", "story"]


@dataclass
class Story:
    """What the tests of a module pass on to later tests.

    Attributes:
        failure: The failed act and its test; empty while none has failed.
        outliving: The entries of each store of the embedded AWS that exist before the platform, and so outlive it.
    """

    failure: str = ""
    outliving: dict[str, list[str]] = field(default_factory=dict)


_STORY = pytest.StashKey[Story]()


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest) -> Story:
    """The story of the module."""
    return _story_of(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test after a failed act, before its fixtures start a server."""
    if failure := _story_of(item).failure:
        pytest.skip(failure)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record an act that fails, or a fixture of it."""
    report = yield
    act = item.get_closest_marker("act")
    if act is not None and report.failed:
        _story_of(item).failure = f"{act.args[0]} failed: see {item.name}"
    return report


def _story_of(node: pytest.Item | pytest.Module) -> Story:
    module = node.getparent(pytest.Module)
    assert module is not None
    return module.stash.setdefault(_STORY, Story())
