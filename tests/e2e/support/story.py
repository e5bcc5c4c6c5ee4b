"""Tests that build on each other: where one fails on which the later ones of its module build, those skip and name it.

Such a test opens an act and is marked ``act("the deployment")``. A module of such tests is a story. ``conftest.py`` imports the
fixture and the hooks of this module, which then apply to the tests beside it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup", "story"]


@dataclass
class Story:
    """What the tests of a module hand on to those after them.

    Attributes:
        failure: The first failed act with the name of its test, and "" as long as there is none.
        outliving: What exists in each store of the embedded AWS before the platform does, and so outlives it.
    """

    failure: str = ""
    outliving: dict[str, list[str]] = field(default_factory=dict)


_STORY = pytest.StashKey[Story]()


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest) -> Story:
    """The story that the module tells."""
    return _story_of(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test after a failed act, before any fixture starts a server for it."""
    if failure := _story_of(item).failure:
        pytest.skip(failure)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes an act that fails, also where one of its fixtures does."""
    report = yield
    act = item.get_closest_marker("act")
    if act is not None and report.failed:
        _story_of(item).failure = f"{act.args[0]} failed: see {item.name}"
    return report


def _story_of(node: pytest.Item | pytest.Module) -> Story:
    module = node.getparent(pytest.Module)
    assert module is not None
    return module.stash.setdefault(_STORY, Story())
