"""The guard ends a command with its owner, however the owner ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.host.guard import command_of, end_guard, guarded_command, living_processes
from tests.local.support.processes import gone
from tests.support.processes import popen

STUBBORN = [
    sys.executable,
    "-c",
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(os.getpid(), flush=True); time.sleep(60)",
]
SLOW = [
    sys.executable,
    "-c",
    "import os, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.6), sys.exit())); "
    "print(os.getpid(), flush=True); time.sleep(60)",
]
SLEEPER = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]


def start(command: list[str]) -> tuple[subprocess.Popen[str], int]:
    process = popen(command, start_new_session=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_command_ends_when_the_owner_closes_the_pipe() -> None:
    guard, pid = start(guarded_command(SLEEPER))
    assert guard.stdin is not None
    guard.stdin.close()
    guard.wait(5)
    assert gone(pid)


def test_command_ends_when_the_guard_gets_sigterm() -> None:
    guard, pid = start(guarded_command(SLEEPER))
    guard.terminate()
    guard.wait(5)
    assert gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a process that its parent died")
def test_command_ends_when_the_guard_is_killed() -> None:
    guard, pid = start(guarded_command(SLEEPER))
    guard.kill()
    guard.wait(5)
    assert gone(pid)


def test_children_that_the_command_left_behind_end_with_it() -> None:
    leaver = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    )
    guard, orphan = start(guarded_command([sys.executable, "-c", leaver]))
    guard.wait(5)
    assert gone(orphan)


def test_command_that_ignores_the_signal_is_killed() -> None:
    guard, pid = start(guarded_command(STUBBORN, grace_seconds=0.2))
    guard.send_signal(signal.SIGTERM)
    guard.wait(5)
    assert gone(pid)


def test_exit_code_is_the_commands() -> None:
    command = guarded_command([sys.executable, "-c", "raise SystemExit(7)"])
    guard = popen(command, stdout=None)
    guard.wait(10)
    assert guard.returncode == 7


def test_detached_command_outlives_the_pipe() -> None:
    guard, pid = start(guarded_command(SLEEPER, detached=True))
    assert guard.stdin is not None
    guard.stdin.close()
    time.sleep(0.3)
    assert not gone(pid, within_seconds=0.1)
    guard.terminate()
    guard.wait(5)
    assert gone(pid)


def test_quick_end_is_not_reported() -> None:
    guard, pid = start(guarded_command(SLEEPER, detached=True))
    lines: list[str] = []
    end_guard(guard.pid, lines.append)
    assert gone(pid, within_seconds=0.1)
    assert lines == []
    assert guard.wait(5) is not None


def test_slow_end_is_awaited_and_reported() -> None:
    """``down`` failed on a loaded machine, where the end took longer than its patience."""
    guard, pid = start(guarded_command(SLOW, detached=True))
    lines: list[str] = []
    end_guard(guard.pid, lines.append, notice_seconds=0.1)
    assert gone(pid, within_seconds=0.1)
    assert lines == ["Waiting until the databases have ended and their files are removed …"]
    assert guard.wait(5) == 0


def test_a_command_that_does_not_end_is_killed_with_its_children() -> None:
    """Below the guard runs another one, as for the emulator's databases: in a session of its own, outside of the group."""
    inner = guarded_command(STUBBORN)
    program = f"import subprocess; subprocess.Popen({inner!r}, stdin=subprocess.PIPE, start_new_session=True).wait()"
    command = [sys.executable, "-c", f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {program}"]
    guard, pid = start(guarded_command(command, detached=True))
    lines: list[str] = []
    end_guard(guard.pid, lines.append, notice_seconds=0.1, patience_seconds=0.5)
    assert gone(pid, within_seconds=0.1)
    assert lines[1:] == ["What has not ended after 0.5 s is killed now."]
    assert guard.wait(5) == -signal.SIGKILL


def test_a_guard_that_is_ended_at_once_leaves_nothing() -> None:
    """The guard started its command all the same, and the command still ran when the owner looked."""
    for pause in (0, 0.01, 0.02, 0.04, 0.08):
        guard = subprocess.Popen(guarded_command(["sleep", "61"], detached=True), start_new_session=True)
        time.sleep(pause)
        end_guard(guard.pid, print)
        guard.wait(5)
        assert not [pid for pid in living_processes() if command_of(pid).strip() == "sleep 61"]


def test_ending_a_guard_that_has_gone_is_harmless() -> None:
    guard, _ = start(guarded_command(SLEEPER))
    guard.terminate()
    guard.wait(5)
    lines: list[str] = []
    end_guard(guard.pid, lines.append)
    assert lines == []


@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps here")
def test_proc_and_ps_report_the_same_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no /proc on macOS, and no ps in small images."""
    sleeper, _ = start(SLEEPER)
    try:
        by_proc, command = living_processes()[sleeper.pid][0], command_of(sleeper.pid)
        monkeypatch.setattr("local.host.guard._PROC", Path("/nonexistent"))
        assert living_processes()[sleeper.pid][0] == by_proc == os.getpid()
        assert command_of(sleeper.pid).split() == command.split()
    finally:
        sleeper.kill()
        sleeper.wait()
    assert sleeper.pid not in living_processes()
