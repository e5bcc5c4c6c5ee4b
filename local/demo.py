"""`make demo`: the whole platform on the embedded AWS, by the commands that a platform engineer types.

Every step is the real command, run as its own process against the embedded AWS; what it prints is shown, long lists cut.
While it is at work, a line says so (`local.host.progress`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.errors import SettingsError
from deploy.settings import Deployment, Project, load_deployment
from entry import INTERRUPTED
from local.cloud import START_TIMEOUT, EmbeddedCloud
from local.demos import USES
from local.host.errors import Interruption, PlatformError, StateError
from local.host.guard import guarded_command
from local.host.progress import Progress, ticking

PROJECT = Path(__file__).resolve().parent.parent
STATE_FILE = PROJECT / ".local" / "state.json"
PLATFORM, ENVIRONMENT = "trading", "dev"
"""The defaults, as the Makefile has them."""

STEP_GRACE = 2.0
"""Seconds that an interrupted step gets: what it does in the embedded AWS is not undone by waiting for it."""


class StepError(PlatformError):
    """A command of the demo failed; its output stands above."""

    def __init__(self, command: Sequence[str], code: int) -> None:
        self.command, self.code = tuple(command), code
        super().__init__(f"`{' '.join(command)}` ended with exit code {code}; what it said stands above")


@dataclass
class Demo:
    """One run of the demo: the cloud, the deployment, and how long each step took in seconds."""

    cloud: EmbeddedCloud
    deployment: Deployment
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        return self.deployment.platform

    @property
    def environment(self) -> str:
        return self.deployment.environment

    @property
    def stack(self) -> str:
        return self.deployment.stack_name

    @property
    def is_protected(self) -> bool:
        return self.deployment.termination_protection

    @property
    def parameters(self) -> dict[str, str]:
        """What the environment's parameter file gives; nothing of one that the deployer will refuse."""
        try:
            document: Any = json.loads(Project(PROJECT).parameters(self.platform, self.environment).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        given = document.get("Parameters") if isinstance(document, dict) else None
        return dict(given) if isinstance(given, dict) else {}

    def run(self, title: str, *arguments: str, head: int = 0, tail: int = 12) -> str:
        """Runs a command of the project and shows the beginning and the end of what it prints; gives all of it."""
        command = ["python", *arguments]
        print(f"\n--- {title}\n$ {' '.join(command)}", flush=True)
        with self._step(title) as progress:
            code, said = run_step(arguments, only_embedded(self.cloud), progress)
        lines = said.rstrip().splitlines()
        if code:
            print(said)
            raise StepError(command, code)
        hidden = len(lines) - head - tail
        shown = lines if hidden <= 0 else [*lines[:head], f"  … {hidden} lines …", *lines[-tail:]]
        print("\n".join(shown), flush=True)
        return said

    def use(self) -> str:
        """Uses the platform as a client; gives what came of it."""
        with self._step("Use it") as progress, contextlib.redirect_stdout(progress):
            return USES[self.platform].run(self.cloud, self.stack)

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[Progress]:
        begun = time.monotonic()
        progress = Progress.on(sys.stdout, title)
        with ticking(progress):
            yield progress
        self.seconds[title] = time.monotonic() - begun

    def deploy(self, title: str, command: str, *options: str, head: int = 0, tail: int = 12) -> str:
        """One step of the deployer."""
        target = ("--platform", self.platform, "--environment", self.environment)
        return self.run(title, "-m", "deploy", command, *target, *options, head=head, tail=tail)


def only_embedded(cloud: EmbeddedCloud) -> dict[str, str]:
    """The environment for commands that must reach the embedded AWS and nothing else, whatever profile a person has set."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | cloud.environment()


def run_step(arguments: Sequence[str], environment: Mapping[str, str], progress: Progress) -> tuple[int, str]:
    """Runs Python with the arguments; gives its exit code and all that it printed, of which `progress` hears.

    A guard ends it with all its children when this process is interrupted or ends. It has a session of its own: a
    terminal's Ctrl-C does not reach it, so it has nothing to say about that.
    """
    guarded = guarded_command([sys.executable, *arguments], stop_signal="INT", grace=STEP_GRACE)
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
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            progress.heard(line)
        return process.wait(), "".join(lines)
    except BaseException:
        process.communicate()  # closes the guard's input, which makes it end the step, and drops what the step still says
        raise


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo; 0 when everything did what it should."""
    options = _parser().parse_args(argv)
    try:
        deployment = load_deployment(Project(PROJECT), options.platform, options.environment)
        return _run(deployment, stop_it=options.stop)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except PlatformError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interruption:
        again = make("demo", options.platform, options.environment)
        print(f"\n{str(interruption) or what_goes_on(STATE_FILE, again)}", file=sys.stderr)
        return INTERRUPTED


def _run(deployment: Deployment, *, stop_it: bool) -> int:
    missing = USES[deployment.platform].needs()
    if missing is not None:
        print(f"The demo of {deployment.platform} cannot run here: {missing}", file=sys.stderr)
        return 1
    begun = time.monotonic()
    demo = Demo(_running_cloud(), deployment)
    USES[demo.platform].prepare(demo.cloud, demo.parameters)
    deploy(demo)
    result = demo.use()
    demo.deploy("Outputs", "outputs", tail=20)
    second_plan(demo)
    if stop_it:
        destroy(demo)
    _summarise(demo, result, time.monotonic() - begun, stopped=stop_it)
    return 0


def make(target: str, platform: str, environment: str) -> str:
    """The command for a platform and environment, which are named where they are not the Makefile's defaults."""
    words = ["make", target]
    words += [f"PLATFORM={platform}"] if platform != PLATFORM else []
    words += [f"ENV={environment}"] if environment != ENVIRONMENT else []
    return " ".join(words)


def what_goes_on(state: Path, again: str) -> str:
    """The sentence for Ctrl-C: what keeps running, and what to type next."""
    try:
        cloud = EmbeddedCloud.load(state) if state.exists() else None
    except StateError as error:
        return f"Interrupted. {error}"
    if cloud is None or not cloud.is_alive():
        return "Interrupted. Nothing keeps running."
    next_ = f"`{again}` continues with it, `make down` stops it."
    return f"Interrupted. The embedded AWS goes on running at {cloud.endpoint}; {next_}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local demo", description=__doc__)
    parser.add_argument("--platform", default=PLATFORM, choices=tuple(USES))
    parser.add_argument(
        "--environment", default=ENVIRONMENT, help="an environment of params/<platform>/ (default: dev)"
    )
    parser.add_argument("--stop", action="store_true", help="destroy the platform and stop the embedded AWS at the end")
    return parser


