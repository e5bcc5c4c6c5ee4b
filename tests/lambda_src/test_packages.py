"""What is packaged: light imports, complete locks, files in place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.requirement("T-FN-1", "T-FN-2")

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "lambda_src"
FUNCTIONS = sorted(folder.name for folder in SOURCE.iterdir() if (folder / "handler.py").is_file())


def test_the_functions_of_the_requirements_are_there() -> None:
    assert FUNCTIONS == ["housekeeping", "ingest", "log_alerts", "migrate", "process", "query", "sessions"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_nothing_heavy_before_it_is_needed(function: str) -> None:
    """boto3, DuckDB and psycopg take most of a cold start; /health and a 403 need none of DuckDB and psycopg."""
    # Powertools looks for the (empty) package botocore itself; its session is what costs.
    heavy = {"boto3", "botocore.session", "duckdb", "psycopg"}
    script = f"import sys, {function}.handler; print(*({heavy} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=SOURCE, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert run.stdout.strip() == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_requirements_are_pinned_with_hashes_and_name_no_boto3(function: str) -> None:
    wanted = (SOURCE / function / "requirements.in").read_text().split()
    locked = (SOURCE / function / "requirements.txt").read_text()
    entries = re.findall(r"^([a-z0-9-]+)==([0-9.]+)", locked, re.MULTILINE)
    assert {re.sub(r"\[.*\]", "", line) for line in wanted} <= {f"{name}=={version}" for name, version in entries}
    assert not {"boto3", "botocore"} & {name for name, _ in entries}
    for block in re.split(r"^(?=[a-z])", locked, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block


def test_every_module_stays_small() -> None:
    long = [path for path in SOURCE.rglob("*.py") if len(path.read_text().splitlines()) >= 450]
    assert long == []
