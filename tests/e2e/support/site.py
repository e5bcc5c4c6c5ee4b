"""A copy of the project that the tests of a story deploy, change and destroy."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.cli import main as deploy_main
from deploy.settings import Project
from local.cloud import EmbeddedCloud

PROJECT = Path(__file__).parents[3]


def eventually(check: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true result of a check; fails with the last result after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {result!r}"
        time.sleep(0.2)


@dataclass
class Site:
    """A copy of the project whose templates and parameters a test may change, deployed to an embedded AWS.

    Attributes:
        root: The copy; its lambda_src is a link to the project's.
        cloud: The embedded AWS.
        read: Returns what this process has printed to standard output and to standard error since the last call.
        platform: The platform of the commands.
        stdout: What the last command printed to standard output.
        stderr: What the last command printed to standard error.
    """

    root: Path
    cloud: EmbeddedCloud
    read: Callable[[], tuple[str, str]]
    platform: str = "trading"
    stdout: str = ""
    stderr: str = ""

    @property
    def output(self) -> str:
        """All that the last command printed."""
        return self.stdout + self.stderr

    def deploy(self, command: str, *options: str, environment: str = "dev") -> int:
        """Run one command of the deployer; returns its exit code."""
        target = ["--platform", self.platform, "--environment", environment]
        code = deploy_main([command, *target, *options], project=Project(self.root))
        self.stdout, self.stderr = self.read()
        return code

    def change(self, environment: str = "dev") -> int:
        """Plan and execute; returns the exit code of the first step that fails, or 0."""
        for command, *options in (("plan", "--wheels", "host"), ("execute", "--yes")):
            if code := self.deploy(command, *options, environment=environment):
                return code
        return 0

    def edit_template(self, tier: str, old: str, new: str) -> None:
        """Replace one text in a template."""
        path = self.root / "templates" / self.platform / f"{tier}.yaml"
        text = path.read_text()
        assert text.count(old) >= 1, f"{tier}.yaml holds no {old!r}"
        path.write_text(text.replace(old, new, 1))

    @contextmanager
    def restored(self, *path: str) -> Iterator[Path]:
        """A file that has its present content again after the block, also where a test fails in the block."""
        file = self.root.joinpath(*path)
        content = file.read_bytes()
        try:
            yield file
        finally:
            file.write_bytes(content)

    def restore_templates(self) -> None:
        """Copy the committed templates again."""
        shutil.copytree(PROJECT / "templates", self.root / "templates", dirs_exist_ok=True)

    def edit_parameters(self, environment: str = "dev", **values: str) -> None:
        """Change parameters of an environment."""
        path = self.root / "params" / self.platform / f"{environment}.json"
        content = json.loads(path.read_text())
        content["Parameters"].update(values)
        path.write_text(json.dumps(content))

    def resources(self, stack: str, *types: str) -> list[dict[str, Any]]:
        """The resources of a stack and its nested stacks, of the given types."""
        resources_of_types: list[dict[str, Any]] = []
        for resource in self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                resources_of_types += self.resources(resource["PhysicalResourceId"], *types)
            elif not types or resource["ResourceType"] in types:
                resources_of_types.append(resource)
        return resources_of_types

    def leftovers(self, outliving: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """What the embedded AWS still has, by store, except for the artifact bucket and what outlives the platform."""
        remaining = {
            store: [
                entry
                for entry in entries
                if "platform-artifacts" not in entry and entry not in outliving.get(store, [])
            ]
            for store, entries in self.cloud.leftovers().items()
        }
        return {store: entries for store, entries in remaining.items() if entries}

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS."""
        return self.cloud.client(service)

    @property
    def account(self) -> str:
        """The embedded AWS's account id."""
        return str(self.client("sts").get_caller_identity()["Account"])
