"""The steps of the demo as processes of their own, which reach the embedded AWS and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from local.cloud import EmbeddedCloud
from local.host.errors import LocalError
from local.host.guard import guarded_command
from local.host.progress import Progress
from local.host.project import PROJECT

GRACE_SECONDS = 2.0
"""What an interrupted step gets. To wait for it would not undo what it does in the embedded AWS."""


class StepError(LocalError):
    """A command of the demo failed; its output stands above the message.

    Attributes:
        command: the command as a person types it.
        code: its exit code.
    """

    def __init__(self, command: Sequence[str], code: int) -> None:
        self.command, self.code = tuple(command), code
        super().__init__(f"`{' '.join(command)}` ended with exit code {code}; its output stands above")


def only_embedded(cloud: EmbeddedCloud) -> dict[str, str]:
    """Return this process's environment for commands that must reach ``cloud``, whatever profile a person has set."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | cloud.environment()


def run_step(arguments: Sequence[str], environment: Mapping[str, str], progress: Progress) -> tuple[int, str]:
    """Run Python with the arguments; return its exit code and all that it printed.

    A guard ends the step with all its children when this process is interrupted or ends. The step has a session of its
    own: a terminal's Ctrl-C does not reach it, so it prints nothing about that.

    Args:
        arguments: what ``python`` gets.
        environment: the step's environment.
        progress: hears each line that the step prints.
    """
    guarded = guarded_command([sys.executable, *arguments], stop_signal="INT", grace_seconds=GRACE_SECONDS)
    process = subprocess.Popen(
        guarded,
        cwd=PROJECT,
        env={**environment, "PYTHONUNBUFFERED": "1"},  # or its lines would come in blocks, long after
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    with process:  # closes the pipes at the end
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                progress.heard(line)
            return process.wait(), "".join(lines)
        except BaseException:
            process.communicate()  # closes the guard's input, so that it ends the step, and drops the step's last lines
            raise
