"""One embedded AWS and one deployed sample stack for all tests of a worker."""

from __future__ import annotations

import pytest

from local.cloud import EmbeddedCloud
from local.testing import embedded_cloud
from tests.local.support.sample import SampleStack
from tests.local.support.stacks import Outcome

__all__ = ["cloud", "embedded_cloud", "sample", "sample_stack"]


@pytest.fixture(scope="session")
def cloud(embedded_cloud: EmbeddedCloud) -> EmbeddedCloud:
    return embedded_cloud


@pytest.fixture(scope="session")
def sample_stack(cloud: EmbeddedCloud) -> SampleStack:
    return SampleStack(cloud)


@pytest.fixture(scope="session")
def sample(sample_stack: SampleStack) -> Outcome:
    """The sample stack under the suffix ``dev``; tests that change or delete deploy their own suffix."""
    outcome = sample_stack.deploy("dev")
    assert outcome.status == "CREATE_COMPLETE", outcome.failures
    return outcome
