"""A small project to gate: a root with one tier and a parameter file, all without findings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gate.cli import PROJECT

DATA = Path(__file__).parent / "data"


def write_configuration(root: Path) -> None:
    """The project's own .cfnlintrc, with the own rules found from another root."""
    text = (PROJECT / ".cfnlintrc").read_text()
    assert "- gate/rules" in text
    (root / ".cfnlintrc").write_text(text.replace("- gate/rules", f"- {PROJECT / 'gate' / 'rules'}"))


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the small project that a test may spoil."""
    root = tmp_path / "demo"
    shutil.copytree(DATA / "demo", root)
    write_configuration(root)
    return root


@pytest.fixture
def edit(demo: Path) -> Callable[[str, str, str], None]:
    """Replace a text that must be there in a file of the small project."""

    def replace(name: str, old: str, new: str) -> None:
        path = demo / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    return replace
