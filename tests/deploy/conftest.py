"""What the deployer's tests share: a copy of the small project, and clients that answer from a script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.settings import Project
from tests.deploy.support.aws import Scripted
from tests.deploy.support.projects import SMALL


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of the small project that a test may change."""
    shutil.copytree(SMALL, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """Clients on a script. At the end every answer must have been used."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    answers = Scripted()
    yield answers
    for stub in answers.stubs.values():
        stub.deactivate()
    for stub in answers.stubs.values():
        stub.assert_no_pending_responses()
