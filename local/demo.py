"""`make demo`: the whole platform on the embedded AWS, by the commands that a platform engineer types.

Every step is the real command, run as its own process against the embedded AWS; what it prints is shown, long lists cut.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud import EmbeddedCloud
from local.demos import USES
from local.errors import PlatformError

PROJECT = Path(__file__).resolve().parent.parent
STATE_FILE = PROJECT / ".local" / "state.json"


class StepError(PlatformError):
    """A command of the demo failed; its output stands above."""

    def __init__(self, command: Sequence[str], code: int) -> None:
        self.command, self.code = tuple(command), code
        super().__init__(f"`{' '.join(command)}` ended with exit code {code}; what it said stands above")


@dataclass
class Demo:
    """One run of the demo: the cloud, the deployment, and how long each step took in seconds."""

    cloud: EmbeddedCloud
    platform: str
    environment: str
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        """The root stack's name, as params/<platform>/deployment.json gives it to the environment."""
        return f"{self.platform}-{self.environment}"

    @property
    def parameters(self) -> dict[str, str]:
        """What the environment's parameter file gives; nothing of one that the deployer will refuse."""
        given = self._file(f"{self.environment}.json").get("Parameters")
        return dict(given) if isinstance(given, dict) else {}

    @property
    def is_protected(self) -> bool:
        """Whether deployment.json protects the environment's stack from being deleted."""
        entry = self._file("deployment.json").get(self.environment)
        return isinstance(entry, dict) and entry.get("TerminationProtection") is True

    def _file(self, name: str) -> dict[str, Any]:
        try:
            document = json.loads((PROJECT / "params" / self.platform / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def run(self, title: str, *arguments: str, head: int = 0, tail: int = 12) -> str:
        """Runs a command of the project and shows the beginning and the end of what it prints; gives all of it."""
        command = ["python", *arguments]
        print(f"\n--- {title}\n$ {' '.join(command)}", flush=True)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=_only_embedded(self.cloud),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.seconds[title] = time.monotonic() - begun
        lines = done.stdout.rstrip().splitlines()
        if done.returncode:
            print(done.stdout)
            raise StepError(command, done.returncode)
        hidden = len(lines) - head - tail
        shown = lines if hidden <= 0 else [*lines[:head], f"  … {hidden} lines …", *lines[-tail:]]
        print("\n".join(shown), flush=True)
        return done.stdout

    def deploy(self, title: str, command: str, *options: str, head: int = 0, tail: int = 12) -> str:
        """One step of the deployer."""
        target = ("--platform", self.platform, "--environment", self.environment)
        return self.run(title, "-m", "deploy", command, *target, *options, head=head, tail=tail)


def _only_embedded(cloud: EmbeddedCloud) -> dict[str, str]:
    """The environment for commands that must reach the embedded AWS and nothing else, whatever profile a person has set."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | cloud.environment()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo; 0 when everything did what it should."""
    options = _parser().parse_args(argv)
    missing = USES[options.platform].needs()
    if missing is not None:
        print(f"The demo of {options.platform} cannot run here: {missing}", file=sys.stderr)
        return 1
    begun = time.monotonic()
    try:
        with_cloud = _running_cloud()
        demo = Demo(with_cloud, options.platform, options.environment)
        USES[demo.platform].prepare(demo.cloud, demo.parameters)
        deploy(demo)
        result = use(demo)
        second_plan(demo)
        if options.stop:
            destroy(demo)
        _summarise(demo, result, time.monotonic() - begun, stopped=options.stop)
    except PlatformError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local demo", description=__doc__)
    parser.add_argument("--platform", default="trading", choices=tuple(USES))
    parser.add_argument("--environment", default="dev", help="an environment of params/<platform>/ (default: dev)")
    parser.add_argument("--stop", action="store_true", help="destroy the platform and stop the embedded AWS at the end")
    return parser


def _running_cloud() -> EmbeddedCloud:
    """The embedded AWS that runs, or a new one, which stays for looking around."""
    print("--- Embedded AWS", flush=True)
    if STATE_FILE.exists():
        cloud = EmbeddedCloud.load(STATE_FILE)
        if cloud.is_running():
            print(f"It runs already at {cloud.endpoint}.")
            return cloud
    begun = time.monotonic()
    cloud = EmbeddedCloud(detached=True)
    cloud.start()
    cloud.save(STATE_FILE)
    print(f"Emulator and databases are healthy at {cloud.endpoint} ({time.monotonic() - begun:.1f} s).")
    return cloud


def deploy(demo: Demo) -> None:
    """From the builders to the running platform: nothing is executed that was not planned and reviewed."""
    demo.run("Generate the templates", "generate.py", "--platform", demo.platform, tail=14)
    demo.run("Lint them", "-m", "gate", tail=3)
    demo.deploy("Artifact bucket", "bootstrap", "--yes", tail=1)
    demo.deploy("Package and plan a nested change set", "plan", "--wheels", "host", head=9, tail=1)
    demo.deploy("Review it", "review", head=22, tail=1)
    demo.deploy("Execute exactly that plan", "execute", "--yes", head=4, tail=20)


def use(demo: Demo) -> str:
    """Uses the platform as a client; gives what came of it."""
    begun = time.monotonic()
    result = USES[demo.platform].run(demo.cloud, demo.stack)
    demo.seconds["Use it"] = time.monotonic() - begun
    demo.deploy("Outputs", "outputs", tail=20)
    return result


def second_plan(demo: Demo) -> None:
    """Nothing has changed, and the deployer says so instead of failing."""
    said = demo.deploy("Plan again", "plan", "--wheels", "host", tail=4)
    if "no changes" not in said.lower():
        raise StepError(("python", "-m", "deploy", "plan"), 0)


def destroy(demo: Demo) -> None:
    """Destroys the platform, where it is not protected against that, and stops the cloud."""
    if demo.is_protected:
        print(f"\n--- Destroy it\n{demo.stack} has termination protection, so it goes with the embedded AWS as it is.")
    else:
        demo.deploy("Destroy it", "destroy", "--yes", tail=2)
    demo.cloud.stop()
    STATE_FILE.unlink()


def _summarise(demo: Demo, result: str, seconds: float, *, stopped: bool) -> None:
    print("\n--- In short")
    print(
        f"The {demo.platform} platform was generated, linted, packaged, planned, reviewed and deployed from nested\n"
        f"templates by one change set.\n{textwrap.fill(result, 110)}\n"
        f"All of it took {seconds:.0f} seconds:"
    )
    for title, took in demo.seconds.items():
        print(f"  {took:6.1f} s  {title}")
    if stopped:
        gone = "It is protected against deletion" if demo.is_protected else "It was destroyed, nothing of it was left"
        print(f"{gone}, and the embedded AWS is down.")
        return
    recorded = Counter(entry["Type"] for entry in demo.cloud.recorded())
    if recorded:
        print("The emulator has no such thing, so these were checked and recorded but do nothing here:")
        print("  " + ", ".join(f"{count} {kind.removeprefix('AWS::')}" for kind, count in sorted(recorded.items())))
    print(
        "\nLook around (the embedded AWS goes on running):\n"
        '  eval "$(.venv/bin/python -m local env)"      then the AWS CLI and boto3 reach it\n'
        f"  aws cloudformation describe-stack-resources --stack-name {demo.stack}\n"
        f"  make outputs PLATFORM={demo.platform}    make destroy PLATFORM={demo.platform}    make down"
    )
