"""Modules of the functions in lambda_src, by the names that they have in a function's zip."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def function_module(name: str) -> Any:
    """The module of that name, such as ``process.engine``.

    An import statement would make mypy find ``common.schema`` by two names, and fail: builders import that file as
    ``lambda_src.common.schema``.
    """
    return import_module(name)
