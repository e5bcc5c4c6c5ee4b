"""The functions' modules, as Lambda sees them: by their names below lambda_src."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "lambda_src"


@cache
def module(name: str) -> Any:
    """For example ``ingest.batch``. Untyped: mypy checks the functions in a run of their own, under these names."""
    if str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))
    return importlib.import_module(name)
