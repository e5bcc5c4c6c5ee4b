"""Run one command and end it with its owner: `python guard.py [options] -- command…`.

Options: `--signal NAME` ends the command, `--grace SECONDS` gives it so long for that, `--user UID:GID` runs it as that
user, `--detached yes` gives it no owner, `--remove DIR` removes a directory when the command was told to end.

The guard's standard input is a pipe whose other end the owner holds. When the owner closes it, ends or is killed,
the guard reads end of file and stops the command's whole process group: the given signal first, SIGKILL after
GRACE seconds. On Linux the command also dies with the guard itself. So no process outlives a test run that was
killed. Standard library only, and few imports: the guard must start in milliseconds.

`end_guard` is for whoever started one: it returns when the guard, and all that ran below it, has ended.
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

GRACE = 8.0
"""Seconds that a command gets for an orderly end."""

PATIENCE = 60.0
"""Seconds that `end_guard` waits. What ends in one second on a quiet machine took twenty where twelve others wanted the
processors, half of them for removing the files."""

NOTICE = 3.0
"""Seconds after which whoever waits is told for what."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PROC = Path("/proc")  # not on macOS


def guarded_command(
    command: Sequence[str],
    *,
    stop_signal: str = "TERM",
    grace: float = GRACE,
    user: tuple[int, int] | None = None,
    detached: bool = False,
    remove: Path | None = None,
) -> list[str]:
    """The command line that runs `command` under a guard.

    `user` is the (uid, gid) to drop to; a `detached` command has no owner and runs until the guard gets SIGTERM;
    `remove` is removed after a command that was told to end, but not after one that ended by itself.
    """
    line = [sys.executable, "-I", "-S", str(Path(__file__)), "--signal", stop_signal, "--grace", str(grace)]
    if detached:
        line += ["--detached", "yes"]
    if remove is not None:
        line += ["--remove", str(remove)]
    if user is not None:
        line += ["--user", f"{user[0]}:{user[1]}"]
    return [*line, "--", *command]


def end_guard(guard: int, tell: Callable[[str], None], *, patience: float = PATIENCE, notice: float = NOTICE) -> None:
    """Tell a guard to end, and return when it and all that ran below it have. Harmless when there is no such process.

    A slow machine is no failure: `tell` gets a line after `notice` seconds, and another after `patience` seconds, when
    what is left is killed. Raises PermissionError when the guard is another user's.
    """
    running = _tree([guard])
    if guard in running:
        _signal(guard, signal.SIGTERM)
    running = _wait(running, notice)
    if running:
        tell("Waiting until the databases have ended and their files are removed …")
        running = _wait(running, patience - notice)
    if running:
        tell(f"What has not ended after {patience:g} s is killed now.")
        running |= _tree(running)  # with what was started meanwhile
        for pid in running:
            _signal(pid, signal.SIGKILL)
        _wait(running, patience)


def _wait(running: dict[int, float], seconds: float) -> dict[int, float]:
    """Those of the processes that have not ended after so many seconds."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while running and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.2, 0.5)  # looking costs processor time, which may be what is missing
        rows = _processes()
        running = {pid: start for pid, start in running.items() if pid in rows and abs(rows[pid][1] - start) <= 2}
    return running


def _tree(roots: Iterable[int]) -> dict[int, float]:
    """Processes and their descendants, each with the time of its start: a number alone may go to another process."""
    rows, found, below = _processes(), dict[int, float](), set(roots)
    while below:
        found |= {pid: rows[pid][1] for pid in below if pid in rows}
        below = {pid for pid, (parent, _) in rows.items() if parent in below and pid not in found}
    return found


def _processes() -> dict[int, tuple[int, float]]:
    """Parent and start of every process that lives; what has ended and was not waited for is left out."""
    rows = _of_proc() if _PROC.exists() else _of_ps()
    return {pid: (parent, start) for pid, parent, state, start in rows if not state.startswith("Z")}


def _of_proc() -> Iterator[tuple[int, int, str, float]]:
    """Number, parent, state and start (proc(5), /proc/pid/stat) of all processes; `ps` is not part of every image."""
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                yield int(entry.name), int(fields[1]), fields[0], float(fields[19])


def _of_ps() -> Iterator[tuple[int, int, str, float]]:
    """The same from `ps`, which counts from the machine's own start, and may see that a second later the next time."""
    command = ["ps", "-A", "-o", "pid=,ppid=,stat=,lstart="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    for line in listing.stdout.splitlines():
        pid, parent, state, start = line.split(None, 3)
        yield int(pid), int(parent), state, time.mktime(time.strptime(start.strip()))


def command_of(pid: int) -> str:
    """The words of a living process's command, a blank between two; "" where there is no such process."""
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
    """In the command's process, before it is the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # it died before it was said
            os._exit(1)


def _run(
    command: Sequence[str],
    stop_signal: signal.Signals,
    user: tuple[int, int] | None,
    *,
    grace: float,
    detached: bool,
    remove: str | None,
) -> int:
    asked_to_stop = threading.Event()
    # Before there is a command: whoever ends the guard at once would leave the command to die by itself, a moment later.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    identity = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=functools.partial(_die_with, os.getpid()),  # safe: the guard has one thread at this point
        **identity,  # type: ignore[call-overload]
    )

    def watch_owner() -> None:
        while os.read(0, 4096):
            pass
        asked_to_stop.set()

    def end_when_asked() -> None:
        asked_to_stop.wait()
        _end_group(process, stop_signal, grace)

    threading.Thread(target=end_when_asked, daemon=True).start()
    if not detached:
        threading.Thread(target=watch_owner, daemon=True).start()
    code: int = process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    if remove is not None and asked_to_stop.is_set():
        shutil.rmtree(remove, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _end_group(process: subprocess.Popen[bytes], stop_signal: signal.Signals, grace: float) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        _signal_group(process.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left in the group (macOS says EPERM for a group of zombies)


def _main(arguments: list[str]) -> int:
    stop_signal, grace, user, detached, remove = signal.SIGTERM, GRACE, None, False, None
    while arguments and arguments[0] != "--":
        option, value = arguments.pop(0), arguments.pop(0)
        if option == "--signal":
            stop_signal = signal.Signals["SIG" + value]
        elif option == "--grace":
            grace = float(value)
        elif option == "--user":
            uid, gid = value.split(":")
            user = (int(uid), int(gid))
        elif option == "--detached":
            detached = value == "yes"
        elif option == "--remove":
            remove = value
        else:
            raise SystemExit(f"guard: unknown option {option}")
    return _run(arguments[1:], stop_signal, user, grace=grace, detached=detached, remove=remove)


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
