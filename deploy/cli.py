"""The commands of ``python -m deploy``, and the one place where an error becomes a message and an exit code.

Exit codes: 0 success, or nothing to do; 1 AWS rejected a call, or something remains; 2 the command, a file or a parameter
is wrong, or a confirmation is missing, and nothing was changed; 3 the plan is rejected because something changed; 4
``--fail-on`` names a finding; 5 such a finding is blocked, or a blocked change was not allowed by its name; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from cfn.errors import ActionableError
from deploy.arguments import build_parser
from deploy.console import progress
from deploy.settings import Project
from entry import INTERRUPTED, load

COMMANDS = {
    name: f"deploy.commands.{name}"
    for name in (
        "bootstrap",
        "package",
        "plan",
        "diff",
        "review",
        "approve",
        "execute",
        "outputs",
        "destroy",
        "replay",
    )
}
"""Command -> the module that has its ``run``."""

INTERRUPTED_SENTENCE = "Interrupted. Operations that started in AWS continue; repeat the command to follow them."
"""For a command that says nothing more precise."""


def main(argv: Sequence[str] | None = None, *, project: Project | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; those of the process by default.
        project: The project; this checkout by default.

    Returns:
        The exit code.
    """
    arguments = build_parser().parse_args(argv)
    project = project or Project(Path(__file__).resolve().parent.parent)
    try:
        exit_code: int = load(COMMANDS[arguments.command]).run(arguments, project)
        return exit_code
    except KeyboardInterrupt as interruption:
        progress(f"\n{str(interruption) or INTERRUPTED_SENTENCE}")
        return INTERRUPTED
    except Exception as error:
        explained = _explained(error, project)
        if explained is None:
            raise
        progress(f"error: {explained}")
        return explained.exit_code


def _explained(error: Exception, project: Project) -> ActionableError | None:
    """The error as one that a person can act upon; None if the deployer does not expect it.

    The import is here because a command without AWS does not load botocore, and so cannot raise its exceptions.
    """
    if isinstance(error, ActionableError):
        return error
    if "botocore.exceptions" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    from deploy.session import explain

    return explain(error, project.root) if isinstance(error, (ClientError, BotoCoreError)) else None
