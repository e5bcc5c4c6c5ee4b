"""One embedded AWS and one deployed sample platform for all tests of a worker."""

from __future__ import annotations

import pytest

from local.cloud import EmbeddedCloud
from local.testing import embedded_cloud
from tests.local.stacks import Outcome, Platform

__all__ = ["cloud", "embedded_cloud", "platform", "sample"]


@pytest.fixture(scope="session")
def cloud(embedded_cloud: EmbeddedCloud) -> EmbeddedCloud:
    return embedded_cloud


@pytest.fixture(scope="session")
def platform(cloud: EmbeddedCloud) -> Platform:
    return Platform(cloud)


@pytest.fixture(scope="session")
def sample(platform: Platform) -> Outcome:
    """The sample platform under the suffix `dev`; tests that change or delete deploy their own suffix."""
    outcome = platform.deploy("dev")
    assert outcome.status == "CREATE_COMPLETE", outcome.failures
    return outcome
