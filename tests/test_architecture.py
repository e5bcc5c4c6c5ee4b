"""The boundary that the layout rests on: builders never talk to AWS, the deployer never builds templates."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FORBIDDEN = {
    "builders": {"boto3", "botocore", "deploy", "local", "gate"},
    "deploy": {"troposphere", "awacs", "builders", "local"},
    "openapi": {"boto3", "troposphere", "awacs", "deploy", "local", "gate"},
    "gate": {"troposphere", "awacs", "builders", "boto3", "local"},
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


def test_no_module_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(PROJECT)): lines
        for package in ("builders", "deploy", "gate", "local", "lambda_src", "web_src", "bench")
        for path in (PROJECT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long
