"""Processes that end with their owner, and commands as the user that database servers run as."""

from __future__ import annotations

import atexit
import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.host.errors import StartError
from local.host.guard import GRACE_SECONDS, User, as_user, guarded_command

_PATIENCE_SECONDS = GRACE_SECONDS + 4
"""How long ``stop`` waits for the guard, which kills the command after its grace."""
_DETACHED: list[subprocess.Popen[bytes]] = []
"""Guards that may outlive this process. Python warns of a running process that it collects; these run on purpose."""


@atexit.register
def _let_go() -> None:
    """Take the guards that still run for ended, when this process ends, so that Python does not warn of them."""
    for guard in _DETACHED:
        if guard.poll() is None:
            guard.returncode = 0


@dataclass(frozen=True)
class GuardedProcess:
    """A command under a guard (``local.host.guard``): it ends when ``stop`` is called or when this process ends.

    Attributes:
        guard: the guard's process.
    """

    guard: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        log_file: Path,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        user: User | None = None,
        stop_signal: str = "TERM",
        grace_seconds: float = GRACE_SECONDS,
        detached: bool = False,
        remove: Path | None = None,
    ) -> GuardedProcess:
        """Start a command in a session of its own.

        Args:
            command: what to run.
            log_file: gets what the command prints, after what the file holds already.
            environment: the command's environment; None for this process's.
            directory: the command's working directory; None for this process's.
            user: who runs the command; None for this process's user.
            stop_signal: the signal that ends it, without "SIG".
            grace_seconds: how long the guard waits before SIGKILL.
            detached: whether the command outlives this process.
            remove: a directory that the guard removes after it ended the command.
        """
        guarded = guarded_command(
            command, stop_signal=stop_signal, grace_seconds=grace_seconds, user=user, detached=detached, remove=remove
        )
        with log_file.open("ab") as log:
            guard = subprocess.Popen(
                guarded,
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=directory,
                start_new_session=True,
            )
        if detached:
            _DETACHED.append(guard)
        return cls(guard)

    @property
    def pid(self) -> int:
        """The guard's process id."""
        return self.guard.pid

    @property
    def exit_code(self) -> int | None:
        """The command's exit code; None while it runs."""
        return self.guard.poll()

    @property
    def is_running(self) -> bool:
        """Whether the command has not ended."""
        return self.guard.poll() is None

    def release(self) -> None:
        """Close the guard's pipe, which makes it end the command."""
        if self.guard.stdin is not None:
            self.guard.stdin.close()

    def stop(self) -> None:
        """End the command and return when it has ended; kill the guard if that takes too long."""
        self.release()
        try:
            self.guard.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.guard.kill()
            self.guard.wait()


def unprivileged_user(product: str, *names: str) -> User | None:
    """Return the user that a server runs as: None for this one, another one if this is root, which servers reject.

    Args:
        product: the server, for the error.
        *names: users to look for, the best first.

    Raises:
        StartError: This is root, and none of the users exists.
    """
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise StartError(product, f"it does not run as root, and there is no user {' or '.join(names)}")


def run_as(
    user: User | None, command: Sequence[str | Path], directory: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user and return it with its output, whatever its exit code is."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=environment,
        **as_user(user),
    )


def give(path: Path, user: User | None) -> None:
    """Make a user the owner of a file or directory; None leaves it to this one."""
    if user is not None:
        os.chown(path, *user)
