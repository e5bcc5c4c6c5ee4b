"""Processes that end with their owner, files for their owner alone, and ends of logs."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from local.host.errors import StartError
from local.host.files import tail, write_new
from local.host.process import GuardedProcess, run_as, unprivileged_user
from tests.local.support.processes import gone
from tests.local.support.waiting import eventually

SLEEPER = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]


def test_a_process_appends_to_its_log_until_it_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("an earlier run\n")
    process = GuardedProcess.start(SLEEPER, log)
    pid = int(eventually(lambda: log.read_text().splitlines()[1:])[0])
    assert (process.is_running, process.exit_code) == (True, None)
    process.stop()
    assert gone(pid, within_seconds=0.1)
    assert not process.is_running
    assert log.read_text() == f"an earlier run\n{pid}\n"


def test_a_process_that_ends_on_its_own_has_the_commands_exit_code(tmp_path: Path) -> None:
    process = GuardedProcess.start([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log")
    assert process.guard.wait(10) == process.exit_code == 3
    process.stop()


def test_a_command_is_returned_with_its_output_whatever_its_exit_code_is(tmp_path: Path) -> None:
    result = run_as(None, ["sh", "-c", "pwd; echo fault >&2; exit 4"], tmp_path)
    assert (result.stdout.strip(), result.stderr, result.returncode) == (str(tmp_path), "fault\n", 4)


def test_root_needs_a_user_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(
        StartError, match="Ledger DB did not start: it does not run as root, and there is no user no-one"
    ):
        unprivileged_user("Ledger DB", "no-one")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged_user("Ledger DB", "no-one") is None


def test_a_new_file_never_keeps_the_rights_of_the_old_one(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("old")
    key.chmod(0o644)
    write_new(key, b"new")
    assert (key.read_bytes(), stat.S_IMODE(key.stat().st_mode)) == (b"new", 0o600)


def test_the_end_of_a_log_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "none", 5) == ""
    (tmp_path / "log").write_text("one\ntwo\nthree\n")
    assert tail(tmp_path / "log", 2) == "two\nthree"
