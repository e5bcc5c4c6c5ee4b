"""Folders of the project."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).parents[3]
LAMBDA_SRC = PROJECT / "lambda_src"
WEB_SRC = PROJECT / "web_src"
