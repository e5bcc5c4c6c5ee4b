"""The small project that the tests deploy."""

from __future__ import annotations

from pathlib import Path

SMALL = Path(__file__).parent / "data" / "project"
"""Its folder, to be copied before a test changes it."""
