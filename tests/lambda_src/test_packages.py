"""The functions' packages: light imports, complete locks, and all files."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.requirement("T-FN-1", "T-FN-2")

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "lambda_src"
FUNCTIONS = sorted(folder.name for folder in SOURCE.iterdir() if (folder / "handler.py").is_file())


def test_the_functions_of_the_requirements_exist() -> None:
    trading = {"housekeeping", "ingest", "log_alerts", "migrate", "process", "query", "sessions"}
    transactions = {"housekeeping", "log_alerts", "migrate_mysql", "rotate_secret", "balancer_logs"}
    assert set(FUNCTIONS) == trading | transactions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_nothing_heavy_before_it_is_needed(function: str) -> None:
    """boto3, DuckDB and the database drivers take most of a cold start; /health and a 403 need no driver and no DuckDB."""
    # Powertools itself looks for the package botocore, which is empty; the session takes the time.
    heavy = {"boto3", "botocore.session", "duckdb", "psycopg", "pymysql", "msgspec"}
    script = f"import sys, {function}.handler; print(*({heavy} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=SOURCE, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert run.stdout.strip() == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_requirements_are_pinned_with_hashes_and_name_no_boto3(function: str) -> None:
    requirements = (SOURCE / function / "requirements.in").read_text().split()
    locked = (SOURCE / function / "requirements.txt").read_text()
    entries = re.findall(r"^([a-z0-9-]+)==([0-9.]+)", locked, re.MULTILINE)
    assert {re.sub(r"\[.*\]", "", line) for line in requirements} <= {f"{name}=={version}" for name, version in entries}
    assert not {"boto3", "botocore"} & {name for name, _ in entries}
    for block in re.split(r"^(?=[a-z])", locked, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block


# The package must have libpq, because psycopg would also use that of this machine, which Lambda does not have.
_PSYCOPG = "import psycopg; assert psycopg.pq.__impl__ == 'binary'"
LAZY = {
    "ingest": "import msgspec",
    "process": f"import duckdb; {_PSYCOPG}",
    "query": _PSYCOPG,
    "migrate": _PSYCOPG,
    "migrate_mysql": "import pymysql",
    "rotate_secret": "import pymysql",
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_package_is_complete_without_others(function: str, tmp_path: Path) -> None:
    """The package has only the function, common, and what its lock names; on this machine it could use other packages."""
    for folder in (function, "common"):
        (tmp_path / folder).symlink_to(SOURCE / folder)
    locked = re.findall(r"^([a-z0-9-]+)==", (SOURCE / function / "requirements.txt").read_text(), re.MULTILINE)
    for distribution in (importlib.metadata.distribution(name) for name in locked):
        for top in {
            file.parts[0] for file in distribution.files or [] if not file.parts[0].startswith((".", "_pytest"))
        }:
            target, link = Path(str(distribution.locate_file(top))), tmp_path / top
            if target.exists() and not link.exists():
                link.symlink_to(target)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {function}.handler; {LAZY.get(function, '')}"
    subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)


def test_the_files_beside_the_code_exist() -> None:
    assert (SOURCE / "common" / "global-bundle.pem").stat().st_size > 100_000
    assert next(path.name for path in sorted((SOURCE / "migrate" / "sql").iterdir())) == "0001_market_data.sql"
    assert next(path.name for path in sorted((SOURCE / "migrate_mysql" / "sql").iterdir())) == "0001_payments.sql"


def test_every_module_stays_small() -> None:
    long = [path for path in SOURCE.rglob("*.py") if len(path.read_text().splitlines()) >= 450]
    assert long == []
