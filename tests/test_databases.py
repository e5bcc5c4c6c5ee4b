"""Where a machine has no database server, the tests that need one skip, and the run says how to get one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.host import servers
from local.testing import programs_or_skip

PROJECT = Path(__file__).parent.parent
NEEDS = re.compile(r"MariaDb|\bmariadb: Server|\brig: Rig|\bledger: Ledger|database\(\"|POSTGRESQL|PGAUDIT")


def modules() -> list[str]:
    """The test modules that need a server, except this one and those that look for servers themselves."""
    own = {"test_databases.py", "test_servers.py"}
    paths = [path for path in (PROJECT / "tests").rglob("test_*.py") if path.name not in own]
    return sorted(str(path.relative_to(PROJECT)) for path in paths if NEEDS.search(path.read_text("utf-8")))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a process that finds no server, whatever is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "REQUIRE_DATABASES"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *arguments],
        env={**environment, "DATABASE_PATH": ""},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_without_a_server_the_tests_that_need_one_skip_and_no_test_fails() -> None:
    """A module's fixture once started the server before its tests could skip, which gave four errors on every bare machine."""
    process = run("-m", "not matrix", *modules())
    assert process.returncode == 0, process.stdout[-3000:]
    assert not re.search(r"\d+ (failed|error)", process.stdout)
    (skipped,) = re.findall(r"(\d+) skipped", process.stdout)
    lacking = re.fullmatch(
        r"(\d+) tests lacked a database \((\d+) for MariaDB, (\d+) for PostgreSQL with TLS, "
        r"(\d+) for PostgreSQL with pgAudit\): "
        r"`make databases` downloads it, or says why not\.",
        process.stdout.splitlines()[-1],
    )
    assert lacking, process.stdout[-300:]
    assert int(lacking[1]) == int(lacking[2]) + int(lacking[3]) + int(lacking[4])
    assert int(lacking[2]) > 200
    assert int(skipped) - int(lacking[1]) <= 2, "other skips have their reason in this machine or user"


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (None, pytest.skip.Exception),
        ("", pytest.skip.Exception),
        ("0", pytest.skip.Exception),
        ("1", pytest.fail.Exception),
    ],
)
def test_where_databases_are_required_a_missing_one_fails(
    value: str | None, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI sets this, because otherwise half of its tests could skip unnoticed."""
    monkeypatch.setenv("DATABASE_PATH", "")
    monkeypatch.delenv("REQUIRE_DATABASES", raising=False)
    if value is not None:
        monkeypatch.setenv("REQUIRE_DATABASES", value)
    with pytest.raises(outcome, match="a database is missing: PostgreSQL with TLS"):
        programs_or_skip(servers.POSTGRESQL)
