"""The functions' modules under the names that they have in Lambda, which begin below lambda_src."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "lambda_src"


@cache
def function_module(name: str) -> Any:
    """Import a module such as ``ingest.batch``. Untyped, because mypy checks the functions in a run of its own."""
    if str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))
    return importlib.import_module(name)
