"""The tree of the functions' errors is as ``common`` draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import balancer_logs.handler
import common
import housekeeping.handler
import ingest.handler
import log_alerts.handler
import migrate.handler
import migrate_mysql.handler
import process.handler
import query.handler
import rotate_secret.handler
import sessions.handler
from common.errors import FunctionError

HANDLERS = (
    *(balancer_logs.handler, housekeeping.handler, ingest.handler, log_alerts.handler, migrate.handler),
    *(migrate_mysql.handler, process.handler, query.handler, rotate_secret.handler, sessions.handler),
)


def tree(error: type[Exception], depth: int = 0) -> Iterator[tuple[int, str, str]]:
    """Depth, name and module of an error and of those that derive from it."""
    yield depth, error.__name__, error.__module__.removeprefix("common.")
    for derived in error.__subclasses__():
        yield from tree(derived, depth + 1)


def test_the_tree_in_the_docstring_is_that_of_the_code() -> None:
    assert all(module.handler for module in HANDLERS), "importing them defines every error"
    lines = re.findall(r"^ {4}([│├└─ ]*)(\w+Error) +([\w.]+)$", common.__doc__ or "", re.MULTILINE)
    assert sorted((len(branch) // 4, name, module) for branch, name, module in lines) == sorted(tree(FunctionError))
