"""A small project for the gate to check: a root with one tier and a parameter file, without findings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from gate.cli import PROJECT

DATA = Path(__file__).parent / "data"

Edit = Callable[[str, str, str], None]
"""Replaces a text in a file of the small project: ``edit(name, old, new)``."""


def copy_demo(root: Path) -> None:
    """Copies the small project to ``root``."""
    shutil.copytree(DATA / "demo", root)
    write_configuration(root)


def write_configuration(root: Path) -> None:
    """Writes the project's own ``.cfnlintrc``, with the absolute path of the project's rules."""
    text = (PROJECT / ".cfnlintrc").read_text()
    assert "- gate/rules" in text
    (root / ".cfnlintrc").write_text(text.replace("- gate/rules", f"- {PROJECT / 'gate' / 'rules'}"))
