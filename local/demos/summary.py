"""What the demo says at its end: what it did, how long each step took, and what to type next."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter

from deploy.settings import Deployment
from local.demos.run import DemoRun

PLATFORM, ENVIRONMENT = "trading", "dev"
"""The defaults, as the Makefile has them."""


def make_command(target: str, platform: str, environment: str) -> str:
    """Return the ``make`` command of a target; it names platform and environment unless they are the defaults."""
    words = ["make", target]
    words += [f"PLATFORM={platform}"] if platform != PLATFORM else []
    words += [f"ENV={environment}"] if environment != ENVIRONMENT else []
    return " ".join(words)


def summarise(run: DemoRun, result: str, seconds: float, *, stopped: bool) -> None:
    """Print the summary of a run.

    Args:
        run: the run that has ended.
        result: what its client achieved, in one sentence.
        seconds: how long all of it took.
        stopped: whether the run destroyed the platform and stopped the embedded AWS.
    """
    print("\n--- In short")
    print(
        f"The {run.platform} platform was generated, linted, packaged, planned, reviewed and deployed from nested\n"
        f"templates by one change set.\n{textwrap.fill(result, 110)}\n"
        f"All of it took {seconds:.0f} seconds:"
    )
    for title, took in run.seconds.items():
        print(f"  {took:6.1f} s  {title}")
    if stopped:
        end = "It is protected against deletion" if run.is_protected else "It was destroyed, nothing of it was left"
        print(f"{end}, and the embedded AWS is down.")
        return
    recorded = Counter(entry["Type"] for entry in run.cloud.recorded())
    if recorded:
        print("The emulator has no such service or setting, so these were checked and recorded but do nothing here:")
        print("  " + ", ".join(f"{count} {kind.removeprefix('AWS::')}" for kind, count in sorted(recorded.items())))
    print(f"\n{look_around(run.deployment, has_cli=shutil.which('aws') is not None)}")


def look_around(deployment: Deployment, *, has_cli: bool) -> str:
    """Return what to type after the demo, in an order in which it works; no line looks like a shell's comment."""
    platform, environment = deployment.platform, deployment.environment
    lines = [f"aws cloudformation describe-stack-resources --stack-name {deployment.stack_name}"] if has_cli else []
    lines.append(make_command("outputs", platform, environment))
    lines += [] if deployment.termination_protection else [make_command("destroy", platform, environment)]
    lines.append("make down")
    return "\n".join(
        (
            "The embedded AWS goes on running. First point this shell at it. Without this line the lines below it reach",
            "the account that the shell's own credentials belong to:",
            '  eval "$(.venv/bin/python -m local env)"',
            "Then, in this order:",
            *(f"  {line}" for line in lines),
            "At last take its variables out of the shell; what the shell had in them before does not come back:",
            '  eval "$(.venv/bin/python -m local env --unset)"',
        )
    )
