"""The guard ends a command with its owner, however the owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from local.guard import guarded_command

SLEEPER = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]


def start(command: list[str]) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def gone(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.02)
    return False


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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
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


def test_command_that_ignores_the_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    program = f"import sys; sys.path.insert(0, {os.getcwd()!r}); from local import guard; guard.GRACE = 0.2; "
    program += f"raise SystemExit(guard._main(['--signal', 'TERM', '--', sys.executable, '-c', {stubborn!r}]))"
    guard, pid = start([sys.executable, "-c", program])
    guard.send_signal(signal.SIGTERM)
    guard.wait(5)
    assert gone(pid)


def test_exit_code_is_the_commands() -> None:
    command = guarded_command([sys.executable, "-c", "raise SystemExit(7)"])
    guard = subprocess.Popen(command, stdin=subprocess.PIPE)
    guard.wait(10)
    assert guard.returncode == 7


def test_detached_command_outlives_the_pipe() -> None:
    guard, pid = start(guarded_command(SLEEPER, detached=True))
    assert guard.stdin is not None
    guard.stdin.close()
    time.sleep(0.3)
    assert not gone(pid, within=0.1)
    guard.terminate()
    guard.wait(5)
    assert gone(pid)
