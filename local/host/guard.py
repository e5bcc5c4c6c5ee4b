"""Run one command and end it with its owner: ``python guard.py [options] -- command…``.

Options: ``--signal NAME`` ends the command, ``--grace SECONDS`` gives it so long for that, ``--user UID:GID`` runs it as
that user, ``--detached yes`` gives it no owner, ``--remove DIR`` removes a directory when the guard ended the command.

The guard's standard input is a pipe whose other end the owner holds. When the owner closes the pipe, ends or is killed,
the guard reads end of file and stops the command's whole process group: the given signal first, SIGKILL after the
grace. On Linux the command also dies with the guard itself. So no process outlives a test run that was killed.
Standard library only, and few imports: the guard must start in milliseconds.

``end_guard`` is for the owner: it returns when the guard, and all that ran below it, has ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

GRACE_SECONDS = 8.0
"""What a command gets for an orderly end."""

PATIENCE_SECONDS = 60.0
"""How long ``end_guard`` waits. What ends in one second on a quiet machine took twenty where twelve others wanted the
processors, half of them for removing the files."""

NOTICE_SECONDS = 3.0
"""After this time ``end_guard`` reports what it waits for."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PROC = Path("/proc")  # not on macOS

User = tuple[int, int]
"""(uid, gid)"""


def guarded_command(
    command: Sequence[str],
    *,
    stop_signal: str = "TERM",
    grace_seconds: float = GRACE_SECONDS,
    user: User | None = None,
    detached: bool = False,
    remove: Path | None = None,
) -> list[str]:
    """Return the command line that runs ``command`` under a guard.

    Args:
        command: what to run.
        stop_signal: the signal that ends it, without "SIG".
        grace_seconds: how long the guard waits before SIGKILL.
        user: who runs the command; None for this process's user.
        detached: whether the command has no owner and runs until the guard gets SIGTERM.
        remove: a directory that the guard removes after it ended the command, but not after the command ended on its own.
    """
    line = [sys.executable, "-I", "-S", str(Path(__file__)), "--signal", stop_signal, "--grace", str(grace_seconds)]
    if detached:
        line += ["--detached", "yes"]
    if remove is not None:
        line += ["--remove", str(remove)]
    if user is not None:
        line += ["--user", f"{user[0]}:{user[1]}"]
    return [*line, "--", *command]


def as_user(user: User | None) -> dict[str, Any]:
    """Return the arguments of ``subprocess`` that run a command as ``user``; none for None."""
    return {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}


