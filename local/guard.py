"""Run one command and end it with its owner: `python guard.py [options] -- command…`.

Options: `--signal NAME` ends the command, `--user UID:GID` runs it as that user, `--detached yes` gives it no owner,
`--remove DIR` removes a directory when the command was told to end.

The guard's standard input is a pipe whose other end the owner holds. When the owner closes it, ends or is killed,
the guard reads end of file and stops the command's whole process group: the given signal first, SIGKILL after
GRACE seconds. On Linux the command also dies with the guard itself. So no process outlives a test run that was
killed. Standard library only, and few imports: the guard must start in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

GRACE = 8.0
"""Seconds that a command gets for an orderly end."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def guarded_command(
    command: Sequence[str],
    *,
    stop_signal: str = "TERM",
    user: tuple[int, int] | None = None,
    detached: bool = False,
    remove: Path | None = None,
) -> list[str]:
    """The command line that runs `command` under a guard.

    `user` is the (uid, gid) to drop to; a `detached` command has no owner and runs until the guard gets SIGTERM;
    `remove` is removed after a command that was told to end, but not after one that ended by itself.
    """
    line = [sys.executable, "-I", "-S", str(Path(__file__)), "--signal", stop_signal]
    if detached:
        line += ["--detached", "yes"]
    if remove is not None:
        line += ["--remove", str(remove)]
    if user is not None:
        line += ["--user", f"{user[0]}:{user[1]}"]
    return [*line, "--", *command]


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _run(
    command: Sequence[str],
    stop_signal: signal.Signals,
    user: tuple[int, int] | None,
    *,
    detached: bool,
    remove: str | None,
) -> int:
    identity = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=_die_with_parent,  # safe: the guard has one thread at this point
        **identity,  # type: ignore[call-overload]
    )
    asked_to_stop = threading.Event()

    def stop(*_: object) -> None:
        if not asked_to_stop.is_set():
            asked_to_stop.set()
            threading.Thread(target=_end_group, args=(process, stop_signal), daemon=True).start()

    def watch_owner() -> None:
        while os.read(0, 4096):
            pass
        stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if not detached:
        threading.Thread(target=watch_owner, daemon=True).start()
    code: int = process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    if remove is not None and asked_to_stop.is_set():
        shutil.rmtree(remove, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _end_group(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _signal_group(process.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left in the group (macOS says EPERM for a group of zombies)


def _main(arguments: list[str]) -> int:
    stop_signal, user, detached, remove = signal.SIGTERM, None, False, None
    while arguments and arguments[0] != "--":
        option, value = arguments.pop(0), arguments.pop(0)
        if option == "--signal":
            stop_signal = signal.Signals["SIG" + value]
        elif option == "--user":
            uid, gid = value.split(":")
            user = (int(uid), int(gid))
        elif option == "--detached":
            detached = value == "yes"
        elif option == "--remove":
            remove = value
        else:
            raise SystemExit(f"guard: unknown option {option}")
    return _run(arguments[1:], stop_signal, user, detached=detached, remove=remove)


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
