"""``make demo``: the whole platform on the embedded AWS, by the commands that a platform engineer types.

Every step is the real command, run as its own process against the embedded AWS. The demo shows what a step prints and
cuts long lists. While a step is at work, a line says so (``local.host.progress``).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from deploy.errors import SettingsError
from deploy.settings import Deployment, Project, load_deployment
from entry import INTERRUPTED
from local.cloud import START_TIMEOUT_SECONDS, EmbeddedCloud
from local.demos.platforms import DEMOS
from local.demos.run import DemoRun
from local.demos.steps import StepError
from local.demos.summary import ENVIRONMENT, PLATFORM, make_command, summarise
from local.host.errors import LocalError
from local.host.progress import Progress, ticking
from local.host.project import PROJECT, STATE_FILE
from local.lifecycle import stop_and_forget, what_keeps_running


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo and return the exit code, 0 if everything worked."""
    options = _parser().parse_args(argv)
    try:
        deployment = load_deployment(Project(PROJECT), options.platform, options.environment)
        return _run(deployment, stop=options.stop)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except LocalError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interruption:
        again = make_command("demo", options.platform, options.environment)
        print(f"\n{str(interruption) or what_keeps_running(STATE_FILE, again)}", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    description = "A whole platform on the embedded AWS, by the commands that a platform engineer types."
    parser = argparse.ArgumentParser(prog="python -m local demo", description=description)
    parser.add_argument("--platform", default=PLATFORM, choices=tuple(DEMOS))
    parser.add_argument(
        "--environment", default=ENVIRONMENT, help="an environment of params/<platform>/ (default: dev)"
    )
    parser.add_argument("--stop", action="store_true", help="destroy the platform and stop the embedded AWS at the end")
    return parser


def _run(deployment: Deployment, *, stop: bool) -> int:
    demo = DEMOS[deployment.platform]
    obstacle = demo.needs()
    if obstacle is not None:
        print(f"The demo of {deployment.platform} cannot run here: {obstacle}", file=sys.stderr)
        return 1
    begun = time.monotonic()
    run = DemoRun(_running_cloud(), deployment, demo)
    demo.prepare(run.cloud, run.parameters)
    deploy(run)
    result = run.use()
    run.deploy("Outputs", "outputs", tail=20)
    plan_again(run)
    if stop:
        destroy(run)
    summarise(run, result, time.monotonic() - begun, stopped=stop)
    return 0


def deploy(run: DemoRun) -> None:
    """Deploy the platform, from the builders on. The deployer executes nothing that no person allowed."""
    run.run("Generate the templates", "generate.py", "--platform", run.platform, tail=14)
    run.run("Lint them", "-m", "gate", tail=3)
    run.deploy("Artifact bucket", "bootstrap", "--yes", tail=1)
    run.deploy("Package and plan a nested change set", "plan", "--wheels", "host", head=9, tail=1)
    run.deploy("Review it", "review", head=22, tail=1)
    run.deploy("Approve it", "approve", "--yes", tail=3)
    run.deploy("Execute exactly that plan", "execute", head=4, tail=20)


def plan_again(run: DemoRun) -> None:
    """Show that the deployer reports "no changes" instead of failing. Raises StepError if it finds changes."""
    output = run.deploy("Plan again", "plan", "--wheels", "host", tail=4)
    if "no changes" not in output.lower():
        raise StepError(("python", "-m", "deploy", "plan"), 0)


def destroy(run: DemoRun) -> None:
    """Destroy the platform, unless it has termination protection, and stop the cloud."""
    if run.is_protected:
        print(f"\n--- Destroy it\n{run.stack} has termination protection, so it goes with the embedded AWS as it is.")
    else:
        run.deploy("Destroy it", "destroy", "--yes", tail=2)
    stop_and_forget(run.cloud, STATE_FILE)


def _running_cloud() -> EmbeddedCloud:
    """Return the embedded AWS that runs, or start one, which stays for looking around."""
    print("--- Embedded AWS", flush=True)
    if STATE_FILE.exists():
        cloud = EmbeddedCloud.load(STATE_FILE)
        if _answers(cloud):
            print(f"It runs already at {cloud.endpoint}.")
            return cloud
        if cloud.is_alive():
            print(f"The one at {cloud.endpoint} does not answer: it is stopped first.", flush=True)
        stop_and_forget(cloud, STATE_FILE)
    begun = time.monotonic()
    cloud = EmbeddedCloud(detached=True)
    with ticking(Progress.on(sys.stdout, "Embedded AWS")):
        cloud.start(STATE_FILE)
    print(f"Emulator and databases are healthy at {cloud.endpoint} ({time.monotonic() - begun:.1f} s).")
    return cloud


def _answers(cloud: EmbeddedCloud) -> bool:
    """Return whether the cloud answers. If its processes exist, wait as long as a start may take: one may be under way."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    with ticking(Progress.on(sys.stdout, f"Waiting for the one at {cloud.endpoint}")):
        while not (answers := cloud.is_running()) and cloud.is_alive() and time.monotonic() < deadline:
            time.sleep(0.2)
    return answers
