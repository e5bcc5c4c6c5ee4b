"""The calls of AWS that the code of a function contains, read from its source."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

from tests.builders.support.paths import LAMBDA_SRC


def calls_of(folder: str) -> set[str]:
    """The operations of boto3's clients that a function's modules mention, as ``s3.put_object``.

    An attribute counts if it is an operation of a service of which these modules have a client. So a method that is passed on
    counts too.
    """
    trees = [ast.parse(path.read_text("utf-8")) for path in _modules(folder)]
    attributes = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    services = {service for tree in trees for service in _clients(tree)}
    return {f"{service}.{name}" for service in services for name in attributes & operations(service)}


@functools.cache
def operations(service: str) -> frozenset[str]:
    """The names of the methods of a service's client that call AWS."""
    model = botocore.session.get_session().get_service_model(service)  # type: ignore[no-untyped-call]
    return frozenset(xform_name(name) for name in model.operation_names)  # type: ignore[no-untyped-call]


def _clients(tree: ast.Module) -> Iterator[str]:
    """The services in ``client("s3")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "client":
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def _modules(folder: str) -> set[Path]:
    """The modules of a function's folder, and those of ``common`` that they import, directly or through others."""
    found: set[Path] = set()
    waiting = [*(LAMBDA_SRC / folder).rglob("*.py")]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [
                module for name in _imports(path) if (module := LAMBDA_SRC / f"{name.replace('.', '/')}.py").is_file()
            ]
    return found


def _imports(path: Path) -> Iterator[str]:
    """The dotted names of the modules that a module imports."""
    package = path.parent.relative_to(LAMBDA_SRC).as_posix().replace("/", ".")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package if node.level else ""
            base = ".".join(filter(None, (start, node.module)))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