def _running_cloud() -> EmbeddedCloud:
    """The embedded AWS that runs, or a new one, which stays for looking around."""
    print("--- Embedded AWS", flush=True)
    if STATE_FILE.exists():
        cloud = EmbeddedCloud.load(STATE_FILE)
        if _answers(cloud):
            print(f"It runs already at {cloud.endpoint}.")
            return cloud
        if cloud.is_alive():
            print(f"The one at {cloud.endpoint} does not answer: it is stopped first.", flush=True)
        stop(cloud, STATE_FILE)
    begun = time.monotonic()
    cloud = EmbeddedCloud(detached=True)
    with ticking(Progress.on(sys.stdout, "Embedded AWS")):
        cloud.start(STATE_FILE)
    print(f"Emulator and databases are healthy at {cloud.endpoint} ({time.monotonic() - begun:.1f} s).")
    return cloud


def _answers(cloud: EmbeddedCloud) -> bool:
    """Whether it answers; one that is there gets the time that a start may take, because somebody may just start it."""
    deadline = time.monotonic() + START_TIMEOUT
    with ticking(Progress.on(sys.stdout, f"Waiting for the one at {cloud.endpoint}")):
        while not (answers := cloud.is_running()) and cloud.is_alive() and time.monotonic() < deadline:
            time.sleep(0.2)
    return answers


def stop(cloud: EmbeddedCloud, state: Path) -> None:
    """Stops the cloud and removes its state file. Raises Interruption for Ctrl-C, which does not keep it from ending."""
    try:
        cloud.stop(lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        raise Interruption("Interrupted. The embedded AWS ends by itself; `make down` waits until it has.") from None
    state.unlink(missing_ok=True)


def deploy(demo: Demo) -> None:
    """From the builders to the running platform: nothing is executed that was not planned and reviewed."""
    demo.run("Generate the templates", "generate.py", "--platform", demo.platform, tail=14)
    demo.run("Lint them", "-m", "gate", tail=3)
    demo.deploy("Artifact bucket", "bootstrap", "--yes", tail=1)
    demo.deploy("Package and plan a nested change set", "plan", "--wheels", "host", head=9, tail=1)
    demo.deploy("Review it", "review", head=22, tail=1)
    demo.deploy("Execute exactly that plan", "execute", "--yes", head=4, tail=20)


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
    stop(demo.cloud, STATE_FILE)


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
    print(f"\n{look_around(demo.deployment, has_cli=shutil.which('aws') is not None)}")


def look_around(deployment: Deployment, *, has_cli: bool) -> str:
    """What to type after the demo, in an order in which it works; nothing that a shell would take for a comment."""
    platform, environment = deployment.platform, deployment.environment
    lines = [f"aws cloudformation describe-stack-resources --stack-name {deployment.stack_name}"] if has_cli else []
    lines.append(make("outputs", platform, environment))
    lines += [] if deployment.termination_protection else [make("destroy", platform, environment)]
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
