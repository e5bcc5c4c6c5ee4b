"""What the tests of documents share: the small project of the deployer's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.support.projects import SMALL


@pytest.fixture
def small() -> Path:
    """The small project's folder, to be read only."""
    return SMALL
