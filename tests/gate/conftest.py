"""The small project of ``support.projects``, as fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.support.projects import Edit, copy_demo


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the small project that a test may change."""
    root = tmp_path / "demo"
    copy_demo(root)
    return root


@pytest.fixture
def edit(demo: Path) -> Edit:
    """Replaces a text in a file of the small project; the text must be there."""

    def replace(name: str, old: str, new: str) -> None:
        path = demo / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    return replace
