"""An embedded AWS and a copy of the project for the story of each platform, whose tests run in order on one worker."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.clients import trading
from local.cloud import EmbeddedCloud
from tests.e2e.support.site import PROJECT, Site
from tests.e2e.support.story import pytest_runtest_makereport, pytest_runtest_setup, story

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup", "story"]


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedCloud]:
    """The embedded AWS of a module, with the roles that trading's parameters name."""
    with EmbeddedCloud() as cloud:
        parameters = json.loads((PROJECT / "params" / "trading" / "dev.json").read_text("utf-8"))["Parameters"]
        trading.create_principals(cloud, parameters)
        yield cloud


@pytest.fixture(scope="module")
def site_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that is deployed."""
    root = tmp_path_factory.mktemp("site")
    for folder in ("templates", "params", "web_src"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "lambda_src").symlink_to(PROJECT / "lambda_src")
    # These caches are keyed by content, so the checkout shares them, and a later run without network has the wheels.
    for cache in ("wheels", "artifacts"):
        (PROJECT / ".deploy" / cache).mkdir(parents=True, exist_ok=True)
        (root / ".deploy").mkdir(exist_ok=True)
        (root / ".deploy" / cache).symlink_to(PROJECT / ".deploy" / cache)
    return root


@pytest.fixture
def site(
    embedded: EmbeddedCloud,
    site_root: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Site:
    """The project's copy, with an environment that reaches only the embedded AWS.

    The constant PLATFORM of the test module names the platform of the commands.
    """
    for name, value in embedded.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def read() -> tuple[str, str]:
        stdout, stderr = capsys.readouterr()
        return stdout, stderr

    return Site(site_root, embedded, read, getattr(request.module, "PLATFORM", "trading"))


@pytest.fixture
def client(site: Site) -> trading.TradingClient:
    """A client of the deployed platform."""
    return trading.TradingClient.of(site.cloud, "trading-dev")
