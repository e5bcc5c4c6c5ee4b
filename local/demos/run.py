"""One run of the demo on one embedded AWS."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.settings import Deployment, Project
from local.cloud import EmbeddedCloud
from local.demos.platform_demo import PlatformDemo
from local.demos.steps import StepError, only_embedded, run_step
from local.host.progress import Progress, ticking
from local.host.project import PROJECT


@dataclass
class DemoRun:
    """One run of the demo.

    Attributes:
        cloud: the embedded AWS that the steps reach.
        deployment: the environment that the demo deploys.
        demo: the platform's part.
        seconds: how long each step took, by title.
    """

    cloud: EmbeddedCloud
    deployment: Deployment
    demo: PlatformDemo
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """The platform's name."""
        return self.deployment.platform

    @property
    def stack(self) -> str:
        """The root stack's name."""
        return self.deployment.stack_name

    @property
    def is_protected(self) -> bool:
        """Whether the stack has termination protection."""
        return self.deployment.termination_protection

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters in the environment's file; none if the deployer will reject the file."""
        path = Project(PROJECT).parameters(self.platform, self.deployment.environment)
        try:
            document: Any = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        parameters = document.get("Parameters") if isinstance(document, dict) else None
        return dict(parameters) if isinstance(parameters, dict) else {}

    def run(self, title: str, *arguments: str, head: int = 0, tail: int = 12) -> str:
        """Run a command of the project, show its first and last lines, and return all of its output.

        Args:
            title: the step's heading.
            *arguments: what ``python`` gets.
            head: how many of the first lines to show.
            tail: how many of the last lines to show.

        Raises:
            StepError: The command failed; all of its output is shown.
        """
        command = ["python", *arguments]
        print(f"\n--- {title}\n$ {' '.join(command)}", flush=True)
        with self._timed(title) as progress:
            code, output = run_step(arguments, only_embedded(self.cloud), progress)
        if code:
            print(output)
            raise StepError(command, code)
        lines = output.rstrip().splitlines()
        hidden = len(lines) - head - tail
        shown = lines if hidden <= 0 else [*lines[:head], f"  … {hidden} lines …", *lines[-tail:]]
        print("\n".join(shown), flush=True)
        return output

    def deploy(self, title: str, command: str, *options: str, head: int = 0, tail: int = 12) -> str:
        """Run one command of the deployer, as ``run`` does."""
        target = ("--platform", self.platform, "--environment", self.deployment.environment)
        return self.run(title, "-m", "deploy", command, *target, *options, head=head, tail=tail)

    def use(self) -> str:
        """Use the platform as a client; return the result in one sentence."""
        print(f"\n--- Use it: {self.demo.client}", flush=True)
        with self._timed("Use it") as progress, contextlib.redirect_stdout(progress):
            return self.demo.use(self.cloud, self.stack)

    @contextlib.contextmanager
    def _timed(self, title: str) -> Iterator[Progress]:
        begun = time.monotonic()
        progress = Progress.on(sys.stdout, title)
        with ticking(progress):
            yield progress
        self.seconds[title] = time.monotonic() - begun