def end_guard(
    guard: int,
    report: Callable[[str], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    notice_seconds: float = NOTICE_SECONDS,
) -> None:
    """End a guard, and return when it and all that ran below it have ended. Harmless if no such process exists.

    A slow machine is no failure.

    Args:
        guard: the guard's process id.
        report: gets a line after each of the two times below.
        patience_seconds: after this time the processes that remain are killed.
        notice_seconds: after this time the caller hears what it waits for.

    Raises:
        PermissionError: The guard is another user's.
    """
    running = _tree([guard])
    if guard in running:
        _signal(guard, signal.SIGTERM)
    running = _wait(running, notice_seconds)
    if running:
        report("Waiting until the databases have ended and their files are removed …")
        running = _wait(running, patience_seconds - notice_seconds)
    if running:
        report(f"What has not ended after {patience_seconds:g} s is killed now.")
        running |= _tree(running)  # with what was started meanwhile
        for pid in running:
            _signal(pid, signal.SIGKILL)
        _wait(running, patience_seconds)


def _wait(running: dict[int, float], seconds: float) -> dict[int, float]:
    """Wait for processes and return those that have not ended after so many seconds."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while running and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.2, 0.5)  # looking costs processor time, which may be what is missing
        rows = living_processes()
        running = {pid: start for pid, start in running.items() if pid in rows and abs(rows[pid][1] - start) <= 2}
    return running


def _tree(roots: Iterable[int]) -> dict[int, float]:
    """Return processes and their descendants, each with its start: a number alone may go to another process."""
    rows, tree, level = living_processes(), dict[int, float](), set(roots)
    while level:
        tree |= {pid: rows[pid][1] for pid in level if pid in rows}
        level = {pid for pid, (parent, _) in rows.items() if parent in level and pid not in tree}
    return tree


def living_processes() -> dict[int, tuple[int, float]]:
    """Return parent and start of every living process. A zombie, for which its parent has not waited, counts as ended."""
    rows = _of_proc() if _PROC.exists() else _of_ps()
    return {pid: (parent, start) for pid, parent, state, start in rows if not state.startswith("Z")}


def _of_proc() -> Iterator[tuple[int, int, str, float]]:
    """Yield number, parent, state and start (proc(5), /proc/pid/stat) of all processes; not every image has ``ps``."""
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                yield int(entry.name), int(fields[1]), fields[0], float(fields[19])


def _of_ps() -> Iterator[tuple[int, int, str, float]]:
    """Yield the same from ``ps``, which computes the start: the next look may show it a second later."""
    command = ["ps", "-A", "-o", "pid=,ppid=,stat=,lstart="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    for line in listing.stdout.splitlines():
        pid, parent, state, start = line.split(None, 3)
        yield int(pid), int(parent), state, time.mktime(time.strptime(start.strip()))


def command_of(pid: int) -> str:
    """Return a living process's command line, its words separated by blanks; "" if no such process exists."""
    if _PROC.exists():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return (_PROC / str(pid) / "cmdline").read_text(errors="replace").replace("\0", " ")  # a zombie's is empty
        return ""
    listing = subprocess.run(["ps", "-ww", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False)
    return listing.stdout


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _die_with(guard: int) -> None:
    """Let this process die with the guard. Runs in the command's process before the command does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # the guard died before the call
            os._exit(1)


def _run(
    command: Sequence[str],
    stop_signal: signal.Signals,
    user: User | None,
    *,
    grace_seconds: float,
    detached: bool,
    remove: str | None,
) -> int:
    """Run the command until it ends or must end; return its exit code."""
    asked_to_stop = threading.Event()
    # Before the command exists: an owner that ends the guard at once would leave the command to die a moment later.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=functools.partial(_die_with, os.getpid()),  # safe: the guard has one thread at this point
        **as_user(user),
    )

    def watch_owner() -> None:
        while os.read(0, 4096):
            pass
        asked_to_stop.set()

    def end_when_asked() -> None:
        asked_to_stop.wait()
        _end_group(process, stop_signal, grace_seconds)

    threading.Thread(target=end_when_asked, daemon=True).start()
    if not detached:
        threading.Thread(target=watch_owner, daemon=True).start()
    code: int = process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    if remove is not None and asked_to_stop.is_set():
        shutil.rmtree(remove, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _end_group(process: subprocess.Popen[bytes], stop_signal: signal.Signals, grace_seconds: float) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        _signal_group(process.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # the group is empty (macOS reports EPERM for a group of zombies)


def _main(arguments: list[str]) -> int:
    stop_signal, grace_seconds, user, detached, remove = signal.SIGTERM, GRACE_SECONDS, None, False, None
    while arguments and arguments[0] != "--":
        option, value = arguments.pop(0), arguments.pop(0)
        if option == "--signal":
            stop_signal = signal.Signals["SIG" + value]
        elif option == "--grace":
            grace_seconds = float(value)
        elif option == "--user":
            uid, gid = value.split(":")
            user = (int(uid), int(gid))
        elif option == "--detached":
            detached = value == "yes"
        elif option == "--remove":
            remove = value
        else:
            raise SystemExit(f"guard: unknown option {option}")
    return _run(arguments[1:], stop_signal, user, grace_seconds=grace_seconds, detached=detached, remove=remove)


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
