"""The boundary that the layout rests on: builders never talk to AWS, the deployer never builds templates."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FORBIDDEN = {
    "builders": {"boto3", "botocore", "deploy", "local", "gate"},
    "cfn": {"boto3", "botocore", "troposphere", "awacs", "builders", "deploy", "local", "gate"},
    "review": {"boto3", "botocore", "troposphere", "awacs", "builders", "deploy", "local", "gate"},
    "deploy": {"troposphere", "awacs", "builders", "local"},
    "openapi": {"boto3", "troposphere", "awacs", "deploy", "local", "gate"},
    "gate": {"troposphere", "awacs", "builders", "boto3", "botocore", "deploy", "local"},
    "lambda_src": {"troposphere", "awacs", "builders", "deploy", "local", "gate", "payments"},
    "web_src": {"troposphere", "awacs", "builders", "deploy", "local", "gate", "common"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


@pytest.mark.parametrize("package", FORBIDDEN)
def test_packages_keep_their_boundaries(package: str) -> None:
    files = sorted((PROJECT / package).rglob("*.py"))
    assert files
    crossed = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in files
        for name in imports(path)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert not crossed


def test_generating_loads_nothing_that_talks_to_aws() -> None:
    script = "import generate, sys; print(sorted({'boto3', 'botocore', 'urllib3', 'requests'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_documents_and_reviews_load_nothing_that_talks_to_aws() -> None:
    """A module that imports one that imports botocore would pass the test of imports above."""
    script = (
        "import cfn, importlib, pkgutil, review, sys\n"
        "for package in (cfn, review):\n"
        "    for module in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):\n"
        "        importlib.import_module(module.name)\n"
        "print(sorted({'boto3', 'botocore', 'urllib3', 'deploy'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_no_module_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(PROJECT)): lines
        for package in ("builders", "cfn", "review", "deploy", "gate", "local", "lambda_src", "web_src", "bench")
        for path in (PROJECT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long


# What writes an exception's text, or the whole event, to the log.
TELLING_KEYWORDS = {"exc_info", "stack_info", "log_event", "log_uncaught_exceptions"}
TELLING_CALLS = re.compile("exception|(format|print)_(exc|exception|exception_only|last|tb|list|stack)")


def tells_texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        asks = name == "exception" and not node.args  # a future's, which logs nothing
        if TELLING_CALLS.fullmatch(name) and not asks:
            yield f"{path.name}:{node.lineno} {name}()"
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg in TELLING_KEYWORDS and not off:
                yield f"{path.name}:{node.lineno} {keyword.arg}="


@pytest.mark.requirement("T-FN-1")
def test_functions_never_log_an_exceptions_text() -> None:
    """``process`` did: a client's record, which DuckDB and PostgreSQL quote, reached the alert's mail.

    ``logger.error(…, extra=describe(error))`` tells type, code and place. The service's own formatter does so by itself.
    """
    assert not [found for path in sorted((PROJECT / "lambda_src").rglob("*.py")) for found in tells_texts(path)]


@pytest.mark.parametrize(
    ("line", "forbidden"),
    [
        ('logger.exception("failed")', True),
        ('logger.error("failed", exc_info=True)', True),
        ('logger.error("failed", exc_info=error)', True),
        ("print(traceback.format_exc())", True),
        ("traceback.print_exception(error)", True),
        ("logger.inject_lambda_context(log_event=True)(handler)", True),
        ("logger.inject_lambda_context(clear_state=True, log_event=False)(handler)", False),
        ('logger.error("failed", extra=describe(error))', False),
        ("error = future.exception()", False),
        ("frames = traceback.extract_tb(error.__traceback__)", False),
    ],
)
def test_an_exceptions_text_is_seen_on_its_way_to_the_log(line: str, forbidden: bool, tmp_path: Path) -> None:
    path = tmp_path / "handler.py"
    path.write_text(line)
    assert bool(list(tells_texts(path))) is forbidden
