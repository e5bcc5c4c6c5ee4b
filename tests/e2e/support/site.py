"""A copy of the project that a story deploys, changes and destroys."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.cli import main as deploy_main
from deploy.settings import Project
from local.cloud import EmbeddedCloud

PROJECT = Path(__file__).parents[3]


def eventually(check: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true result of a check; fails with the last result when the time is over."""
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
        root: the copy; lambda_src is the real one.
        platform: which platform the commands are about.
        said: what the last command printed to standard output and to standard error.
    """

    root: Path
    cloud: EmbeddedCloud
    read: Callable[[], tuple[str, str]]
    platform: str = "trading"
    said: tuple[str, str] = field(default=("", ""))

    def deploy(self, command: str, *options: str, environment: str = "dev") -> int:
        """One command of the deployer; gives its exit code."""
        target = ["--platform", self.platform, "--environment", environment]
        code = deploy_main([command, *target, *options], project=Project(self.root))
        self.said = self.read()
        return code

    def change(self, environment: str = "dev") -> int:
        """Plans, reviews and executes; gives the exit code of the first step that fails, or 0."""
        for command, *options in (("plan", "--wheels", "host"), ("review",), ("execute", "--yes")):
            if code := self.deploy(command, *options, environment=environment):
                return code
        return 0

    def edit_template(self, tier: str, old: str, new: str) -> None:
        """Changes one place of a template."""
        path = self.root / "templates" / self.platform / f"{tier}.yaml"
        text = path.read_text()
        assert text.count(old) >= 1, f"{tier}.yaml holds no {old!r}"
        path.write_text(text.replace(old, new, 1))

    @contextmanager
    def restored(self, *path: str) -> Iterator[Path]:
        """A file that is after the block as it was before it, also where a test fails within."""
        file = self.root.joinpath(*path)
        content = file.read_bytes()
        try:
            yield file
        finally:
            file.write_bytes(content)

    def restore_templates(self) -> None:
        """The committed templates again."""
        shutil.copytree(PROJECT / "templates", self.root / "templates", dirs_exist_ok=True)

    def edit_parameters(self, environment: str = "dev", **values: str) -> None:
        """Changes parameters of an environment."""
        path = self.root / "params" / self.platform / f"{environment}.json"
        content = json.loads(path.read_text())
        content["Parameters"].update(values)
        path.write_text(json.dumps(content))

    def resources(self, stack: str, *types: str) -> list[dict[str, Any]]:
        """The resources of a nested stack tree, of the given types."""
        found: list[dict[str, Any]] = []
        for resource in self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                found += self.resources(resource["PhysicalResourceId"], *types)
            elif not types or resource["ResourceType"] in types:
                found.append(resource)
        return found

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
